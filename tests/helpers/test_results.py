"""The record of a run, and the table published | measured."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from helpers import results
from helpers.comparison import NoRecords, gather
from helpers.environment import PROJECT
from helpers.fingerprints import course_version
from helpers.results import (
    Measured,
    Row,
    format_figure,
    load_record,
    published_table,
    record,
)


@pytest.fixture(autouse=True)
def runs_folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(results, "RUNS_FOLDER", tmp_path / "runs")
    return tmp_path / "runs"


def write(**changes) -> Path:
    content = {
        "lesson": "01_tiny",
        "parameters": {"EPOCHS": 5, "PHOTO": ""},
        "data": "Drawn sample pictures: asked for.",
        "figures": {"accuracy": Measured(0.5, 0.4, 0.6, 96)},
    }
    return record(**(content | changes))


def test_a_record_says_what_was_run_and_what_came_out(runs_folder):
    row = Row("accuracy", 0.9489, Measured(0.5, 0.4, 0.6, 96))
    path = write(published=[row])
    assert path.parent == runs_folder / "records"
    assert path.name.startswith("01_tiny-")
    loaded = load_record(path)
    assert loaded["parameters"] == {"EPOCHS": 5, "PHOTO": ""}
    assert loaded["figures"] == {"accuracy": {"value": 0.5, "low": 0.4, "high": 0.6, "n": 96}}
    assert loaded["published"][0]["published"] == 0.9489
    assert loaded["published"][0]["measured"] == loaded["figures"]["accuracy"]
    assert loaded["started"] <= loaded["finished"]
    assert loaded["versions"]["numpy"] == np.__version__
    assert loaded["versions"]["python"].startswith("3.")
    assert loaded["versions"]["course"] == course_version()
    assert loaded["machine"]["cpu_count"] >= 1


def test_a_run_starts_when_its_first_helper_is_imported_not_when_it_is_recorded(tmp_path):
    """Several lessons import `results` only at their end."""
    code = (
        "import time, helpers.parameters\n"
        "time.sleep(1)\n"
        "from helpers.results import record\n"
        "record('01_tiny', {}, 'Drawn sample pictures.', {'accuracy': 0.5})\n"
    )
    path = tmp_path / "run.json"
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        cwd=PROJECT,
        env=os.environ | {"COURSE_RECORD": str(path)},
    )
    loaded = load_record(path)
    started, finished = (datetime.fromisoformat(loaded[name]) for name in ("started", "finished"))
    assert (finished - started).total_seconds() >= 1


def test_a_record_holds_the_course_of_each_training():
    history = {"accuracy": [np.float32(0.25), 0.5], "val_loss": [1.5, math.nan]}
    loaded = load_record(write(histories={"published": history}))
    assert loaded["schema"] == 1
    assert loaded["histories"] == {
        "published": {"accuracy": [0.25, 0.5], "val_loss": [1.5, "nan"]},
    }


def test_a_record_from_before_the_schema_is_read_and_a_later_one_is_refused():
    path = write()
    content = json.loads(path.read_text())
    old = {name: value for name, value in content.items() if name not in ("schema", "histories")}
    path.write_text(json.dumps(old))
    assert load_record(path) == content | {"schema": 0}
    path.write_text(json.dumps(content | {"schema": 2}))
    with pytest.raises(ValueError, match="schema 2, this course reads up to 1"):
        load_record(path)


def test_where_the_course_cannot_be_written_to_a_run_is_kept_elsewhere(runs_folder, capsys):
    runs_folder.write_text("in the way")
    path, folder = write(), results.models_folder()
    assert load_record(path)["lesson"] == "01_tiny" and folder.is_dir()
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2 and all("what this run saves is in" in line for line in said)
    path.unlink()
    folder.rmdir()


def test_the_environment_names_the_file(tmp_path, monkeypatch):
    target = tmp_path / "new" / "run.json"
    monkeypatch.setenv("COURSE_RECORD", str(target))
    assert write() == target
    assert [path.name for path in target.parent.iterdir()] == ["run.json"]


def test_what_was_right_is_kept_where_it_is_known():
    right = {"value": 0.75, "low": 0.3, "high": 0.9, "n": 4, "right": "1101"}
    path = write(figures={"test": Measured(*right.values()), "share": Measured(0.75)})
    assert load_record(path)["figures"]["test"] == right
    assert "right" not in load_record(path)["figures"]["share"]


def test_numpy_values_and_figures_that_are_no_numbers_are_kept():
    figures = {
        "loss": math.nan,
        "worst": -math.inf,
        "accuracy": np.float32(0.25),
        "count": np.int64(7),
    }
    text = write(figures=figures, parameters={"PHOTO": Path("hand.png")}).read_text()
    loaded = json.loads(text, parse_constant=pytest.fail)
    values = {name: figure["value"] for name, figure in loaded["figures"].items()}
    assert values == {"loss": "nan", "worst": "-inf", "accuracy": 0.25, "count": 7}
    assert math.isnan(float(values["loss"]))
    assert loaded["parameters"] == {"PHOTO": "hand.png"}


def test_a_lesson_that_names_no_file_is_refused(runs_folder):
    with pytest.raises(ValueError, match="lesson's name"):
        write(lesson="../01")
    assert not runs_folder.exists()


def test_a_failed_write_leaves_the_old_record_and_nothing_else(tmp_path, monkeypatch):
    target = tmp_path / "run.json"
    monkeypatch.setenv("COURSE_RECORD", str(target))
    write()
    before = target.read_bytes()

    def full(self, *_, **__):
        self.touch()
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        write(data="later")
    assert target.read_bytes() == before
    assert list(tmp_path.iterdir()) == [target]


def mutants() -> dict[str, str]:
    """Records that somebody edited by hand, as text, by what is wrong with them."""
    figure = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 96}
    row = {"what": "accuracy", "published": 0.9, "measured": figure}
    good = {
        "schema": 1,
        "lesson": "01_tiny",
        "started": "2026-11-28T01:00:00+00:00",
        "finished": "2026-11-28T02:00:00+00:00",
        "versions": {"python": "3.11.7"},
        "machine": {"cpu_count": 2},
        "parameters": {"EPOCHS": 5, "SEED": 0},
        "data": "Drawn.",
        "figures": {"accuracy": figure},
        "published": [row],
        "histories": {"network": {"accuracy": [0.1, 0.2]}},
        "headline": "",
    }
    changes = {
        "lesson is a number": {"lesson": 1},
        "lesson is a path": {"lesson": "../01"},
        "lesson is a list": {"lesson": ["01"]},
        "finished is a number": {"finished": 1.5},
        "finished is no time": {"finished": "yesterday"},
        "finished has no zone": {"finished": "2026-11-28T02:00:00"},
        "finished is too late": {"finished": "9999-12-31T23:59:59-12:00"},
        "started is a list": {"started": []},
        "data is null": {"data": None},
        "data is a mapping": {"data": {}},
        "data is half a character": {"data": "\ud800"},
        "headline is a number": {"headline": 5},
        "versions is a list": {"versions": ["3.11"]},
        "a version is a list": {"versions": {"python": [3, 11]}},
        "machine is null": {"machine": None},
        "a machine's entry is a mapping": {"machine": {"device": {}}},
        "parameters is a list": {"parameters": [["EPOCHS", 5]]},
        "a parameter is a list": {"parameters": {"EPOCHS": [5]}},
        "SEED is text": {"parameters": {"SEED": "0"}},
        "SEED is true": {"parameters": {"SEED": True}},
        "SEED is huge": {"parameters": {"SEED": 10**30}},
        "figures is a list": {"figures": [figure]},
        "figures is null": {"figures": None},
        "a figure is a number": {"figures": {"accuracy": 0.5}},
        "a figure is text": {"figures": {"accuracy": "0.5"}},
        "a value is text": {"figures": {"accuracy": {**figure, "value": "0.5"}}},
        "a value is null": {"figures": {"accuracy": {**figure, "value": None}}},
        "a value is true": {"figures": {"accuracy": {**figure, "value": True}}},
        "a value is huge": {"figures": {"accuracy": {**figure, "value": 10**400}}},
        "a value is missing": {"figures": {"accuracy": {"low": 0, "high": 1, "n": 3}}},
        "an end is a list": {"figures": {"accuracy": {**figure, "low": [0.4]}}},
        "an end is missing": {"figures": {"accuracy": {"value": 0.5}}},
        "published is a mapping": {"published": {"accuracy": row}},
        "published is null": {"published": None},
        "a row is a list": {"published": [["accuracy", 0.9, figure]]},
        "a row has no measured": {"published": [{"what": "accuracy", "published": 0.9}]},
        "a row is of a number": {"published": [{**row, "what": 3}]},
        "a row publishes a list": {"published": [{**row, "published": [1]}]},
        "a row measures a number": {"published": [{**row, "measured": 0.5}]},
        "histories is a list": {"histories": [[0.1]]},
        "a history is a list": {"histories": {"network": [0.1]}},
        "a curve is a number": {"histories": {"network": {"accuracy": 0.1}}},
        "a curve has a gap": {"histories": {"network": {"accuracy": [0.1, None]}}},
        "a curve is nested": {"histories": {"network": {"accuracy": [[0.1]]}}},
        "schema is text": {"schema": "1"},
        "schema is null": {"schema": None},
        "schema is a list": {"schema": [1]},
        "schema is later": {"schema": 99},
    }
    texts = {what: json.dumps(good | change) for what, change in changes.items()}
    for name in ("lesson", "finished", "figures", "published"):
        left = {entry: value for entry, value in good.items() if entry != name}
        texts[f"{name} is missing"] = json.dumps(left)
    texts["it is a list"] = "[1]"
    texts["it is cut off"] = json.dumps(good)[:-9]
    texts["it is too deep"] = "[" * 100_000
    texts["it is empty"] = ""
    return texts


@pytest.mark.parametrize("text", mutants().values(), ids=mutants().keys())
def test_a_record_edited_by_hand_is_refused_by_name_or_gathered_without_it(tmp_path, text, capsys):
    path = tmp_path / "edited.json"
    path.write_text(text)
    with pytest.raises(
        ValueError, match=r"edited\.json (is not a record of a run|has the schema)"
    ) as said:
        load_record(path)
    assert "\n" not in str(said.value) and len(str(said.value)) < 400
    with pytest.raises(NoRecords, match="There are no records in"):
        gather(tmp_path)
    write().replace(tmp_path / "good.json")
    capsys.readouterr()
    assert list(gather(tmp_path)["file"]) == ["good.json"]
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("Left out: ") and "edited.json" in line


def test_figures_that_are_no_numbers_are_gathered(tmp_path):
    path = write(figures={"loss": math.nan, "worst": -math.inf, "none": None})
    path.write_text(path.read_text().replace('"nan"', "NaN"))  # as Python's json writes it
    row = gather(path.parent).iloc[0]
    assert math.isnan(row["figures.loss"]) and math.isnan(row["figures.worst"])  # for no mean
    assert row["measured"]["figures.worst"]["value"] == -math.inf


def test_a_folder_with_a_records_name_is_left_out(tmp_path, capsys):
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(NoRecords):
        gather(tmp_path)
    assert capsys.readouterr().out.startswith("Left out: ")


def test_a_headline_is_kept_and_an_old_record_has_none():
    path = write(headline="12 of 12 hands in films never seen are right.")
    content = json.loads(path.read_text())
    assert load_record(path)["headline"] == "12 of 12 hands in films never seen are right."
    del content["headline"]
    path.write_text(json.dumps(content))
    assert load_record(path)["headline"] == ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (3473475, "3,473,475"),
        (np.int64(3473475), "3,473,475"),
        (0.94891, "0.9489"),
        (1.0, "1.0000"),
        (0.00004, "4e-05"),
        (143.25, "143.2"),
        (None, "–"),
        ("about 0.7", "about 0.7"),
        (math.nan, "nan"),
        ({"value": 0.5, "low": 0.4, "high": 0.6, "n": 96}, "0.5000 (0.4000 to 0.6000)"),
        ({"value": 0.5, "low": None, "high": None, "n": None}, "0.5000"),
    ],
)
def test_figures_are_written_for_people(value, shown):
    assert format_figure(value) == shown


def test_the_table_shows_both_figures_as_html_and_as_text():
    rows = [Row("accuracy <val>", 0.9489, Measured(0.5, 0.4, 0.6)), ("parameters", None, 3473475)]
    table = published_table(rows)
    page = table._repr_html_()
    assert "accuracy &lt;val&gt;" in page
    assert "<td>0.9489</td><td>0.5000 (0.4000 to 0.6000)</td>" in page
    assert "<td>–</td><td>3,473,475</td>" in page
    assert repr(table).splitlines() == [
        "               | published | measured here",
        "accuracy <val> | 0.9489    | 0.5000 (0.4000 to 0.6000)",
        "parameters     | –         | 3,473,475",
    ]


REAL = "Data: tiny, 6 real pictures"
DRAWN = "Data: drawn sample pictures, because paper is missing."


def run(monkeypatch, path: Path | None, recipe_test: float | None, data: str = REAL) -> Path:
    """Save a network and leave a record as lesson 1 does: by hand (None), or as a rerun."""
    if path:
        monkeypatch.setenv("COURSE_RECORD", str(path))
    else:
        monkeypatch.delenv("COURSE_RECORD", raising=False)
    network = results.models_folder() / "hands.keras"
    network.write_text("weights")
    data += " from the download." if data == REAL else ""
    write(lesson="01", figures={"recipe_test": recipe_test}, data=data)
    return network


def find_hands():
    return results.find_model("01", "hands.keras", f"{REAL} from the data folder, because so.")


def test_a_networks_run_is_the_best_by_its_record_and_not_the_newest(runs_folder, monkeypatch):
    assert find_hands().path is None
    assert "no network of 01 that saw the same pictures" in find_hands().line
    by_hand = run(monkeypatch, None, 0.9)
    assert find_hands().path == by_hand
    best = run(monkeypatch, runs_folder / "sweeps" / "s" / "01-a.json", 0.95)
    run(monkeypatch, runs_folder / "published" / "01.json", 0.85)
    run(monkeypatch, runs_folder / "r" / "01.json", math.nan)
    run(monkeypatch, runs_folder / "r" / "01-b.json", None)
    run(monkeypatch, runs_folder / "r" / "01-drawn.json", 1.0, data=DRAWN)
    (runs_folder / "r" / "odd.json").write_text("no record")
    found = find_hands()
    assert found.path == best
    assert "recipe_test 0.950, the best of 3 on the same pictures" in found.line
    assert results.find_model("02", "hands.keras", REAL).path is None
    assert results.find_model("01", "none.keras", REAL).path is None


def test_a_record_without_its_start_is_passed_over(runs_folder, monkeypatch):
    best = run(monkeypatch, runs_folder / "r" / "01-a.json", 0.9)
    run(monkeypatch, file := runs_folder / "r" / "01-b.json", 1.0)
    record = json.loads(file.read_text())
    del record["started"]
    file.write_text(json.dumps(record))
    assert find_hands().path == best


def test_pictures_are_the_same_wherever_they_come_from(runs_folder, monkeypatch):
    drawn = run(monkeypatch, runs_folder / "r" / "01.json", 1.0, data=DRAWN)
    assert find_hands().path is None  # not for real pictures
    asked = "Data: drawn sample pictures, because they were asked for."
    assert results.find_model("01", "hands.keras", asked).path == drawn
    own = "Data: the folder phone, 90 pictures (30 a) of 60x60 pixels; 72 train, 18 test."
    mine = run(monkeypatch, runs_folder / "r" / "01-own.json", 0.5, data=own)
    assert results.find_model("01", "hands.keras", own).path == mine
    other = own.replace("72 train, 18 test", "60 train, 30 test")
    assert results.find_model("01", "hands.keras", other).path is None


def test_the_newest_of_equal_runs_wins(runs_folder, monkeypatch):
    run(monkeypatch, runs_folder / "r" / "01-a.json", 0.9)
    later = run(monkeypatch, runs_folder / "r" / "01-b.json", 0.9)
    assert find_hands().path == later
    again = run(monkeypatch, None, 1.0)  # by hand, and again in the same kernel: only that one is
    run(monkeypatch, None, 0.1)  # kept, so its record counts
    assert find_hands().path == later != again


def test_a_reruns_networks_replace_nobody_elses(tmp_path, runs_folder, monkeypatch):
    by_hand = run(monkeypatch, None, 0.9)
    by_hand.write_text("25 minutes")
    run(monkeypatch, tmp_path / "01_tiny.json", 1.0)
    assert by_hand.read_text() == "25 minutes"
    started = results.STARTED.replace(year=2020)
    monkeypatch.setattr(results, "STARTED", started)  # another kernel, by hand
    run(monkeypatch, None, 0.1)
    assert by_hand.read_text() == "25 minutes"
    assert find_hands().path == by_hand
