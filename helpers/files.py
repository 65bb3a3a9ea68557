"""Write a file whole or not at all."""

from __future__ import annotations

import uuid
from pathlib import Path


def write_atomically(target: Path, text: str) -> None:
    """Write text as UTF-8 beside the target, then put it in the target's place.

    Args:
        target: the file; its folder is made where it is missing.
        text: the whole content.

    Raises:
        OSError: the file cannot be written; the target is left as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex[:6]}.part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
