"""The replication table: which runs count, and what the page says of them."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from helpers import results
from helpers.claims import all_claims
from helpers.comparison import gather
from helpers.intervals import seeds_interval
from helpers.results import Measured
from tools import replication
from tools.execution import course_notebooks, default_parameters, find_notebook
from tools.replication import (
    FREE,
    Group,
    free_parameters,
    groups_of,
    keep,
    main,
    published_runs,
    read_rows,
    results_page,
    with_claims,
    write_results,
)

ROWS = {row.id: row for row in read_rows()}
REAL = "Data: rock_paper_scissors, 2,892 real pictures from the mirror folder."
LITE = "Backbone: EfficientNetLite0 with ImageNet weights from its package, because of InceptionV3."
VGG16 = "Backbone: VGG16 with ImageNet weights from the mirror folder."
INCEPTION = "Backbone: InceptionV3 with ImageNet weights from the download (md5 checked)."
DEFAULTS = {path.stem: default_parameters(path) for path in course_notebooks()}
DRAWN = "Data: drawn sample pictures, because asked for."


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that writes a record of a lesson, as published but for what is given."""

    def write(lesson: str, accuracy: float | Measured, data: str = REAL, **changes) -> Path:
        number = len(list(tmp_path.glob("*.json")))
        monkeypatch.setenv("COURSE_RECORD", str(tmp_path / f"{number}.json"))
        notebook = find_notebook(lesson)
        parameters = default_parameters(notebook) | changes
        row = next(row for row in ROWS.values() if row.lesson == notebook.stem)
        given = isinstance(accuracy, Measured)
        measured = accuracy if given else Measured(accuracy, 0.4, 0.6, 372)
        lines = [(row.headline, row.published[row.headline], measured)]
        lines += [("parameters", 3473475, 3473475), ("something else", None, None)]
        lines += [("seconds an epoch", "141 to 145", 20 * measured.value)]
        return results.record(notebook.stem, parameters, data, {}, lines)

    return write


def page(folder: Path) -> str:
    target = folder / "RESULTS.md"
    write_results([folder], target)
    return target.read_text(encoding="utf-8")


def line_of(text: str, row: str) -> list[str]:
    (found,) = [line for line in text.splitlines() if line.startswith(f"| {row} |")]
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_without_records_every_row_says_how_to_run_it(tmp_path):
    text = page(tmp_path)
    for row in ROWS.values():
        assert line_of(text, row.id)[4] == "not run here"
        assert f"## {row.id}. {row.walkthrough}" in text
        assert row.command in text
    assert text.count("With VGG16: not run here.") == 6


def test_several_seeds_become_a_mean_with_its_interval(write, tmp_path):
    for seed, accuracy in enumerate((0.95, 0.96, 0.97)):
        write("01", accuracy, SEED=seed)
    text = page(tmp_path)
    cells = line_of(text, "W1")
    expected = seeds_interval([0.95, 0.96, 0.97], [0.4] * 3)
    found = float(cells[4].split("(")[1].split()[0])
    assert cells[3] == "0.9770" and cells[4].startswith("0.9600 (")
    assert found == pytest.approx(expected[0], abs=1e-4)
    assert cells[5:] == ["", "3", "pictures resized smoothly, there to the nearest pixel"]
    assert "| parameters | 3,473,475 | 3,473,475 |" in text
    assert "| seconds an epoch | 141 to 145 | 19.0 to 19.4 |" in text
    assert (
        "seeds 0, 1, 2; rock_paper_scissors, 2,892 real pictures; BATCH_SIZE=126, EPOCHS=25, IM"
        in text
    )
    assert "RECIPE_EPOCHS" not in text and "SEED=" not in text
    assert "tensorflow 2." in text


def test_seeds_that_differ_by_the_rounding_of_a_stored_run_have_no_interval(write, tmp_path):
    for seed, accuracy in enumerate((0.6062, 0.60625)):
        write("01", Measured(accuracy), SEED=seed)
    assert line_of(page(tmp_path), "W1")[4] == "0.6062"


def test_an_interval_over_seeds_alone_has_a_star_and_stays_below_1(write, tmp_path):
    for seed, accuracy in enumerate((0.94, 1.0, 0.99)):
        write("01", Measured(accuracy), SEED=seed)
    figure = line_of(page(tmp_path), "W1")[4]
    assert figure.endswith(")*") and float(figure[:-2].split()[-1]) < 1


def test_an_interval_knows_of_films_where_the_records_do(write, tmp_path):
    for seed, film in enumerate((31, 20, 25)):
        right = " ".join(["31/31"] * 11 + [f"{film}/31"])
        write("01", Measured((341 + film) / 372, 0.4, 1, 372, right), SEED=seed)
    low = float(line_of(page(tmp_path), "W1")[4].split("(")[1].split()[0])
    assert 0.8 < low < 0.97


def test_runs_without_a_seed_are_passed_over(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_RECORD", str(tmp_path / "a.json"))
    results.record("digits", {}, REAL, {})
    assert write_results([tmp_path], tmp_path / "R.md") == 0


def test_a_run_counts_once_and_a_lesson_that_publishes_nothing_never(write, tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "01-seed0.json").write_text(write("01", 0.5).read_text())
    folders = [tmp_path, tmp_path / "kept"]
    results.record("00_ten_minutes", default_parameters(find_notebook("00")), REAL, {})
    assert write_results(folders, tmp_path / "R.md") == 1


def test_weights_of_unknown_origin_are_called_so(write, tmp_path):
    data = "Data: cats_and_dogs, 4,000 real pictures from the mirror folder."
    write("05", 0.5, f"{data} {VGG16}")
    assert "unknown origin" not in line_of(page(tmp_path), "W5a")[7]
    unknown = VGG16.replace("ImageNet weights", "weights of unknown origin")
    write("05", 0.5, f"{data} {unknown}")
    assert line_of(page(tmp_path), "W5a")[7].startswith("weights of unknown origin; photos padded")


def test_a_row_says_where_its_settings_are_not_the_walkthroughs(write, tmp_path):
    write("05", 0.5, f"Data: cats_and_dogs, 4,000 real pictures from the mirror folder. {VGG16}")
    runs = published_runs(gather(tmp_path), DEFAULTS)
    group = Group("VGG16", runs, True)
    assert ROWS["W4b"].differences(group).startswith("4,000 pictures, there 25,000; photos padded")
    assert ROWS["W5b"].differences(group).startswith("6 kept copies of each photo, there fresh")
    text = page(tmp_path)
    padded = "photos padded to squares and resized smoothly, there stretched, to the nearest pixel"
    assert line_of(text, "W5a")[7] == padded
    assert "at the same settings" not in text


def test_the_page_lists_every_claim(tmp_path):
    text = page(tmp_path)
    for claim in all_claims():
        assert f"| {claim.id} | {claim.says}" in text
    assert "no records yet" in text


def test_one_seed_keeps_the_interval_of_its_pictures_and_the_newest_run_counts(write, tmp_path):
    write("01", 0.5).touch()
    write("01", 0.55)
    assert line_of(page(tmp_path), "W1")[4:7] == ["0.5500 (0.4000 to 0.6000)", "", "1"]


def test_another_network_is_named_and_the_walkthroughs_own_comes_first(write, tmp_path):
    write("02", 0.87, f"{REAL} {LITE}")
    text = page(tmp_path)
    assert line_of(text, "W2")[5] == "EfficientNetLite0, not InceptionV3"
    assert (
        "With InceptionV3: not run here. If data and weights are available: `.venv/bin/python -m"
        in text
    )
    write("02", 0.96, f"{REAL} {INCEPTION}")
    text = page(tmp_path)
    assert line_of(text, "W2")[4:6] == ["0.9600 (0.4000 to 0.6000)", "InceptionV3"]
    assert "| result | published | InceptionV3 | EfficientNetLite0 |" in text
    section = text[text.index("## W2.") : text.index("## W3a.")]
    assert "not run here" not in section
    assert "EfficientNetLite0: seed 0; rock_paper_scissors" in section


@pytest.mark.parametrize(
    ("data", "changes"),
    [(DRAWN, {}), (REAL, {"EPOCHS": 3}), (REAL, {"IMAGE_SIZE": 96})],
)
def test_drawn_pictures_and_other_settings_do_not_count(write, tmp_path, data, changes):
    write("01", 0.5, data, **changes)
    assert line_of(page(tmp_path), "W1")[4] == "not run here"


def test_precision_and_the_choice_of_data_and_network_are_free(write, tmp_path):
    write("01", 0.5, DATA="full", PRECISION="float32", PHOTO="hand.png", RECIPE_EPOCHS=1)
    assert line_of(page(tmp_path), "W1")[6] == "1"


def test_a_parameter_may_be_free_in_one_lesson_alone(write, tmp_path):
    write("04", 0.5, f"{REAL} {VGG16}", SCRATCH_STEPS=4, COPIES=1)
    write("05", 0.5, f"{REAL} {VGG16}", COPIES=1)
    assert line_of(page(tmp_path), "W4a")[6] == "1"
    assert "COPIES=" not in page(tmp_path)
    assert line_of(page(tmp_path), "W5a")[4] == "not run here"


@pytest.mark.parametrize("lesson", sorted({row.lesson for row in ROWS.values()}))
def test_only_parameters_that_a_lesson_has_are_free(lesson):
    own = free_parameters(lesson) - set(FREE)
    assert own <= set(default_parameters(find_notebook(lesson)))


def test_records_are_kept_the_newest_of_each_seed_and_make_the_same_page(write, tmp_path):
    runs, kept = tmp_path, tmp_path.with_name("kept")
    write("01", 0.5)
    write("01", 0.6)
    write("01", 0.7, SEED=1)
    write("01", 0.1, SEED=2, EPOCHS=3)
    (runs / "models").mkdir()
    (runs / "models" / "network.json").write_text('{"class_name": "Functional"}')
    write("02", 0.8, f"{REAL} {LITE}")
    copies = keep(runs, kept)
    names = ["01-seed0.json", "01-seed1.json", "02-EfficientNetLite0-seed0.json"]
    assert [path.name for path in copies] == names
    assert page(kept) == page(runs)
    assert line_of(page(kept), "W1")[4].startswith("0.6500")
    write_results([runs, kept], tmp_path / "both.md")
    assert (tmp_path / "both.md").read_text(encoding="utf-8") == page(runs)


def test_a_kept_record_gives_way_only_to_a_newer_one(write, tmp_path):
    runs, kept = tmp_path, tmp_path.with_name("kept")
    write("01", 0.5)
    keep(runs, kept)
    before = (kept / "01-seed0.json").read_text(encoding="utf-8")
    later = before.replace('"value": 0.5', '"value": 0.6')
    later = re.sub(r'"finished": "\d+', '"finished": "2999', later)
    (kept / "01-seed0.json").write_text(later, encoding="utf-8")
    assert keep(runs, kept) == []
    assert (kept / "01-seed0.json").read_text(encoding="utf-8") == later


def test_published_runs_are_kept_and_one_without_its_start_has_no_minutes(write, tmp_path, capsys):
    record = write("01", 0.5)
    content = json.loads(record.read_text(encoding="utf-8"))
    del content["started"]
    published, kept = tmp_path / "runs" / "published", tmp_path / "kept"
    published.mkdir(parents=True)
    (published / "01_lesson.json").write_text(json.dumps(content), encoding="utf-8")
    record.unlink()
    command = ["keep", "--records", str(tmp_path / "runs"), "--out", str(kept)]
    assert main(command) == 0
    assert [path.name for path in kept.iterdir()] == ["01-seed0.json"]
    assert gather(kept)["minutes"].isna().all()
    assert " minutes for the whole lesson" not in page(kept)
    assert page(kept) == page(tmp_path / "runs")
    capsys.readouterr()
    assert main(command) == 0
    assert "none newer than those kept" in capsys.readouterr().out


def test_other_lessons_are_passed_over(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_RECORD", str(tmp_path / "a.json"))
    results.record("digits", {"SEED": 0}, REAL, {})
    assert len(published_runs(gather(tmp_path), {})) == 0
    assert groups_of(ROWS["W1"], pd.DataFrame()) == []
    runs = published_runs(gather(tmp_path), {})
    assert "not run here" in results_page([ROWS["W1"]], runs, (), tmp_path)


def test_the_lessons_tables_are_renewed_however_the_pages_place_is_written(tmp_path, monkeypatch):
    renewed = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(replication, "RESULTS", tmp_path.resolve() / "RESULTS.md")
    monkeypatch.setattr(replication, "with_claims", lambda text: renewed.append(text) or text)
    write_results([tmp_path], Path("RESULTS.md"))
    assert len(renewed) == len(course_notebooks())
    write_results([tmp_path], Path("other.md"))
    assert len(renewed) == len(course_notebooks())


def test_no_lesson_is_changed_where_the_page_cannot_be_made(tmp_path, monkeypatch):
    notebook = tmp_path / "01_tiny.ipynb"
    notebook.write_text("old")
    (tmp_path / "lesson_01.json").write_text("{")
    monkeypatch.setattr(replication, "RESULTS", tmp_path / "RESULTS.md")
    monkeypatch.setattr(replication, "BENCHMARKS", tmp_path)
    monkeypatch.setattr(replication, "course_notebooks", lambda: [notebook])
    monkeypatch.setattr(replication, "with_claims", lambda text: "new")
    with pytest.raises(ValueError, match=r"^lesson_01\.json is damaged"):
        write_results([], tmp_path / "RESULTS.md")
    assert notebook.read_text() == "old"
    assert not (tmp_path / "RESULTS.md").exists()


@pytest.mark.parametrize("command", ["table", "keep"])
def test_records_in_a_folder_that_is_none_are_refused(tmp_path, capsys, command):
    (tmp_path / "page").write_text("as it was")
    for name in ("typo", "page"):
        folder = str(tmp_path / name)
        with pytest.raises(SystemExit) as ended:
            main([command, "--records", folder, "--out", str(tmp_path / "page")])
        assert ended.value.code == 2
        told = f"{folder} is not a folder; name one that holds records.\n"
        assert capsys.readouterr().err.endswith(told)
    assert (tmp_path / "page").read_text() == "as it was"


def test_the_command_line_writes_the_page_or_one_sentence(write, tmp_path, capsys):
    write("01", 0.5)
    options = ["table", "--records", str(tmp_path), "--out", str(tmp_path / "RESULTS.md")]
    assert main(options) == 0
    assert "RESULTS.md: runs at the published settings: 1" in capsys.readouterr().out
    (tmp_path / "other.json").write_text("{}")
    assert main(options) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("Left out: ") and "other.json is not a record of a run" in said[0]
    assert said[1] == "RESULTS.md: runs at the published settings: 1"
    assert main([*options[:3], "--out", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"{tmp_path.name} could not be used (Is a directory).\n"


def test_all_rows_are_there_each_with_its_headline():
    assert list(ROWS) == ["W1", "W2", "W3a", "W3b", "W4a", "W4b", "W4c", "W4d", "W5a", "W5b", "W5c"]
    assert all(row.headline in row.published for row in ROWS.values())


def lines_of_the_table(notebook: Path) -> dict[str, object]:
    """The first two entries, where they are literals, of all triples in a notebook's code."""
    cells = nbformat.read(notebook, as_version=4).cells
    triples = [
        node.elts
        for cell in cells
        if cell.cell_type == "code"
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Tuple) and len(node.elts) == 3
    ]
    return {
        what.value: published.value
        for what, published, _ in triples
        if isinstance(what, ast.Constant) and isinstance(published, ast.Constant)
    }


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_row_agrees_with_the_table_in_its_lesson(row):
    (notebook,) = [path for path in course_notebooks() if path.stem == row.lesson]
    lines = lines_of_the_table(notebook)
    assert {name: lines.get(name) for name in row.published} == dict(row.published)


@pytest.mark.parametrize("notebook", course_notebooks(), ids=lambda path: path.stem)
def test_lessons_store_their_claims_as_the_records_have_them(notebook):
    text = notebook.read_text(encoding="utf-8")
    assert with_claims(text) == text, "Run `make results`."


def test_claims_that_a_lesson_stores_are_recomputed():
    text = find_notebook("02").read_text(encoding="utf-8")
    stale = text.replace("holds: 3 of 3 seeds", "open: 1 of 3 seeds")
    assert stale != text
    assert with_claims(stale) == text
