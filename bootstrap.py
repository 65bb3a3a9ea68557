"""Make the course's environment: the folder .venv, with the packages of requirements.lock.

    python bootstrap.py
    python bootstrap.py site     the folder .venv-site: what builds the web site
    python bootstrap.py colab    the folder .venv-colab: Colab's versions, for `make test-colab`

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
# Each environment: its folder, the list of its packages, the lists in that list, time and size.
ENVIRONMENTS = {
    "course": (".venv", "requirements.lock", (), "a few minutes, 3 GB"),
    "site": (".venv-site", "requirements-site.txt", (), "a minute, 300 MB"),
    "colab": (".venv-colab", "requirements-colab.txt", ("requirements.txt",), "some minutes, 3 GB"),
}
# Says which packages were installed; written last, so that an interrupted installation is none.
STATE = "course-packages.txt"
UNFINISHED = "unfinished"
VERSIONS = ((3, 12), (3, 13), (3, 11))
PROBE = "import sys; sys.exit(sys.version_info[:2] not in {})".format(VERSIONS)


def main(name="course"):
    """Make an environment where it is missing, unfinished or out of date.

    Args:
        name: one of ENVIRONMENTS.

    Returns:
        0 where it is complete, 1 with a sentence on stderr where it is not.
    """
    if name not in ENVIRONMENTS:
        known = ", ".join(sorted(ENVIRONMENTS))
        sys.stderr.write("There is no environment {}; choose one of {}.\n".format(name, known))
        return 1
    environment = Environment(*ENVIRONMENTS[name])
    problem = environment.make()
    if problem:
        sys.stderr.write(problem + "\n")
        return 1
    return 0


class Environment:
    """A folder with a Python and a list of packages in it.

    Args:
        folder: its name in the project's folder.
        packages: name of the list, a requirements file of pip's.
        included: names of the lists that this one includes.
        cost: what the first installation takes, in words.
    """

    def __init__(self, folder, packages, included, cost):
        self.name, self.packages, self.cost = folder, packages, cost
        self.lists = [os.path.join(PROJECT, name) for name in (packages,) + included]
        self.folder = os.path.join(PROJECT, folder)

    @property
    def python(self):
        """Path of the environment's Python."""
        inside = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
        return os.path.join(self.folder, *inside)

    def make(self):
        """Make what is missing. Return what went wrong, or None."""
        wanted, state = self.digest(), self.state()
        if state == wanted and self.works():
            return None
        problem = self.make_folder(state) or self.install(wanted)
        if problem is None:
            print("The environment is complete: {}".format(self.name))
        return problem

    def make_folder(self, state):
        """Make the folder, unless a good one is there. Return what went wrong, or None."""
        if self.works() and state != UNFINISHED:
            return None
        if os.path.isdir(self.folder) and state is None:
            return (
                "The folder {} was not made by this course, and no Python 3.11 to 3.13 runs in "
                "it; rename or delete it, then run the same command again."
            ).format(self.name)
        python = _find_python()
        if python is None:
            return _missing_python()
        shutil.rmtree(self.folder, ignore_errors=True)
        if not os.path.isdir(self.folder):  # on Windows a file in use keeps it
            os.makedirs(self.folder)
        self.write_state(UNFINISHED)
        print("Making {} and installing its packages: once, {}.".format(self.name, self.cost))
        sys.stdout.flush()
        if subprocess.call(python + ["-m", "venv", self.folder]) != 0:
            return "Making {} failed; the reason stands above.".format(self.name)
        return None

    def install(self, wanted):
        """Install the packages. Return what went wrong, or None."""
        if self.state() is not None:  # in somebody else's folder, an installation just goes on
            self.write_state(UNFINISHED)
        pip = [self.python, "-m", "pip", "--disable-pip-version-check"]
        if subprocess.call(pip + ["install", "-r", self.lists[0]]) != 0:
            return (
                "Installing the packages of {} failed; the reason stands above. "
                "TensorFlow needs 64-bit Linux, Windows or a Mac with Apple silicon, and the first "
                "installation needs the network. Run the same command again to start afresh."
            ).format(self.packages)
        self.write_state(wanted)
        return None

    def works(self):
        """Tell whether a fitting Python runs in the folder."""
        return os.path.isdir(self.folder) and _succeeds([self.python, "-c", PROBE])

    def digest(self):
        """Return a checksum of the lists of packages."""
        checksum = hashlib.sha256()
        for path in self.lists:
            with open(path, "rb") as packages:
                checksum.update(packages.read())
        return checksum.hexdigest()

    def state(self):
        """Return the checksum of what was installed, UNFINISHED, or None where that is unknown."""
        try:
            with open(os.path.join(self.folder, STATE)) as state:
                return state.read().strip()
        except (IOError, OSError):
            return None

    def write_state(self, text):
        """Say what was installed."""
        with open(os.path.join(self.folder, STATE), "w") as state:
            state.write(text + "\n")


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


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:2]))
    except KeyboardInterrupt:
        sys.exit("\nStopped; run the same command again to start afresh.")
