"""What every notebook of the course keeps to, and for each rule a notebook that breaks it."""

from __future__ import annotations

import ast
import copy
import io
import itertools
import json
import re
import tokenize
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers.parameters import CAPITALS
from helpers.parameters import RULES as PARAMETER_RULES
from tools.outputs import CAPTIONS
from tools.replication import PUBLISHED
from tools.reruns import course_notebooks

MARK = "# NBVAL_CHECK_OUTPUT"
LINES = 25  # of code in a cell, enough for a whole network; most have 3 to 8
BYTES = 2_000_000  # of a notebook
GOALS = re.compile(r"^\*\*Afterwards you can\*\*\n\n((?:- .+\n?)+)", re.MULTILINE)
SECTION = re.compile(r"^## +(.+)$", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#{1,6}) +\S", re.MULTILINE)
FIXED_PATH = re.compile(
    r"(/\w|~([\\/]|$)|[A-Za-z]:[\\/]|\.\.?[\\/]|\.\.$|(data|runs|notebooks|helpers)[\\/])"
)
MACHINE_PATH = re.compile(r"(?<![\w.:/])/(?:home|root|Users|tmp|work|content|usr|var)/[\w.-]+")
RESULT = re.compile(r"(?<![\w.])(?:0\.[1-9]\d+|\d+(?:\.\d+)? ?%)")  # not a rate of 0.001
STATED = {  # what prose may say that looks like a result, beside what tools/replication.toml has
    "00": {},
    "01": {"0.99": "Keras's usual momentum", "0.9999": "the bound that the cell prints"},
    "02": {"0.64": "published", "0.98": "published"},
    "03": {
        "95 %": "an interval's usual width",
        "0.99": "the walkthrough's callback",
        "0.935": "published",
        "0.835": "published",
    },
    "04": {
        "0.95": "published",
        "0.950": "published",
        "0.953": "published",
        "0.486": "published",
        "0.76": "published",
        "0.21": "published",
        "0.99": "an exercise's probability",
    },
    "05": {
        "0.90": "an exercise",
        "0.95": "an exercise",
        "0.04 %": "reckoned from rate and decay",
        "0.9530": "published",
        "0.2336": "published",
        "0.2168": "published",
        "0.2527": "published",
    },
    "06": {"0.95": "assumed", "95 %": "an interval's usual width"},
    "07": {
        "98 %": "an exercise",
        "90 %": "an exercise",
        "81 %": "an exercise",
        "95 %": "what a threshold is asked for",
    },
}
OPENERS = {"open", "Path", "load", "load_model", "read_csv", "imread"}


@dataclass
class Notebook:
    """A notebook as text, and what the rules ask of it."""

    text: str

    @cached_property
    def raw(self) -> dict:
        return json.loads(self.text)

    @cached_property
    def book(self) -> nbformat.NotebookNode:
        with warnings.catch_warnings():  # missing ids have a rule of their own
            warnings.simplefilter("ignore")
            return nbformat.reads(self.text, as_version=4)

    @property
    def code(self) -> list[nbformat.NotebookNode]:
        cells = (cell for cell in self.book.cells if cell.cell_type == "code")
        return [cell for cell in cells if cell.source.strip()]

    @property
    def markdown(self) -> str:
        cells = (cell.source for cell in self.book.cells if cell.cell_type == "markdown")
        return re.sub(FENCE, "", "\n\n".join(cells))

    @property
    def set_up(self) -> str:
        """The first cell of code: it finds the project, the same way in every notebook."""
        return self.code[0].source if self.code else ""

    def tagged(self, tag: str) -> list[nbformat.NotebookNode]:
        return [cell for cell in self.code if tag in cell.metadata.get("tags", [])]


Rule = Callable[[Notebook], Iterator[str]]
RULES: dict[str, Rule] = {}


def rule(function: Rule) -> Rule:
    RULES[function.__name__] = function
    return function


def tree(cell: nbformat.NotebookNode) -> ast.Module:
    """Parse a cell, its magics and shell lines as the calls IPython makes of them."""
    return ast.parse(TransformerManager().transform_cell(cell.source))


def name_of(cell: nbformat.NotebookNode) -> str:
    code = cell.source.replace(MARK, "").strip() or "empty"
    return f"the cell {code.splitlines()[0][:60]!r}"


def strings(module: ast.Module) -> Iterator[str]:
    """All string literals; of an f-string only what it begins with."""
    inner = {
        id(part)
        for node in ast.walk(module)
        if isinstance(node, ast.JoinedStr)
        for part in node.values[1:]
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield node.value


@rule
def format_is_valid(notebook: Notebook) -> Iterator[str]:
    version = (notebook.raw["nbformat"], notebook.raw["nbformat_minor"])
    ids = [cell.get("id") for cell in notebook.raw["cells"]]
    if version != (4, 5):
        yield f"the format is {version}, not (4, 5)"
    if None in ids or len(set(ids)) < len(ids):
        yield "each cell needs an id of its own"
        return
    try:
        nbformat.validate(copy.deepcopy(notebook.raw))
    except nbformat.ValidationError as error:
        yield f"the format is not valid: {error.message}"


@rule
def text_is_as_nbformat_writes_it(notebook: Notebook) -> Iterator[str]:
    if notebook.text != nbformat.writes(notebook.book) + "\n":
        yield "the file is not as Jupyter writes it; open and save it in JupyterLab"


@rule
def size_is_small(notebook: Notebook) -> Iterator[str]:
    size = len(notebook.text.encode())
    if size >= BYTES:
        yield f"the file has {size / 1e6:.1f} MB; keep it under {BYTES / 1e6:.0f}"


@rule
def kernel_is_python3(notebook: Notebook) -> Iterator[str]:
    name = notebook.book.metadata.get("kernelspec", {}).get("name")
    if name != "python3":
        yield f"the kernel is {name!r}, not 'python3'"


@rule
def code_is_python(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.code:
        try:
            tree(cell)
        except SyntaxError as error:
            yield f"{name_of(cell)} is not Python: {error}"


@rule
def one_cell_is_tagged_parameters(notebook: Notebook) -> Iterator[str]:
    count = len(notebook.tagged("parameters"))
    if count != 1:
        yield f"{count} cells are tagged 'parameters', not one"


@rule
def parameters_are_annotated_literals(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.tagged("parameters"):
        for node in ast.parse(cell.source).body:
            try:
                name, value = node.target.id, ast.literal_eval(node.value)
                annotation = ast.unparse(node.annotation)
            except (AttributeError, TypeError, ValueError):
                yield f"{ast.unparse(node)!r} is no annotated literal"
                continue
            parameter = PARAMETER_RULES.get(name)
            if parameter is None:
                yield f"{name} has no rule in helpers/parameters.py"
            elif annotation != parameter.type_name:
                yield f"{name} is annotated with another type than {parameter.type_name}"
            elif not parameter.accepts(value):
                yield f"{name} is {value!r}, but must be {parameter.allowed}"


@rule
def parameters_say_what_is_allowed(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.tagged("parameters"):
        tokens = tokenize.generate_tokens(io.StringIO(cell.source).readline)
        comments = {t.start[0]: t.string for t in tokens if t.type == tokenize.COMMENT}
        for node in ast.parse(cell.source).body:
            name = getattr(getattr(node, "target", None), "id", None)
            rule = PARAMETER_RULES.get(name)
            allowed = rule and (getattr(rule, "summary", "") or rule.allowed)
            if allowed and allowed not in comments.get(node.end_lineno, ""):
                yield f"the comment after {name} does not say {allowed!r}"


@rule
def parameters_are_checked_next(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.tagged("parameters"):
        following = notebook.code[notebook.code.index(cell) + 1 :][:1]
        calls = [ast.unparse(node) for c in following for node in ast.walk(tree(c))]
        if "check_parameters(globals())" not in calls:
            yield "the cell after the parameters does not call check_parameters(globals())"


@rule
def only_parameters_are_in_capitals(notebook: Notebook) -> Iterator[str]:
    """On a rerun of the first cells, any other such name would look like a mistyped parameter."""
    for cell in notebook.code:
        if cell in notebook.tagged("parameters"):
            continue
        for statement in tree(cell).body:
            if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
                continue
            for name in assigned_names(statement):
                if CAPITALS(name):
                    yield f"{name_of(cell)} sets {name}; capitals are for parameters"


def assigned_names(statement: ast.stmt) -> Iterator[str]:
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


@rule
def the_set_up_comes_first(notebook: Notebook) -> Iterator[str]:
    if "sys.path" not in notebook.set_up:
        yield "the first cell of code does not put the project on sys.path"


@rule
def paths_are_left_to_the_helpers(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.code:
        opened = (
            node.args[0].value
            for node in ast.walk(tree(cell))
            if isinstance(node, ast.Call)
            and (getattr(node.func, "id", None) or getattr(node.func, "attr", None)) in OPENERS
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and cell.source != notebook.set_up
        )
        fixed = (text for text in strings(tree(cell)) if FIXED_PATH.match(text))
        for text in dict.fromkeys([*opened, *fixed]):
            yield f"{name_of(cell)} has the path {text!r}; let the helpers resolve it"


@rule
def tensorflow_is_not_installed(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.code:
        if re.search(r"\bpip3?\b.*\binstall\b.*\btensorflow\b", cell.source):
            yield f"{name_of(cell)} installs TensorFlow; Colab has its own"


@rule
def no_output_is_an_error_or_a_warning(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.code:
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"{name_of(cell)} is stored with an error: {output.ename}"
            elif output.output_type == "stream" and output.name == "stderr":
                yield f"{name_of(cell)} is stored with stderr: {output.text[:60]!r}"


@rule
def no_rerun_is_kept(notebook: Notebook) -> Iterator[str]:
    if notebook.tagged("injected-parameters"):
        yield "it carries a cell of injected parameters: it is a rerun"
    metadata = [notebook.book.metadata, *(cell.metadata for cell in notebook.book.cells)]
    if any("papermill" in entry for entry in metadata):
        yield "it carries papermill's metadata: it is a rerun"


@rule
def no_path_of_one_machine_is_shown(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.code:
        for output in cell.outputs:
            shown = [output.get("text", "")]
            shown += [v for kind, v in output.get("data", {}).items() if kind.startswith("text/")]
            for path in re.findall(MACHINE_PATH, "\n".join(shown)):
                yield f"{name_of(cell)} shows {path}"


@rule
def headings_are_in_order(notebook: Notebook) -> Iterator[str]:
    levels = [len(marks) for marks in re.findall(HEADING, notebook.markdown)]
    if levels[:1] != [1] or levels.count(1) != 1:
        yield "the first heading, and no other, must be of the first level"
    first = notebook.book.cells[0]
    if first.cell_type != "markdown" or not re.search(HEADING, first.source):
        yield "the first cell has no heading"
    for before, after in itertools.pairwise(levels):
        if after > before + 1:
            yield f"a heading of level {after} follows one of level {before}"


@rule
def goals_come_first(notebook: Notebook) -> Iterator[str]:
    goals = re.search(GOALS, notebook.book.cells[0].source)
    count = len(goals[1].splitlines()) if goals else 0
    if not 3 <= count <= 5:
        yield f"the first cell lists {count} goals below '**Afterwards you can**', not 3 to 5"


@rule
def what_was_learnt_comes_last(notebook: Notebook) -> Iterator[str]:
    last = ["", *re.findall(SECTION, notebook.markdown)][-1]
    if not last.endswith("What we learnt"):
        yield f"the last section is {last!r}, not 'What we learnt'"


@rule
def pictures_in_text_have_alt_text(notebook: Notebook) -> Iterator[str]:
    for image in re.findall(r"!\[\s*\]\([^)]*\)", notebook.markdown):
        yield f"{image[:60]!r} has no alt text"
    for image in re.findall(r"<img\b[^>]*>", notebook.markdown):
        if not re.search(r"""\balt=(["'])\s*[^"'\s]""", image):
            yield f"{image[:60]!r} has no alt text"


@rule
def figures_have_alt_text(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.code:
        for output in cell.outputs:
            for kind in output.get("data", {}):
                metadata = output.get("metadata", {}).get(kind, {})
                if kind.startswith("image/") and not metadata.get("alt", "").strip():
                    yield f"{name_of(cell)} shows a figure without alt text"


@rule
def pictures_of_data_sets_are_not_kept(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.tagged("data-pictures"):
        drawn = cell.outputs and cell.outputs[0].get("text") in CAPTIONS
        if (cell.outputs and not drawn) or cell.execution_count is not None:
            yield f"{name_of(cell)} is tagged 'data-pictures'; clear its output"


@rule
def cells_were_run_in_order(notebook: Notebook) -> Iterator[str]:
    shown = notebook.tagged("data-pictures")
    counts = [cell.execution_count for cell in notebook.code if cell not in shown]
    if None in counts:
        yield f"{counts.count(None)} cells were not run"
    elif counts != sorted(set(counts)):
        yield f"the cells were run in the order {counts}"


@rule
def weights_are_found_before_trainings(notebook: Notebook) -> Iterator[str]:
    """A missing file, or a wrong BACKBONE, is told at the start."""
    sources = [cell.source for cell in notebook.code]
    found = [place for place, text in enumerate(sources) if "find_weights(" in text]
    trained = [place for place, text in enumerate(sources) if ".fit(" in text]
    if found and trained and found[0] > trained[0]:
        yield f"{name_of(notebook.code[found[0]])} stands below the first training"


@rule
def cells_are_short(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.code:
        lines = [line.strip() for line in cell.source.splitlines()]
        count = sum(bool(line) and not line.startswith("#") for line in lines)
        if count > LINES and cell not in notebook.tagged("parameters"):
            yield f"{name_of(cell)} has {count} lines of code, more than {LINES}"


@rule
def some_outputs_are_compared(notebook: Notebook) -> Iterator[str]:
    marked = [cell for cell in notebook.code if "NBVAL" in cell.source]
    if not marked:
        yield f"no cell is marked {MARK}"
    for cell in marked:
        if cell.source.splitlines()[0] != MARK:
            yield f"{name_of(cell)} must begin with the line {MARK}"
        if cell.execution_count is None or not cell.outputs:
            yield f"{name_of(cell)} is marked, but has no output to compare"
        if any(kind.startswith("image/") for o in cell.outputs for kind in o.get("data", {})):
            yield f"{name_of(cell)} is marked, but shows a figure, which is never compared"


def problems(notebook: Notebook) -> list[str]:
    unreadable = list(code_is_python(notebook))
    if unreadable:
        return unreadable
    return [f"{name}: {text}" for name, keeps in RULES.items() for text in keeps(notebook)]


NOTEBOOKS = course_notebooks()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_keeps_the_rules(path: Path):
    found = problems(Notebook(path.read_text(encoding="utf-8")))
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("lesson", STATED)
def test_no_measured_number_stands_in_prose(lesson: str):
    """A typed result goes stale, and is wrong for whoever runs the lesson on other pictures."""
    (path,) = (path for path in NOTEBOOKS if path.stem.startswith(lesson))
    prose = Notebook(path.read_text(encoding="utf-8")).markdown
    prose = re.sub(r"\]\([^)]*\)|`[^`]*`", "", prose)
    rows = PUBLISHED["row"]
    published = json.dumps([row["published"] for row in rows if row["lesson"] == path.stem])
    known = {float(number) for number in re.findall(r"\d+\.\d+", published)}
    typed = {each for each in RESULT.findall(prose) if float(each.rstrip(" %")) not in known}
    assert typed == set(STATED[lesson])


def test_all_notebooks_are_set_up_alike():
    books = [Notebook(path.read_text(encoding="utf-8")) for path in NOTEBOOKS]
    assert len({book.set_up for book in books}) == 1


PARAMETERS = """\
DATA: str = "auto"  # which pictures: auto, full or samples
EPOCHS: int = 25  # passes over the training pictures: 1 to 500"""
TITLE = """\
# A lesson

![Open in Colab](https://example.org/badge.svg)

**Afterwards you can**

- tell hands apart;
- draw a rising line;
- read it."""
# Places of cells in the good notebook below.
SET_UP, PARAMETER_CELL, CHECK, MARKED, PLOT, PICTURES = 1, 2, 3, 5, 7, 8


def good() -> nbformat.NotebookNode:
    figure = {"image/png": "iVBORw0KGgo=", "text/plain": "A rising line."}
    book = new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        cells=[
            new_markdown_cell(TITLE),
            new_code_cell(
                "if 'google.colab' in sys.modules:\n    !git clone course\n"
                "sys.path.insert(0, str(Path('course')))"
            ),
            new_code_cell(PARAMETERS),
            new_code_cell(
                "from helpers.parameters import check_parameters\n\ncheck_parameters(globals())"
            ),
            new_markdown_cell("## Numbers\n\n```\n# no heading\n```"),
            new_code_cell(f"{MARK}\nprint(f'{6}/s', 9)"),
            new_markdown_cell("### Figures"),
            new_code_cell("plot()"),
            new_code_cell("show_pictures()"),
            new_markdown_cell("## What we learnt"),
        ],
    )
    book.cells[PARAMETER_CELL].metadata["tags"] = ["parameters"]
    book.cells[PICTURES].metadata["tags"] = ["data-pictures"]
    book.cells[MARKED].outputs = [new_output("stream", text="6/s 9\n")]
    book.cells[PLOT].outputs = [
        new_output("display_data", figure, metadata={"image/png": {"alt": "A rising line."}})
    ]
    run = [
        cell for cell in book.cells if cell.cell_type == "code" and cell is not book.cells[PICTURES]
    ]
    for count, cell in enumerate(run, 1):
        cell.execution_count = count
    return book


def written(book: nbformat.NotebookNode) -> str:
    return nbformat.writes(book) + "\n"


def source(place: int, text: str) -> Callable[[nbformat.NotebookNode], None]:
    return lambda book: book.cells[place].update(source=text)


def parameter(line: str) -> Callable[[nbformat.NotebookNode], None]:
    return source(PARAMETER_CELL, line)


def tags(place: int, *names: str) -> Callable[[nbformat.NotebookNode], None]:
    return lambda book: book.cells[place].metadata.update(tags=list(names))


def output(place: int, kind: str, **content) -> Callable[[nbformat.NotebookNode], None]:
    return lambda book: book.cells[place].outputs.append(new_output(kind, **content))


def count(place: int, number: int | None) -> Callable[[nbformat.NotebookNode], None]:
    return lambda book: book.cells[place].update(execution_count=number)


BAD = [
    ("format_is_valid", lambda book: book.update(nbformat_minor=4)),
    ("format_is_valid", lambda book: book.cells[1].update(id=book.cells[2].id)),
    ("format_is_valid", lambda book: book.cells[PLOT].pop("outputs")),
    ("kernel_is_python3", lambda book: book.metadata.kernelspec.update(name="course")),
    ("kernel_is_python3", lambda book: book.metadata.pop("kernelspec")),
    ("size_is_small", source(0, "# A lesson\n" + "x" * BYTES)),
    ("code_is_python", source(PLOT, "plot(")),
    ("one_cell_is_tagged_parameters", tags(PARAMETER_CELL)),
    ("one_cell_is_tagged_parameters", tags(PLOT, "parameters")),
    ("the_set_up_comes_first", source(SET_UP, "import sys")),
    ("parameters_are_annotated_literals", parameter("EPOCHS = 25  # 1 to 500")),
    ("parameters_are_annotated_literals", parameter("EPOCHS: int  # 1 to 500")),
    ("parameters_are_annotated_literals", parameter("EPOCHS: int = 5 * 5  # 1 to 500")),
    ("parameters_are_annotated_literals", parameter("import os")),
    ("parameters_are_annotated_literals", parameter("WIDTH: int = 5  # 1 to 500")),
    ("parameters_are_annotated_literals", parameter("EPOCHS: float = 25  # 1 to 500")),
    ("parameters_are_annotated_literals", parameter("EPOCHS: int = 0  # 1 to 500")),
    ("parameters_say_what_is_allowed", parameter("EPOCHS: int = 25")),
    ("parameters_say_what_is_allowed", parameter("LIMIT: int = 0  # 0 to 100000")),
    ("parameters_say_what_is_allowed", parameter("# 1 to 500\nEPOCHS: int = 25  # passes")),
    ("parameters_are_checked_next", source(CHECK, "check_parameters")),
    ("parameters_are_checked_next", source(CHECK, "# check_parameters(globals())\npass")),
    ("only_parameters_are_in_capitals", source(PLOT, "for X in range(3):\n    plot(X)")),
    ("only_parameters_are_in_capitals", source(PLOT, "WIDTH = 3")),
    ("paths_are_left_to_the_helpers", source(PLOT, "open('pictures.csv')")),
    ("paths_are_left_to_the_helpers", source(PLOT, "pd.read_csv('pictures.csv')")),
    ("paths_are_left_to_the_helpers", source(PLOT, "folder = '/Users/ada/data'")),
    ("paths_are_left_to_the_helpers", source(PLOT, "folder = f'../data/{name}'")),
    ("paths_are_left_to_the_helpers", source(PLOT, "folder = r'C:\\data'")),
    ("paths_are_left_to_the_helpers", source(PLOT, "folder = 'data/rps'")),
    ("paths_are_left_to_the_helpers", source(PLOT, "%cd ..\nplot('..')")),
    ("tensorflow_is_not_installed", source(SET_UP, "%pip install -q tensorflow==2.20")),
    ("tensorflow_is_not_installed", source(SET_UP, "!pip3 install papermill tensorflow")),
    (
        "no_output_is_an_error_or_a_warning",
        output(PLOT, "error", ename="ValueError", evalue="", traceback=[]),
    ),
    ("no_output_is_an_error_or_a_warning", output(PLOT, "stream", name="stderr", text="W\n")),
    ("no_rerun_is_kept", tags(PLOT, "injected-parameters")),
    ("no_rerun_is_kept", lambda book: book.metadata.update(papermill={})),
    ("no_rerun_is_kept", lambda book: book.cells[0].metadata.update(papermill={})),
    ("no_path_of_one_machine_is_shown", output(PLOT, "stream", text="in /Users/ada/course\n")),
    (
        "no_path_of_one_machine_is_shown",
        output(PLOT, "display_data", data={"text/html": "<p>/Users/ada/course</p>"}),
    ),
    ("headings_are_in_order", source(0, "A lesson")),
    ("headings_are_in_order", source(0, "## A lesson")),
    ("headings_are_in_order", source(9, "# Another lesson")),
    ("headings_are_in_order", source(9, "##### Far down")),
    ("headings_are_in_order", lambda book: book.cells.insert(0, new_markdown_cell("Words."))),
    ("goals_come_first", source(0, TITLE.replace("Afterwards", "Before"))),
    ("goals_come_first", source(0, TITLE.replace("- draw a rising line;\n", ""))),
    ("goals_come_first", source(0, TITLE.replace("- read it.", "- read it;\n" * 4))),
    ("what_was_learnt_comes_last", source(9, "Words.")),
    ("what_was_learnt_comes_last", source(9, "## What we learnt\n\n## Thanks")),
    ("pictures_in_text_have_alt_text", source(9, "![](https://example.org/hand.png)")),
    ("pictures_in_text_have_alt_text", source(9, '<img src="hand.png">')),
    ("pictures_in_text_have_alt_text", source(9, '<img alt="" src="hand.png">')),
    ("figures_have_alt_text", lambda book: book.cells[PLOT].outputs[0].metadata.clear()),
    (
        "figures_have_alt_text",
        output(PLOT, "display_data", data={"image/png": "iVBORw0KGgo="}, metadata={}),
    ),
    ("pictures_of_data_sets_are_not_kept", output(PICTURES, "stream", text="6\n")),
    ("pictures_of_data_sets_are_not_kept", count(PICTURES, 9)),
    ("cells_were_run_in_order", count(PLOT, None)),
    ("cells_were_run_in_order", count(PLOT, 1)),
    (
        "weights_are_found_before_trainings",
        lambda book: [
            book.cells[place].update(source=text)
            for place, text in ((MARKED, "net.fit(x)"), (PLOT, "find_weights('auto')"))
        ],
    ),
    ("cells_are_short", source(PLOT, "plot()\n" * (LINES + 1))),
    ("cells_are_short", source(SET_UP, "plot()\n" * (LINES + 1))),
    ("some_outputs_are_compared", source(MARKED, "print(9)")),
    ("some_outputs_are_compared", source(MARKED, f"print(9)  {MARK}")),
    ("some_outputs_are_compared", lambda book: book.cells[MARKED].outputs.clear()),
    ("some_outputs_are_compared", count(MARKED, None)),
    ("some_outputs_are_compared", source(PLOT, f"{MARK}\nplot()")),
]


def test_a_good_notebook_breaks_no_rule():
    assert problems(Notebook(written(good()))) == []


@pytest.mark.parametrize(
    ("name", "spoil"), BAD, ids=[f"{i}-{name}" for i, (name, _) in enumerate(BAD)]
)
def test_a_bad_notebook_breaks_its_rule(name: str, spoil: Callable):
    book = good()
    spoil(book)
    assert list(RULES[name](Notebook(json.dumps(book))))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.rstrip(),
        lambda text: json.dumps(json.loads(text), indent=2) + "\n",
        lambda text: text.replace("# A lesson", "# A l\\u00e9sson"),
    ],
)
def test_another_way_of_writing_breaks_its_rule(spoil: Callable):
    assert list(text_is_as_nbformat_writes_it(Notebook(spoil(written(good())))))


def test_every_rule_has_a_notebook_that_breaks_it():
    assert {name for name, _ in BAD} | {"text_is_as_nbformat_writes_it"} == set(RULES)
