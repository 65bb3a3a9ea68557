"""A picture that is small on the disk and huge in memory."""

from __future__ import annotations

import struct
import zlib


def bomb(side: int) -> bytes:
    """Return a PNG of a few bytes that claims to be a huge square."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">L", zlib.crc32(kind + body))
        return struct.pack(">L", len(body)) + kind + body + check

    header = chunk(b"IHDR", struct.pack(">LLBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
