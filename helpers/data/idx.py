"""Read idx files, in which MNIST and Fashion-MNIST are published.

Such a file begins with two zero bytes, one byte for the kind of number and one for the number of
dimensions; the length of each dimension follows as four bytes, the highest first, then the numbers.

Source: Y. LeCun, C. Cortes, C. Burges (1998), The MNIST database of handwritten digits.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

UNSIGNED_BYTES = 8  # the kind of number
PREFIXES = {"train": "train", "test": "t10k"}  # of the file names


def read_idx(file: Path, dimensions: int) -> np.ndarray:
    """Read a gzip-compressed idx file of unsigned bytes; the array is not to be written to.

    It must have so many `dimensions`: 3 for pictures, 1 for labels. Errors: see `read_split`.
    """
    content = _unpack(file)
    magic, start = bytes([0, 0, UNSIGNED_BYTES, dimensions]), 4 + 4 * dimensions
    if content[:4] != magic:
        raise _broken(file, f"begins with the bytes '{content[:4].hex()}', not '{magic.hex()}'")
    if len(content) < start:
        raise _broken(file, "ends before its first number")
    shape = np.frombuffer(content, ">u4", dimensions, offset=4).tolist()
    if len(content) - start != math.prod(shape):
        told = " x ".join(map(str, shape))
        raise _broken(file, f"holds {len(content) - start:,} bytes instead of {told}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def read_split(folder: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Read the pictures and the labels of the split "train" or "test" from files named as MNIST's.

    Returns:
        (grey pictures, uint8, shape (n, height, width), 0 to 255; labels, uint8, shape (n,)).

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: there is no such split, the two files do not belong together, or one is damaged,
            holds something else, or more or less than it tells.
    """
    if split not in PREFIXES:
        raise ValueError(f"Idx files have no split {split!r}; they have: {', '.join(PREFIXES)}.")
    images_file = folder / f"{PREFIXES[split]}-images-idx3-ubyte.gz"
    labels_file = folder / f"{PREFIXES[split]}-labels-idx1-ubyte.gz"
    images, labels = read_idx(images_file, 3), read_idx(labels_file, 1)
    if len(images) != len(labels):
        raise _broken(labels_file, f"holds {len(labels):,} labels for {len(images):,} pictures")
    return images, labels


def _unpack(file: Path) -> bytes:
    try:
        return gzip.decompress(file.read_bytes())
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{file.name} is not in the folder {file.parent.name!r}; find the data again."
        ) from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise _broken(file, "is cut short, changed or not compressed by gzip") from None
    except OSError as error:
        raise _broken(file, f"cannot be read ({error.strerror})") from None


def _broken(file: Path, fault: str) -> ValueError:
    return ValueError(f"{file.name} {fault}; remove it and find the data again.")
