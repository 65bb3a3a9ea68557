"""Errors of one sentence, as a notebook shows them."""

from __future__ import annotations

import pytest
from kernels import kernel_in, run_cell

from helpers.data import download
from helpers.data.download import find_data
from helpers.environment import PROJECT
from helpers.messages import NotAvailable, OneSentence, format_seconds, time_unit
from helpers.parameters import ParameterError
from helpers.photos import PhotoError

CODE = """\
from helpers.parameters import check_parameters
EPOCHS: int = 0
check_parameters(globals())"""


def test_what_a_learner_gets_wrong_is_told_in_one_sentence():
    assert issubclass(ParameterError, OneSentence) and issubclass(PhotoError, OneSentence)
    assert issubclass(OneSentence, ValueError)


def test_pictures_that_cannot_be_had_and_a_wrong_mirror_are_told_in_one_sentence(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path / "none"))
    with pytest.raises(OneSentence, match="which is not a folder") as wrong:
        find_data("rock_paper_scissors", "full", tmp_path)
    assert wrong.value._render_traceback_() == [f"OneSentence: {wrong.value}"]
    monkeypatch.setenv("COURSE_MIRROR", "")
    monkeypatch.setattr(download._Search, "find", lambda *_: None)
    with pytest.raises(NotAvailable, match="The real pictures of") as missing:
        find_data("rock_paper_scissors", "full", tmp_path)
    assert missing.value._render_traceback_() == [f"NotAvailable: {missing.value}"]


def test_a_notebook_shows_the_sentence_and_no_calls():
    with kernel_in(PROJECT) as client:
        (error,) = run_cell(client, CODE, someone=True)
    said = "Parameters: EPOCHS is 0 (int), but must be 1 to 500."
    assert (error["ename"], error["evalue"]) == ("ParameterError", said)
    assert error["traceback"] == [f"ParameterError: {said}"]


def test_times_are_given_in_a_unit_that_is_easy_to_read():
    assert [format_seconds(each) for each in (0.4, 99, 150)] == ["0 s", "99 s", "2.5 min"]


@pytest.mark.parametrize(
    ("longest", "unit"),
    [(0, "seconds"), (1.9, "seconds"), (2, "minutes"), (120, "minutes"), (121, "hours")],
)
def test_units_of_time(longest, unit):
    assert time_unit(longest)[0] == unit
