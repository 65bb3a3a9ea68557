"""Errors of one sentence, as a notebook shows them."""

from __future__ import annotations

from jupyter_client.manager import start_new_kernel
from kernels import run_cell

from helpers.environment import PROJECT
from helpers.messages import OneSentence
from helpers.parameters import ParameterError
from helpers.photos import PhotoError

CODE = """\
from helpers.parameters import check_parameters
EPOCHS: int = 0
check_parameters(globals())"""


def test_what_a_learner_gets_wrong_is_told_in_one_sentence():
    assert issubclass(ParameterError, OneSentence) and issubclass(PhotoError, OneSentence)
    assert issubclass(OneSentence, ValueError)


def test_a_notebook_shows_the_sentence_and_no_calls():
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(PROJECT))
    try:
        (error,) = run_cell(client, CODE, someone=True)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    said = "Parameters: EPOCHS is 0 (int), allowed is 1 to 500."
    assert (error["ename"], error["evalue"]) == ("ParameterError", said)
    assert error["traceback"] == [f"ParameterError: {said}"]
