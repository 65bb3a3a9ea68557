"""Lesson 1 is plain Keras: its networks stand on the page, and need nothing of the course."""

from __future__ import annotations

import time
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from alone import run_alone
from PIL import Image

from helpers.data import pictures
from helpers.data.pictures import Pictures
from tools.execution import cells_of, find_notebook

REWRITTEN = ["00", "01", "02", "03", "04", "05"]
# Where helpers cannot be imported, with what earlier cells have set.
ALONE = """\
IMAGE_SIZE, RECIPE_SIZE, classes = 150, 96, ("paper", "rock", "scissors")
for source in json.load(sys.stdin):
    exec(source)
small = build_network(RECIPE_SIZE)
shapes = [list(layer.output.shape[1:]) for layer in network.layers]
answers = [np.asarray(small(np.zeros((2, size, size, 3)))).shape for size in (96,)]
print(json.dumps([network.count_params(), shapes, small.count_params(), answers]))
"""


def test_the_networks_need_no_helper_and_are_those_published():
    cells = [
        cell.source
        for cell in cells_of(find_notebook("01"))
        if "network" in cell.metadata.get("tags", [])
    ]
    assert len(cells) == 2
    parameters, shapes, of_small, answers = run_alone(ALONE, cells)
    assert parameters == 3_473_475
    assert shapes[1:10] == [
        [148, 148, 64],
        [74, 74, 64],
        [72, 72, 64],
        [36, 36, 64],
        [34, 34, 128],
        [17, 17, 128],
        [15, 15, 128],
        [7, 7, 128],
        [6272],
    ]
    assert of_small < parameters / 3
    assert answers == [[2, 3]]


@pytest.mark.parametrize("number", REWRITTEN)
def test_a_rewritten_lesson_names_its_layers_and_trains_on_the_page(number):
    code = "\n".join(
        cell.source for cell in cells_of(find_notebook(number)) if cell.cell_type == "code"
    )
    for shown in ("layers.Dense(", ".compile(", ".fit(", ".save("):
        assert shown in code, f"lesson {number} does not show {shown}"


FEW = Pictures(  # what the split leaves to learn from of two classes of four pictures
    np.arange(6 * 20 * 20 * 3).reshape(6, 20, 20, 3).astype(np.uint8),
    np.arange(6, dtype=np.int32) % 2,
    tuple(f"{kind}/{number}" for number in range(3) for kind in "ab"),
    ("a", "b"),
    {},
)


def test_a_copycat_learns_from_few_pictures_too(capsys):
    (cell,) = (cell for cell in cells_of(find_notebook("01")) if cell.id == "neighbours")
    exec(cell.source, {"np": np, "SEED": 0, "training": FEW, "test": FEW, "by_film": (FEW, FEW)})
    assert "random frames held out" in capsys.readouterr().out


def test_keras_stops_at_a_file_that_the_course_skips_but_the_lesson_does_not(tmp_path, capsys):
    (cell,) = (cell for cell in cells_of(find_notebook("01")) if cell.id == "plain")
    for kind in ("a", "b"):
        (tmp_path / kind).mkdir()
        for number in range(3):
            Image.new("RGB", (20, 20), (40 * number, 9, 9)).save(tmp_path / kind / f"{number}.png")
        (tmp_path / kind / "._0.png").write_bytes(b"a Mac wrote this on a stick")
    located = SimpleNamespace(origin="mirror", split_folder=lambda split: tmp_path)
    names = {"keras": keras, "tf": tf, "np": np, "perf_counter": time.perf_counter}
    names |= {"pictures": pictures, "training": FEW, "SEED": 0}
    exec(cell.source, names | {"located": located, "classes": ("a", "b"), "IMAGE_SIZE": 20})
    assert "Keras's loading stops at a file" in capsys.readouterr().out
