"""Notebooks are executed whole, or left as they were; data-set pictures are not stored."""

import base64
import io

import nbformat
import pytest
import tiny
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from helpers import results
from helpers.results import load_record
from tools import publishing
from tools.execution import run_notebook
from tools.outputs import DRAWN, STAND_INS
from tools.publishing import main, publish

RECORD = "from helpers.results import record\nrecord('lesson', {}, 'Drawn pictures.', {})"


@pytest.fixture(autouse=True)
def published(tmp_path, monkeypatch):
    """Where the records go, in place of runs/published."""
    monkeypatch.setattr(publishing, "PUBLISHED_FOLDER", tmp_path / "published")
    return tmp_path / "published"


@pytest.fixture
def write(tmp_path):
    def write_notebook(*sources: str):
        cells = [new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources)]
        cells[0].metadata["tags"] = ["data-pictures"]
        path = tmp_path / "lesson.ipynb"
        nbformat.write(new_notebook(cells=cells), path)
        return path

    return write_notebook


def test_outputs_are_stored_but_for_data_set_pictures(write):
    path = write("print('a picture')", "print('one')\nprint('two')")
    publish(path)
    first, second = nbformat.read(path, as_version=4).cells
    assert first.outputs == [] and first.execution_count is None
    assert [output.text for output in second.outputs] == ["one\ntwo\n"]
    assert second.metadata == {} and first.metadata == {"tags": ["data-pictures"]}


@pytest.mark.parametrize("drawn", [False, True])
def test_data_set_pictures_are_stored_as_drawn_ones(drawn, tiny_notebook, presets):
    picture = tiny.FIGURE.replace('"teal"', '"red" if DATA == "samples" else "teal"')
    path = tiny_notebook(presets.parent, picture, "print('no picture')")
    book = nbformat.read(path, as_version=4)
    for cell in book.cells[-2:]:
        cell.metadata["tags"] = ["data-pictures"]
    nbformat.write(book, path)
    publish(path, drawn=drawn)
    *_, shown, silent = nbformat.read(path, as_version=4).cells
    caption, figure = shown.outputs
    assert caption.text == (DRAWN if drawn else STAND_INS) and shown.execution_count is None
    image = Image.open(io.BytesIO(base64.b64decode(figure.data["image/png"])))
    assert image.mode == "P"
    assert image.convert("RGB").getpixel((0, 0)) == ((0, 128, 128) if drawn else (255, 0, 0))
    assert figure.metadata["image/png"]["alt"] == "A <teal> plane."
    assert silent.outputs == []


def test_a_run_is_stored_without_being_run_again(tiny_notebook, tmp_path, published):
    path = tiny_notebook(tmp_path, "print('one')\nprint('two')")
    run = run_notebook(path, tmp_path / "run" / "01.ipynb", {"DATA": "samples"})
    publish(path, run=run.output)
    codes = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    assert codes[-1].outputs == [nbformat.v4.new_output("stream", text="one\ntwo\n")]
    assert [cell.execution_count for cell in codes] == list(range(1, len(codes) + 1))
    assert load_record(published / "01_tiny.json")["parameters"]["EPOCHS"] == 25


def test_a_run_with_other_parameters_is_not_stored(tiny_notebook, tmp_path):
    path = tiny_notebook(tmp_path)
    run = run_notebook(path, tmp_path / "run.ipynb", {"EPOCHS": 5}, progress=False)
    with pytest.raises(ValueError, match="another EPOCHS than the notebook"):
        publish(path, run=run.output)


@pytest.mark.parametrize("code", ["x = 2", "1 / 0"])
def test_a_run_of_other_code_and_one_that_failed_are_not_stored(write, capsys, code):
    path = write("0", code)
    run = run_notebook(path, path.parent / "run.ipynb", progress=False)
    before = write("0", "x = 1" if code == "x = 2" else code).read_bytes()
    assert main([str(path), "--run", str(run.output)]) == 1
    assert "run it again." in capsys.readouterr().out
    assert path.read_bytes() == before


def test_a_failing_notebook_is_left_as_it_was(write, capsys):
    path = write("x = 1", "raise ValueError('too small')")
    before = path.read_bytes()
    with pytest.raises(OSError, match=r"cell 2 .*ValueError: too small"):
        publish(path)
    assert main([str(path)]) == 1
    assert path.read_bytes() == before
    assert (
        "stays as it is: cell 2 (raise ValueError('too small')): ValueError: too small"
        in capsys.readouterr().out
    )
    assert [file.name for file in path.parent.iterdir()] == ["lesson.ipynb"]


def test_the_record_of_a_run_is_kept_only_where_every_cell_ran(write, published):
    path = write("0", RECORD, "raise ValueError('too small')")
    assert main([str(path)]) == 1
    assert not published.exists()
    publish(write("0", RECORD))
    (kept,) = published.iterdir()
    assert kept.name == "lesson.json"
    assert load_record(kept)["data"] == "Drawn pictures."
    publish(write("0", "1"))  # one that records nothing
    assert list(published.iterdir()) == [kept]


def test_what_a_notebook_prints_of_its_record_is_the_name_it_has_for_a_learner(write):
    path = write("0", RECORD.replace("record('", "recorded = record('") + "\nprint(recorded.name)")
    publish(path)
    (printed,) = nbformat.read(path, as_version=4).cells[-1].outputs
    assert printed.text == "lesson.json\n"


def test_the_networks_of_a_run_are_kept_beside_its_record(write, published, monkeypatch):
    saved = "from helpers import results\n(results.models_folder() / 'a.keras').write_text('one')"
    recorded = "results.record('lesson', {}, 'Drawn.', {'recipe_test': 0.5})"
    publish(write("0", saved, recorded))
    monkeypatch.setattr(results, "RUNS_FOLDER", published.parent)
    assert results.find_model("lesson", "a.keras", "Drawn.").path.read_text() == "one"
    publish(write("0", "from helpers import results", recorded))  # saves no network
    assert results.find_model("lesson", "a.keras", "Drawn.").path is None


def test_progress_bars_do_not_stand_still_on_the_page(write):
    path = write("0", "from tqdm.auto import tqdm\nfor _ in tqdm(range(3)): pass\nprint('done')")
    publish(path)
    outputs = nbformat.read(path, as_version=4).cells[1].outputs
    assert [output.get("text") for output in outputs] == ["done\n"]


def test_what_was_edited_meanwhile_is_not_overwritten(write, capsys):
    path = write("0", "x = 1")
    edit = f"path = {str(path)!r}\ntext = open(path).read().replace('x = 1', 'x = 2')"
    path = write("0", "x = 1", f"{edit}\nopen(path, 'w').write(text)")
    assert main([str(path)]) == 1
    assert "it was edited meanwhile" in capsys.readouterr().out
    assert nbformat.read(path, as_version=4).cells[1].source == "x = 2"


def test_a_file_that_is_no_notebook_is_told(write, capsys):
    path = write("0")
    path.write_text("no notebook")
    assert main([str(path)]) == 1
    assert "stays as it is: " in capsys.readouterr().out
    assert path.read_text() == "no notebook"
