"""Where the project lives, and the machine it runs on: device, precision, seeds."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import sys
from pathlib import Path

from helpers.files import expand_home
from helpers.messages import OneSentence

PROJECT = Path(__file__).resolve().parent.parent
DATA_FOLDER = PROJECT / "data"
CACHE_FOLDER = DATA_FOLDER / "cache"
OWN_FOLDER = DATA_FOLDER / "own"  # albums of lesson 0's camera
RUNS_FOLDER = PROJECT / "runs"
SWEEPS_FOLDER = RUNS_FOLDER / "sweeps"
PUBLISHED_FOLDER = RUNS_FOLDER / "published"
MIRROR_VARIABLE = "COURSE_MIRROR"
SWITCH_ON = (
    "No graphics processor is on. Lessons 0, 6 and 7 need none; the others train as slowly as on "
    "a CPU. To switch one on, which empties the disk: menu Runtime, Change runtime type, T4 GPU, "
    "Save; then run the notebook again from its top."
)


def mirror_folder() -> Path | None:
    """Return the folder that the environment variable `COURSE_MIRROR` names, None for none.

    Raises:
        OneSentence: the variable names something that is not a folder.
    """
    name = os.environ.get(MIRROR_VARIABLE, "").strip()
    if not name:
        return None
    folder = expand_home(name)
    try:
        fault = "" if folder.is_dir() else "is not a folder"
    except OSError as error:
        fault = f"cannot be looked into ({error.strerror})"
    if fault:
        raise OneSentence(
            f"{MIRROR_VARIABLE} names {name!r}, which {fault}; "
            "set it to a folder that holds the data sets, or unset it."
        )
    return folder.resolve()


@contextlib.contextmanager
def quiet_stderr():
    """Silence the process's error stream, where TensorFlow writes its start-up notes."""
    sys.stderr.flush()
    kept, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)


def prepare(seed: int = 0, precision: str = "auto") -> str:
    """Start TensorFlow quietly, seed it and choose the precision of what follows.

    Args:
        seed: seeds Python, NumPy and TensorFlow.
        precision: "float32", "mixed_bfloat16", "mixed_float16", or "auto" for the fastest that
            this machine does in hardware.

    Returns:
        A line for the page: versions, device, precision; on Colab without a graphics processor, a
        second on how to switch one on.
    """
    # TensorFlow takes oneDNN's convolutions on AVX512 alone; older processors gain, too
    # (benchmarks/README.md).
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    # scikit-learn's threads wait asleep: awake, t-SNE beside a training takes half a minute.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    with quiet_stderr():
        import keras
        import tensorflow as tf

        graphics = tf.config.list_physical_devices("GPU")
        tf.zeros(1)  # the first operation starts the device, and its notes
    tf.get_logger().setLevel("ERROR")  # each new training would warn of a new graph
    policy = choose_precision(precision, graphics)
    keras.mixed_precision.set_global_policy(policy)
    keras.utils.set_random_seed(seed)
    device = f"CPU with {os.cpu_count()} cores"
    if graphics:
        details = tf.config.experimental.get_device_details(graphics[0])
        device = details.get("device_name", "GPU")
    line = f"TensorFlow {tf.__version__}, Keras {keras.__version__}, {device}, precision {policy}"
    return f"{line}\n{SWITCH_ON}" if "google.colab" in sys.modules and not graphics else line


def choose_precision(precision: str, graphics: list) -> str:
    """Resolve "auto": float16 on tensor cores, bfloat16 where the processor has it, or float32."""
    if precision != "auto":
        return precision
    if graphics:
        import tensorflow as tf

        details = tf.config.experimental.get_device_details(graphics[0])
        has_cores = (details.get("compute_capability") or (0, 0)) >= (7, 0)
        return "mixed_float16" if has_cores else "float32"
    return "mixed_bfloat16" if "bfloat16" in processor()["instructions"] else "float32"


def processor() -> dict[str, str]:
    """Name the processor and what decides its speed.

    Returns:
        `processor`, its model, with family and number where known (many virtual machines name the
        maker alone), and `instructions`, its own of AVX2, AVX512 and bfloat16; "" if unknown.
    """
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:  # not Linux
        return {"processor": platform.processor(), "instructions": ""}
    entries = dict(re.findall(r"^(.*?)\s*: (.*)$", text, re.MULTILINE))
    flags = entries.get("flags", entries.get("Features", ""))
    signs = {"AVX2": "avx2", "AVX512": "avx512f", "bfloat16": "avx512_bf16|amx_bf16|bf16"}
    found = [name for name, sign in signs.items() if re.search(rf"\b({sign})\b", flags)]
    name = entries.get("model name") or platform.processor()
    if "cpu family" in entries:
        name += f" (family {entries['cpu family']}, model {entries.get('model', '?')})"
    return {"processor": name, "instructions": " ".join(found)}
