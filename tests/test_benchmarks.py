"""The benchmarks' own parts; what they measure is no test."""

import sys
from datetime import UTC, datetime

import nbformat
import numpy as np
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from benchmarks.memory import Look, by_cell, draw_photos, watching
from benchmarks.shared import RANGES, augmenting_generator, run_cells
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


def test_the_walkthroughs_generator_has_their_ranges():
    generator = augmenting_generator(rescale=1 / 255)
    assert (generator.rotation_range, generator.shear_range) == (40, 0.2)
    assert list(generator.zoom_range) == [0.8, 1.2] and generator.horizontal_flip
    assert augmenting_generator({**RANGES, "shear": 2}).shear_range == 2


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
    located = find_data("cats_and_dogs", "full", tmp_path / "data", tmp_path / "mirror")
    assert located.dataset.name == dataset("cats_and_dogs").whole.name
    assert located.dataset.count_pictures(located.folder) == {"all": 25_000}
    assert np.all(
        [(located.folder / "PetImages" / name / "12499.jpg").is_file() for name in ("Cat", "Dog")]
    )
