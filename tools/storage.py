"""Papermill's storage addresses: executed notebooks and records in a bucket.

Papermill writes to Amazon S3, Google Cloud Storage, Azure and HDFS where the package for each is
installed, with the credentials that this package finds by itself.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from pathlib import Path

from papermill.iorw import papermill_io

# What begins an address, the module that papermill needs for it, the extra that brings it.
STORES = {
    "s3": ("boto3", "papermill[s3]"),
    "gs": ("gcsfs", "papermill[gcs]"),
    "abs": ("azure.storage.blob", "papermill[azure]"),
    "adl": ("azure.datalake.store", "papermill[azure]"),
    "hdfs": ("pyarrow", "papermill[hdfs]"),
}


def is_address(place: str) -> bool:
    """Whether a text is a storage address rather than a folder or file."""
    return "://" in place


def check_address(address: str) -> None:
    """Refuse an address, such as "s3://bucket/folder", to which papermill cannot write here."""
    scheme, _, place = address.partition("://")
    if scheme not in STORES:
        allowed = ", ".join(f"{name}://" for name in STORES)
        raise ValueError(f"{address}: papermill writes to {allowed}; or give a folder.")
    if not place.strip("/"):
        raise ValueError(f"{address} names no bucket: write {scheme}://bucket/folder.")
    module, extra = STORES[scheme]
    try:
        importlib.import_module(module)
    except ImportError:
        raise ValueError(
            f"{address}: to write to {scheme}:// papermill needs the package {module}, "
            f'which is not installed; install "{extra}".'
        ) from None


def copy_files(files: Iterable[Path], address: str) -> None:
    """Copy text files to a storage address; the store's own package may raise anything."""
    for path in files:
        papermill_io.write(path.read_text(encoding="utf-8"), f"{address.rstrip('/')}/{path.name}")
