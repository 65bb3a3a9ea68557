"""A lesson's own cells in a process where the course's helpers cannot be imported."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from helpers.environment import PROJECT

BEGIN = """\
import json, sys
sys.modules["helpers"] = None
import keras, numpy as np
from keras import layers

"""


def run_alone(code: str, cells: Sequence[str]) -> Any:
    """Run code that gets the cells' sources on standard input; return the JSON it prints last."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + code],
        input=json.dumps(cells),
        capture_output=True,
        text=True,
        cwd=PROJECT,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])
