"""How the benchmarks take times; loads no library that is to be measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from helpers.environment import PROJECT


def seconds_each(action: Callable[[], object], repeats: int) -> float:
    """Return the mean seconds of an action, after one that does not count: it builds the graph."""
    action()
    start = time.perf_counter()
    for _ in range(repeats):
        action()
    return (time.perf_counter() - start) / repeats


def in_own_process(module: str, function: str, **variables: str) -> Any:
    """Call a function without arguments in a process of its own; return what it returns, as JSON.

    `variables` are added to the environment.
    """
    code = f"import json; from {module} import {function}; print(json.dumps({function}()))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(run.stdout.splitlines()[-1])
