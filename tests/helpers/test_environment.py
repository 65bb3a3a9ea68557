"""The mirror folder's variable, precision, seeds, and TensorFlow's start-up notes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.environment import PROJECT, choose_precision, mirror_folder, processor
from helpers.messages import OneSentence


def test_the_mirror_is_none_or_a_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    assert mirror_folder() is None
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path))
    assert mirror_folder() == tmp_path.resolve()
    for name in (str(tmp_path / "missing"), "~nobody_here/data"):
        monkeypatch.setenv("COURSE_MIRROR", name)
        with pytest.raises(OneSentence, match=r"COURSE_MIRROR names .* not a folder"):
            mirror_folder()
    monkeypatch.setenv("COURSE_MIRROR", "a" * 300)
    with pytest.raises(OneSentence, match=r"cannot be looked into \(File name too long\)"):
        mirror_folder()


SCRIPT = """
import os, sys
import numpy as np
from helpers import pace, parameters
from helpers.environment import prepare
early = "sklearn" in sys.modules
line = prepare(seed=7, precision="float32")
import keras, tensorflow as tf
print(line)
print(os.environ["TF_ENABLE_ONEDNN_OPTS"])
print(os.environ["OMP_WAIT_POLICY"], early)
print(np.random.rand(), float(tf.random.uniform([])), keras.config.dtype_policy().name)
"""


def run_script(**variables: str) -> subprocess.CompletedProcess:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    clean |= variables
    return subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=PROJECT, env=clean, capture_output=True, text=True
    )


def test_start_is_quiet_seeded_and_says_what_runs():
    first, second = run_script(), run_script(TF_ENABLE_ONEDNN_OPTS="0")
    assert first.returncode == 0, first.stderr
    assert first.stderr == ""
    line, convolutions, waiting, values = first.stdout.strip().splitlines()
    assert convolutions == "1"
    assert waiting == "passive False", "OpenMP reads it when scikit-learn is imported"
    assert second.stdout.splitlines() == [line, "0", waiting, values], "who has chosen keeps it"
    assert line.startswith("TensorFlow 2.") and line.endswith("precision float32")
    assert values.endswith("float32")


def test_a_processor_that_hides_its_name_is_told_by_family_and_model(monkeypatch):
    text = "cpu family\t: 25\nmodel\t\t: 1\nmodel name\t: Bare\nflags\t\t: avx2\n"
    monkeypatch.setattr(Path, "read_text", lambda *_: text)
    assert processor()["processor"] == "Bare (family 25, model 1)"


@pytest.mark.parametrize(
    ("text", "instructions"),
    [
        ("model name\t: Fast\nflags\t\t: fpu avx2 avx512f amx_bf16\n", "AVX2 AVX512 bfloat16"),
        ("model name\t: Fast\nflags\t\t: fpu avx\n", ""),
    ],
)
def test_the_processor_is_named_with_what_decides_its_speed(monkeypatch, text, instructions):
    monkeypatch.setattr(Path, "read_text", lambda *_: text)
    assert processor() == {"processor": "Fast", "instructions": instructions}
    by_machine = "mixed_bfloat16" if "bfloat16" in instructions else "float32"
    assert choose_precision("auto", []) == by_machine
    assert choose_precision("mixed_float16", []) == "mixed_float16"
