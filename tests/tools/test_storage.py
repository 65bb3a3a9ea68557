"""Papermill's storage addresses."""

from __future__ import annotations

import pytest

from tools import storage
from tools.storage import check_address, copy_files, is_address


def test_files_go_through_papermill(memory, tmp_path):
    (tmp_path / "a.ipynb").write_text("{}")
    (tmp_path / "a.json").write_text("[1]")
    check_address("memory://bucket/sweep")
    copy_files([tmp_path / "a.ipynb", tmp_path / "a.json"], "memory://bucket/sweep/")
    assert memory.files == {
        "memory://bucket/sweep/a.ipynb": "{}",
        "memory://bucket/sweep/a.json": "[1]",
    }


@pytest.mark.parametrize("address", ["ftp://bucket", "https://example.org/x", "local://x", "://"])
def test_other_addresses_are_refused_with_those_allowed(address):
    with pytest.raises(ValueError, match=r"papermill writes to s3://, gs://, .*; or give a"):
        check_address(address)


def test_an_address_names_a_bucket():
    with pytest.raises(ValueError, match="names no bucket: write s3://bucket/folder"):
        check_address("s3://")


@pytest.mark.parametrize("module", ["no_such_package", "no_such_package.within"])
def test_a_missing_package_is_named_with_the_extra_that_brings_it(monkeypatch, module):
    monkeypatch.setitem(storage.STORES, "s3", ("json", "papermill[s3]"))
    check_address("s3://bucket")
    monkeypatch.setitem(storage.STORES, "s3", (module, "papermill[s3]"))
    with pytest.raises(ValueError, match=rf'package {module}, .* install "papermill\[s3\]"'):
        check_address("s3://bucket")


def test_a_folder_is_no_address():
    assert is_address("gs://bucket/x")
    assert not is_address("runs/sweeps")
    assert not is_address("C:\\runs")
