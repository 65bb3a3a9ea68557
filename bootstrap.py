"""Make the course's environment: the folder .venv, with the packages of requirements.lock.

    python bootstrap.py

Nothing happens where the environment is complete. Written for any Python, old ones too, so that a
wrong one gets a sentence instead of a syntax error.
"""
# ruff: noqa: PTH100, PTH103, PTH112, PTH118, PTH120, PTH123, RUF005, UP024, UP032

import hashlib
import os
import shutil
import subprocess
import sys

PROJECT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(PROJECT, ".venv")
LOCK = os.path.join(PROJECT, "requirements.lock")
# Says which lock was installed; written last, so that an interrupted installation is none.
STATE = os.path.join(VENV, "course-packages.txt")
UNFINISHED = "unfinished"
VERSIONS = ((3, 12), (3, 13), (3, 11))
PROBE = "import sys; sys.exit(sys.version_info[:2] not in {})".format(VERSIONS)


def main():
    """Make the environment where it is missing, unfinished or out of date.

    Returns:
        0 where it is complete, 1 with a sentence on stderr where it is not.
    """
    wanted, state = _digest(), _state()
    if state == wanted and _succeeds([_venv_python(), "-c", PROBE]):
        return 0
    problem = _make_folder(state) or _install(wanted)
    if problem:
        sys.stderr.write(problem + "\n")
        return 1
    print("The environment is complete: .venv")
    return 0


def _make_folder(state):
    """Make .venv, unless a good one is there. Return what went wrong, or None."""
    works = os.path.isdir(VENV) and _succeeds([_venv_python(), "-c", PROBE])
    if works and state != UNFINISHED:
        return None
    if os.path.isdir(VENV) and state is None:
        return (
            "The folder .venv was not made by this course, and no Python 3.11 to 3.13 runs in it; "
            "rename or delete it, then run the same command again."
        )
    python = _find_python()
    if python is None:
        return _missing_python()
    shutil.rmtree(VENV, ignore_errors=True)
    if not os.path.isdir(VENV):  # on Windows a file in use keeps it
        os.makedirs(VENV)
    _write_state(UNFINISHED)
    print("Making .venv and installing the course's packages: once, a few minutes, 3 GB.")
    sys.stdout.flush()
    if subprocess.call(python + ["-m", "venv", VENV]) != 0:
        return "Making .venv failed; the reason stands above."
    return None


def _install(wanted):
    """Install the lock's packages. Return what went wrong, or None."""
    if (
        _state() is not None
    ):  # in a folder somebody else made, an unfinished installation just goes on
        _write_state(UNFINISHED)
    pip = [_venv_python(), "-m", "pip", "--disable-pip-version-check"]
    if subprocess.call(pip + ["install", "-r", LOCK]) != 0:
        return (
            "Installing the packages of requirements.lock failed; the reason stands above. "
            "TensorFlow needs 64-bit Linux, Windows or a Mac with Apple silicon, and the first "
            "installation needs the network. Run the same command again to start afresh."
        )
    _write_state(wanted)
    return None


def _find_python():
    """Find a fitting Python that can make environments: this one, or one on the path."""
    names = [["python{}.{}".format(*version)] for version in VERSIONS]
    launched = [["py", "-{}.{}".format(*version)] for version in VERSIONS]  # on Windows
    for python in [[sys.executable]] + names + launched:
        if _succeeds(python + ["-c", "import ensurepip, venv; " + PROBE]):
            return python
    return None


def _missing_python():
    if sys.version_info[:2] in VERSIONS:
        return (
            "This Python cannot make environments; on Debian and Ubuntu install the package "
            "python3-venv, then run the same command again."
        )
    return (
        "The course needs Python 3.11, 3.12 or 3.13, and this is {}.{}; install one of them "
        "(python.org has them), then run the same command again."
    ).format(*sys.version_info[:2])


def _succeeds(command):
    """Run a command silently. A name on the path may well not run, so it is tried."""
    with open(os.devnull, "w") as nothing:
        try:
            return subprocess.call(command, stdout=nothing, stderr=nothing) == 0
        except OSError:
            return False


def _venv_python():
    folder, name = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return os.path.join(VENV, folder, name)


def _digest():
    with open(LOCK, "rb") as lock:
        return hashlib.sha256(lock.read()).hexdigest()


def _state():
    try:
        with open(STATE) as state:
            return state.read().strip()
    except (IOError, OSError):
        return None


def _write_state(text):
    with open(STATE, "w") as state:
        state.write(text + "\n")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\nStopped; run the same command again to start afresh.")
