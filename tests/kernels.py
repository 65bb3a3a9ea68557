"""A live kernel, spoken to as a notebook's front end does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel


@contextmanager
def kernel_in(folder: Path, **options) -> Iterator[BlockingKernelClient]:
    """Start a kernel that works in a folder; end it afterwards."""
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(folder), **options)
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def run_cell(
    client: BlockingKernelClient, code: str, someone: bool, seconds: float = 60
) -> list[dict]:
    """Run a cell as a front end with (or without) a person does; return its outputs."""
    message = client.execute(code, allow_stdin=someone)
    outputs = []
    while True:
        try:
            reply = client.get_iopub_msg(timeout=seconds)
        except Empty:
            pytest.fail(f"the kernel gave no answer to {code!r}")
        if reply["parent_header"].get("msg_id") != message:
            continue
        if reply["msg_type"] == "status" and reply["content"]["execution_state"] == "idle":
            return outputs
        content = reply["content"]
        if reply["msg_type"] == "stream" and outputs and outputs[-1].get("name") == content["name"]:
            outputs[-1]["text"] += content["text"]  # a busy kernel sends one print in two parts
        elif reply["msg_type"] in {"stream", "display_data", "execute_result", "error"}:
            outputs.append(content)
