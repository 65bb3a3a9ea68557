"""The benchmarks' own parts; what they measure is no test."""

import json
import os
import sys
import tempfile
from datetime import UTC, datetime

import keras
import nbformat
import numpy as np
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from benchmarks.memory import Look, by_cell, draw_photos, watching
from benchmarks.shared import (
    RANGES,
    WALKTHROUGH,
    StopAtGoal,
    augmenting_generator,
    epochs_to,
    measure_seeds,
    run_cells,
    summarise,
    trained,
)
from benchmarks.timing import in_own_process, seconds_each
from helpers.data.catalog import dataset
from helpers.data.download import find_data


def test_a_notebooks_own_cells_are_run_by_their_names(tmp_path):
    cells = [new_code_cell("a = 1", id="first"), new_code_cell("a += b", id="second")]
    nbformat.write(new_notebook(cells=cells), tmp_path / "book.ipynb")
    namespace = {"b": 3}
    run_cells(tmp_path / "book.ipynb", ["first", "second", "second"], namespace)
    assert namespace["a"] == 7
    with pytest.raises(KeyError, match="third"):
        run_cells(tmp_path / "book.ipynb", ["third"], namespace)


def test_the_first_call_does_not_count():
    called = []
    assert seconds_each(lambda: called.append(1), 3) >= 0
    assert len(called) == 4


def test_a_function_is_called_in_a_process_of_its_own(tmp_path):
    assert in_own_process(os.getpid) != os.getpid()
    assert in_own_process(tempfile.gettempdir, TMPDIR=str(tmp_path)) == str(tmp_path)


def test_the_walkthroughs_generator_has_their_ranges():
    generator = augmenting_generator()
    assert (generator.rotation_range, generator.shear_range) == (40, 0.2)
    assert list(generator.zoom_range) == [0.8, 1.2] and generator.horizontal_flip
    assert augmenting_generator({**RANGES, "shear": 2}).shear_range == 2


@pytest.mark.parametrize(
    ("accuracies", "in_a_row", "epochs"),
    [
        ([0.8, 0.9, 0.8], 1, 2),
        ([0.9, 0.8, 0.9, 0.9], 2, 4),
        ([0.9, 0.8], 2, None),
        ([], 1, None),
        ([0.9 - 2e-8], 1, 1),  # a float32 is as far from what it says
        ([0.8999], 1, None),
    ],
)
def test_a_goal_is_reached_by_some_epochs_in_a_row(accuracies, in_a_row, epochs):
    assert epochs_to(0.9, accuracies, in_a_row) == epochs


def test_a_training_stops_at_its_goal():
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2, activation="softmax")])
    network.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    images, labels = np.array([[1.0], [-1.0]]), np.array([0, 1])
    network.set_weights([np.array([[1.0, -1.0]]), np.zeros(2)])  # knows the answer
    options = {"validation_data": (images, labels), "epochs": 9, "verbose": 0}
    history = network.fit(images, labels, callbacks=[StopAtGoal(1.0, in_a_row=3)], **options)
    assert history.history["val_accuracy"] == [1.0] * 3


def _way(accuracies, seconds):
    return {"accuracy": accuracies, "seconds": seconds}


def test_the_time_to_the_goal_is_summarised_over_seeds():
    slow, fast, never = _way([0.5, 0.9], [10, 20]), _way([0.9], [4]), _way([0.5, 0.5], [10, 30])
    rows = [(slow, fast), (never, _way([0.2, 0.95], [5, 6])), (slow, _way([0.1], [1]))]
    seeds = {str(n): {"ways": {WALKTHROUGH: a, "own": b}} for n, (a, b) in enumerate(rows)}
    found = summarise({"settings": {"goal": 0.9}, "seeds": seeds})
    assert found[WALKTHROUGH]["reached"] == found["own"]["reached"] == "2 of 3"
    assert found[WALKTHROUGH]["seconds"] == {"median": 20, "low": 20, "high": 20}
    assert found["own"]["seconds"] == {"median": 5, "low": 4, "high": 6}
    # The walkthrough's second seed never arrived: all its 30 seconds count.
    assert found["own"]["times faster"] == {"median": 5, "low": 5, "high": 5}


def test_a_seed_on_record_is_not_trained_again(tmp_path):
    asked = []

    def train_all(seed):
        asked.append(seed)
        if asked == [0, 1]:
            raise KeyboardInterrupt
        return {WALKTHROUGH: _way([0.9], [seed + 1])}

    file = tmp_path / "record.json"
    file.write_text('{"steps": 1}')
    with pytest.raises(KeyboardInterrupt):
        measure_seeds(file, "training", {"goal": 0.9}, train_all)
    found = measure_seeds(file, "training", {"goal": 0.9}, train_all)
    assert asked == [0, 1, 1, 2]
    assert found["summary"][WALKTHROUGH]["seconds"] == {"median": 2, "low": 1, "high": 3}
    kept = json.loads(file.read_text())
    assert kept == {"steps": 1, "training": found} and "cores" in found["seeds"]["0"]["machine"]
    measure_seeds(file, "training", {"goal": 0.8}, train_all, [0])
    assert asked[-1] == 0, "other settings are another comparison"


def test_the_copies_seconds_count_before_the_first_epoch():
    assert trained({"val_accuracy": [0.5], "seconds": [2.0]}, 3) == _way([0.5], [5.0])


def test_the_highest_look_of_each_cell_is_found(tmp_path):
    cells = [new_code_cell("1", id=name) for name in ("first", "second", "third")]
    for cell, start in zip(cells, (100, 200), strict=False):
        ends = {"start_time": start, "end_time": start + 50}
        cell.metadata["papermill"] = {
            name: datetime.fromtimestamp(time, UTC).isoformat() for name, time in ends.items()
        }
    nbformat.write(new_notebook(cells=cells), tmp_path / "book.ipynb")
    looks = [Look(time, time % 97, 0) for time in range(90, 240, 10)]
    highest = by_cell(tmp_path / "book.ipynb", looks)
    assert {name: look.time for name, look in highest.items()} == {"first": 150, "second": 230}


def test_memory_of_a_child_is_seen():
    code = "import time; content = bytearray(200 * 2**20); print('here', flush=True); time.sleep(1)"
    with watching() as looks:
        child = psutil.Popen([sys.executable, "-c", code], stdout=-1)
        assert child.stdout.readline() == b"here\n"
        child.wait()
    assert max(look.own for look in looks) > 200 * 2**20
    assert all(look.resident >= look.own for look in looks)


def test_drawn_photos_stand_in_for_all_photos(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.memory.DIFFERENT", 2)
    draw_photos(tmp_path / "mirror")
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path / "mirror"))
    located = find_data("cats_and_dogs", "full", tmp_path / "data")
    assert located.dataset.name == dataset("cats_and_dogs").whole.name
    assert located.dataset.count_pictures(located.folder) == {"all": 25_000}
    assert np.all(
        [(located.folder / "PetImages" / name / "12499.jpg").is_file() for name in ("Cat", "Dog")]
    )
