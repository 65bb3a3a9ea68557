"""How the benchmarks take times; loads no library that is to be measured."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any
from unittest.mock import patch


def seconds_each(action: Callable[[], object], repeats: int) -> float:
    """Return the mean seconds of an action, after one that does not count: it builds the graph."""
    action()
    start = time.perf_counter()
    for _ in range(repeats):
        action()
    return (time.perf_counter() - start) / repeats


def in_own_process(function: Callable[[], Any], **variables: str) -> Any:
    """Call a module's function in a new process, with these variables in its environment."""
    with patch.dict(os.environ, variables), ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(function).result()
