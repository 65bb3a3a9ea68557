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
from tools.execution import find_notebook, run_notebook
from tools.outputs import DRAWN, STAND_INS
from tools.publishing import main, publish

RECORD = "from helpers.results import record\nrecord('lesson', {}, 'Drawn pictures.', {})"


@pytest.fixture(autouse=True)
def published(tmp_path, monkeypatch):
    """Where the records go, in place of runs/published."""
    monkeypatch.setattr(publishing, "PUBLISHED_FOLDER", tmp_path / "published")
    return tmp_path / "published"


@pytest.fixture(autouse=True)
def work(tmp_path_factory, monkeypatch):
    """Where the notebooks run, in place of runs/publishing."""
    folder = tmp_path_factory.mktemp("publishing")
    monkeypatch.setattr(publishing, "WORK_FOLDER", folder)
    return folder


@pytest.fixture
def write(tmp_path):
    def write_notebook(*sources: str):
        cells = [new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources)]
        cells[0].metadata["tags"] = ["data-pictures"]
        path = tmp_path / "lesson.ipynb"
        nbformat.write(new_notebook(cells=cells), path)
        return path

    return write_notebook


def test_outputs_are_stored_but_for_data_set_pictures(write, work):
    path = write("print('a picture')", "print('one')\nprint('two')")
    publish(path)
    first, second = nbformat.read(path, as_version=4).cells
    assert first.outputs == [] and first.execution_count is None
    assert [output.text for output in second.outputs] == ["one\ntwo\n"]
    assert second.metadata == {} and first.metadata == {"tags": ["data-pictures"]}
    assert list(work.iterdir()) == []


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


def test_the_record_of_a_run_is_kept_only_where_every_cell_ran(write, published, work, capsys):
    path = write("0", RECORD, "raise ValueError('too small')")
    assert main([str(path)]) == 1
    assert not published.exists()
    (come_so_far,) = (work / "lesson").iterdir()
    assert capsys.readouterr().out.endswith(f"too small; see {come_so_far}\n")
    assert "too small" in str(nbformat.read(come_so_far, as_version=4).cells[-1].outputs)
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


def test_a_run_that_could_not_be_stored_is_kept_and_can_be(tiny_notebook, tmp_path, work, capsys):
    path = tmp_path / "notebooks" / "01_tiny.ipynb"
    edit = f"path = {str(path)!r}\ntext = open(path).read().replace('# A ' 'tiny', '# A small')"
    tiny_notebook(tmp_path, f"{edit}\nopen(path, 'w').write(text);", "print('hours later')")
    assert main([str(path), "--drawn"]) == 1
    run = work / "01_tiny" / "01_tiny.ipynb"
    kept, told = capsys.readouterr().out.splitlines()
    assert kept.endswith(f"this stores it: --run {run}")
    assert told == "01_tiny.ipynb was not stored, and stays as it is: it was edited meanwhile"
    assert main([str(path), "--drawn", "--run", str(run)]) == 0
    cells = nbformat.read(path, as_version=4).cells
    assert cells[0].source == "# A small lesson" and cells[-1].outputs[0].text == "hours later\n"


def test_a_run_is_kept_on_ctrl_c_too(write, monkeypatch, work, capsys):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(publishing, "write_atomically", stop)
    with pytest.raises(KeyboardInterrupt):
        publish(write("0"))
    run = work / "lesson" / "lesson.ipynb"
    assert run.exists() and capsys.readouterr().out.endswith(f"--run {run}\n")


def test_a_quick_run_that_fails_costs_no_long_one(tiny_notebook, presets, capsys):
    ran = presets.with_name("ran")
    fails = f"open({str(ran)!r}, 'a').write(DATA)\nassert DATA != 'samples', 'no drawn pictures'"
    path = tiny_notebook(presets.parent, fails)
    assert main([str(path)]) == 1
    assert "its quick run, for drawn stand-ins, failed: cell 7" in capsys.readouterr().out
    assert ran.read_text() == "samples"


def test_notebooks_are_found_as_elsewhere_and_wrong_files_are_refused_first(
    write, monkeypatch, capsys
):
    asked = []
    monkeypatch.setattr(publishing, "publish", lambda notebook, *_: asked.append(notebook))
    assert main(["01", "2"]) == 0
    assert asked == [find_notebook("01"), find_notebook("02")]
    for wrong, told in {
        ("01", "99"): "'99' names no notebook of the course: give a path, or",
        ("01", "--run", "gone.ipynb"): "--run is gone.ipynb, which is no file; name an executed",
    }.items():
        with pytest.raises(SystemExit) as ended:
            main(wrong)
        assert ended.value.code == 2 and told in capsys.readouterr().err
    assert len(asked) == 2


def test_a_damaged_run_is_named(write, tmp_path, capsys):
    (tmp_path / "run.ipynb").write_text("{")
    assert main([str(write("0")), "--run", str(tmp_path / "run.ipynb")]) == 1
    assert "stays as it is: run.ipynb is damaged; " in capsys.readouterr().out


def test_a_file_that_is_no_notebook_is_told(write, capsys):
    path = write("0")
    path.write_text("no notebook")
    assert main([str(path)]) == 1
    assert "stays as it is: " in capsys.readouterr().out
    assert path.read_text() == "no notebook"
