"""A live kernel, spoken to as a notebook's front end does."""

from __future__ import annotations

from queue import Empty

import pytest


def run_cell(client, code: str, someone: bool, seconds: float = 60) -> list[dict]:
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
