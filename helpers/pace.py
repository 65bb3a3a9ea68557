"""How long a lesson takes: at class pace about ten minutes, or as long as the walkthrough took."""

from __future__ import annotations

import os
import time
from collections.abc import MutableMapping
from typing import Any

from helpers.messages import OneSentence
from helpers.parameters import injected_names

PACES = ("published", "class")
PACE_VARIABLE = "COURSE_PACE"  # what "auto" is to choose; `tools.publishing` sets it
# Of two old cores (AMD EPYC of 2017, float32), see `probe`; lessons estimate minutes for these.
REFERENCE = 34.0
PATIENCE_MINUTES = 20  # up to here, the published length is chosen


class PaceError(OneSentence):
    """A pace that does not exist, also one named by `COURSE_PACE`."""


def set_pace(
    namespace: MutableMapping[str, Any], minutes: tuple[float, float], **values: tuple[Any, Any]
) -> str:
    """Shorten a lesson where its parameter PACE, or this machine, asks for it.

    A parameter keeps a value that is not the published one, or that papermill was given.

    Args:
        namespace: the notebook's `globals()`; PACE in it is "published", "class", or "auto" to
            choose by what this machine does in a second (else PaceError).
        minutes: what the lesson takes on two old cores, published and at class pace; estimates.
        **values: the published value of each parameter that the pace decides, and the shorter one.

    Returns:
        One line: the pace, why, what it changes, and how long the other would take.
    """
    pace, why = namespace["PACE"], "as asked"
    if pace == "auto":
        pace = os.environ.get(PACE_VARIABLE) or pace
        why = f"as {PACE_VARIABLE} asks"
    if pace not in (*PACES, "auto"):
        name = "PACE" if why == "as asked" else f"The environment variable {PACE_VARIABLE}"
        raise PaceError(f"{name} is {pace!r}; choose published, class or auto.")
    if pace == "auto":
        slower = REFERENCE / probe()
        estimates = {name: each * slower for name, each in zip(PACES, minutes, strict=True)}
        patient = estimates["published"] <= PATIENCE_MINUTES
        pace, other = PACES if patient else PACES[::-1]
        why = (
            f"about {_minutes(estimates[pace])} here; "
            f'PACE = "{other}" would take about {_minutes(estimates[other])}'
        )
    changed = []
    if pace == "class":
        given = injected_names(namespace)
        for name, (published, shorter) in values.items():
            if namespace[name] == published and name not in given:
                namespace[name] = shorter
                changed.append(f"{name} {shorter} instead of {published}")
    line = f"Pace: {pace}, {why}."
    return f"{line} {', '.join(changed)}." if changed else line


def probe(seconds: float = 1.0) -> float:
    """Measure for some seconds how fast this machine convolves, after one pass to start.

    Returns:
        Billions of multiplications a second, float32 or the precision in force, of a convolution
        of 64 filters over 32 feature maps of 64 x 64, 16 pictures at a time.
    """
    import tensorflow as tf

    dtype = tf.keras.mixed_precision.global_policy().compute_dtype
    pictures = tf.ones((16, 64, 64, 32), dtype)
    filters = tf.ones((3, 3, 32, 64), dtype)
    work = 16 * 64 * 64 * 32 * 64 * 9

    @tf.function
    def convolve():
        return tf.reduce_sum(tf.nn.conv2d(pictures, filters, 1, "SAME"))

    convolve().numpy()
    start, passes = time.perf_counter(), 0
    while (passed := time.perf_counter() - start) < seconds:
        convolve().numpy()
        passes += 1
    return passes * work / passed / 1e9


def _minutes(number: float) -> str:
    return f"{number:.0f} minutes" if number >= 1.5 else "a minute"
