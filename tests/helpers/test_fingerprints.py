"""What counts as the same code: comments do not, code and settings do, wherever a module lies."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from helpers import fingerprints
from helpers.fingerprints import course_version, fingerprint, modules_used, version_of

SOURCES = {
    "helpers/__init__.py": "",
    "helpers/first.py": "from helpers.second import thing",
    "helpers/second.py": "def late():\n    from helpers.inner import third",
    "helpers/inner/__init__.py": "x = 1",
    "helpers/inner/third.py": "import helpers.first",
    "helpers/apart.py": "x = 1",
    "tools/mover.py": "x = 1",
}


@pytest.fixture
def project(tmp_path):
    for name, source in SOURCES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)
    return tmp_path


def test_modules_are_found_through_others_and_in_sub_folders(project):
    used = modules_used(["helpers.first", "json", "helpers.none", "tools.mover"], project)
    assert list(used) == [
        "helpers",
        "helpers.first",
        "helpers.inner",
        "helpers.inner.third",
        "helpers.second",
    ]


@pytest.mark.parametrize("name", ["helpers/inner/third.py", "helpers/inner/__init__.py"])
def test_a_change_in_a_sub_folder_is_noticed(project, name):
    before = modules_used(["helpers.first"], project)
    (project / name).write_text("x = 2")
    after = modules_used(["helpers.first"], project)
    assert [module for module in after if after[module] != before[module]] == [
        name.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")
    ]
    assert version_of(before) != version_of(after)


def test_code_that_was_edited_after_it_was_loaded_is_marked(monkeypatch):
    version = course_version()
    monkeypatch.setattr(fingerprints, "STARTED", datetime(2020, 1, 1, tzinfo=UTC))
    assert course_version() == version.removesuffix("+") + "+"


@pytest.mark.parametrize("name", ["helpers/apart.py", "tools/mover.py"])
def test_what_is_not_used_changes_nothing(project, name):
    before = modules_used(["helpers.first"], project)
    (project / name).write_text("x = 2")
    assert modules_used(["helpers.first"], project) == before


def test_comments_docstrings_and_line_ends_are_no_change_but_values_are(tmp_path):
    path = tmp_path / "a.py"
    path.write_bytes(b'"""Doc."""\n\ndef f(x):\n    return x + 1\n')
    first = fingerprint(path)
    path.write_bytes(b'"""Other."""\r\ndef f(x):  # note\r\n    """Add."""\r\n    return x + 1\r\n')
    assert fingerprint(path) == first
    path.write_bytes(b"def f(x):\n    return x + 2\n")
    assert fingerprint(path) != first


def test_the_catalog_counts_for_whoever_reads_it(project):
    (project / "helpers/data").mkdir()
    (project / "data").mkdir()
    (project / "helpers/data/catalog.py").write_text("x = 1")
    (project / "data/catalog.toml").write_text("a = 1  # one\n")
    before = modules_used(["helpers.data.catalog"], project)
    (project / "data/catalog.toml").write_text("# words\na = 1\n")
    assert modules_used(["helpers.data.catalog"], project) == before
    (project / "data/catalog.toml").write_text("a = 2\n")
    assert modules_used(["helpers.data.catalog"], project) != before
