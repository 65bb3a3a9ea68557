"""Make the course's environment: the folder .venv, with the packages of requirements.lock.

    python bootstrap.py
    python bootstrap.py site     the folder .venv-site: what builds the web site
    python bootstrap.py colab    the folder .venv-colab: Colab's versions, for `make test-colab`

Nothing happens where the environment is complete: each package is looked for, at every start. Of
pip's settings only those count that say where packages come from, not where they would go to.
Written for any Python, old ones too, so that a wrong one gets a sentence instead of a syntax error.
"""
# ruff: noqa: PTH100, PTH103, PTH112, PTH118, PTH120, PTH123, PTH208, RUF005, SIM905, UP024, UP032

import ast
import contextlib
import errno
import hashlib
import os
import shutil
import subprocess
import sys
import time

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None

PROJECT = os.path.dirname(os.path.abspath(__file__))
# Each environment: its folder, the list of its packages, the lists in that list, time and size.
ENVIRONMENTS = {
    "course": (".venv", "requirements.lock", (), "a few minutes, 3 GB"),
    "site": (".venv-site", "requirements-site.txt", (), "a minute, 300 MB"),
    "colab": (".venv-colab", "requirements-colab.txt", ("requirements.txt",), "some minutes, 3 GB"),
}
# A checksum of the lists that were installed, then what must be there: a path a line. Written
# last, so that an interrupted installation is none.
STATE = "course-packages.txt"
UNFINISHED = "unfinished"  # a folder that was being made: it is made afresh
CHANGING = "changing"  # a folder whose packages were being changed: that goes on
VERSIONS = ((3, 12), (3, 13), (3, 11))
PROBE = "import sys; sys.exit(sys.version_info[:2] not in {})".format(VERSIONS)
# What may be set for pip, in its files and variables: the way to packages, never where they go.
SOURCES = """
    index-url extra-index-url no-index find-links trusted-host proxy cert client-cert timeout
    default-timeout retries keyring-provider cache-dir no-cache-dir only-binary use-feature
    use-deprecated
""".split()
# Runs in the environment, with the lists as arguments: prints which packages are absent or damaged,
# and the paths of the others.
INVENTORY = r"""
import importlib.metadata, os, pathlib, re, sys
from pip._vendor.packaging.requirements import InvalidRequirement, Requirement

text = "\n".join(pathlib.Path(path).read_text(encoding="utf-8") for path in sys.argv[1:])
for line in text.replace("\\\n", " ").splitlines():
    try:
        wanted = Requirement(re.split(r"(?:^|\s)(?:#|--hash)", line)[0])
    except InvalidRequirement:  # an empty line, or an option of pip's
        continue
    if wanted.marker and not wanted.marker.evaluate():
        continue
    try:
        found = importlib.metadata.distribution(wanted.name)
    except importlib.metadata.PackageNotFoundError:
        found = None
    if found is None or not wanted.specifier.contains(found.version, prereleases=True):
        print("absent", wanted.name)
        continue
    record = (found.read_text("RECORD") or "").splitlines()
    names = (line.rsplit(",", 2)[0].strip('"') for line in record)
    tops = {name if name.startswith("..") else name.split("/")[0] for name in names}
    places = [os.path.abspath(found.locate_file(top)) for top in sorted(tops - {"__pycache__"})]
    if all(map(os.path.exists, places)):
        print(*("there " + os.path.relpath(place, sys.prefix) for place in places), sep="\n")
    else:
        print("damaged", wanted.name)
"""


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
    try:
        problem = Environment(*ENVIRONMENTS[name]).make()
    except subprocess.CalledProcessError:
        problem = "A command failed, the reason stands above; delete {}, then try again.".format(
            ENVIRONMENTS[name][0]
        )
    except EnvironmentError as error:
        problem = (
            "{}: {}. The course's folder must be whole, and yours to write to; see to that, or "
            "copy the course to another folder, then run the same command again."
        ).format(error.filename or "the course's folder", error.strerror or error)
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
        if self.complete():
            return None
        if os.path.lexists(self.folder) and not os.path.isdir(self.folder):
            return (
                "{} must be a folder, but it is a file, or a link that leads nowhere; rename or "
                "delete it, then run the same command again."
            ).format(self.name)
        with _alone(self.folder + ".lock", self.name):
            if self.complete():  # another process has made it
                return None
            problem = self.make_folder() or self.install()
        if problem is None:
            print("The environment is complete: {}".format(self.name))
        return problem

    def complete(self):
        """Tell whether the packages of these very lists are there, and a Python that runs."""
        state = self.state()
        paths = (os.path.join(self.folder, path) for path in state[1:])
        return state[:1] == [self.digest()] and all(map(os.path.exists, paths)) and self.works()

    def make_folder(self):
        """Make the folder, unless a good one is there. Return what went wrong, or None."""
        state = self.state()
        if self.works() and state != [UNFINISHED]:
            return None
        if os.path.isdir(self.folder) and os.listdir(self.folder) and not state:
            return (
                "The folder {} was not made by this course, and no Python 3.11 to 3.13 with pip "
                "runs in it; rename or delete it, then run the same command again."
            ).format(self.name)
        python = _find_python()
        if python is None:
            return _missing_python()
        folder = os.path.realpath(self.folder)  # a link stays one
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.isdir(folder):  # on Windows a file in use keeps it
            os.makedirs(folder)
        self.write_state(UNFINISHED)
        print("Making {} and installing its packages: once, {}.".format(self.name, self.cost))
        sys.stdout.flush()
        if subprocess.call(python + ["-I", "-m", "venv", folder]) != 0:
            return "Making {} failed; the reason stands above.".format(self.name)
        return None

    def install(self):
        """Install the packages. Return what went wrong, or None."""
        wanted, variables = self.digest(), self.pip_variables()
        if self.state() not in ([], [UNFINISHED]):
            self.write_state(CHANGING)
        pip = [self.python, "-I", "-m", "pip"]
        damaged = self.inventory()["damaged"]  # to pip they are there
        if damaged and subprocess.call(pip + ["uninstall", "-y"] + damaged, env=variables) != 0:
            return "Taking out {} failed; delete {}, then run the same command again.".format(
                ", ".join(damaged), self.name
            )
        if subprocess.call(pip + ["install", "-r", self.lists[0]], env=variables) != 0:
            return (
                "Installing the packages of {} failed; the reason stands above. "
                "TensorFlow needs 64-bit Linux, Windows or a Mac with Apple silicon, and the first "
                "installation needs the network. Run the same command again; if it fails again, "
                "delete {} first."
            ).format(self.packages, self.name)
        found = self.inventory()
        lacking = found["absent"] + found["damaged"]
        if lacking:
            return (
                "pip reports success, but {} has no whole {}; rename or delete the folder, then "
                "run the same command again."
            ).format(self.name, ", ".join(lacking))
        self.write_state("\n".join([wanted] + found["there"]))
        return None

    def inventory(self):
        """Return lists of the packages that are "absent" and "damaged", and of paths "there"."""
        command = [self.python, "-I", "-c", INVENTORY] + self.lists
        listed = subprocess.check_output(command, universal_newlines=True)
        found = {"absent": [], "damaged": [], "there": []}
        for line in filter(None, listed.splitlines()):
            kind, text = line.split(" ", 1)
            found[kind].append(text)
        return found

    def pip_variables(self):
        """Return the variables for pip, in which nothing decides where it installs."""
        # pip starts Python once more, which another one's PYTHONHOME would stop.
        own = dict(pair for pair in os.environ.items() if not pair[0].startswith("PYTHON"))
        others = dict(pair for pair in own.items() if not pair[0].startswith("PIP_"))
        plain = dict.fromkeys(["PIP_USER", "PIP_QUIET", "PIP_ISOLATED"], "0")
        asked = dict(own, PIP_PYTHON=self.python, **plain)
        command = [self.python, "-I", "-m", "pip", "config", "list"]
        try:
            settings = subprocess.check_output(command, env=asked, universal_newlines=True)
        except subprocess.CalledProcessError:  # pip has said why they cannot be read
            settings = ""
        for section in ("global.", "install.", ":env:."):  # the later ones win
            for key, _, value in (line.partition("=") for line in settings.splitlines()):
                if key.startswith(section) and key[len(section) :] in SOURCES:
                    name = key[len(section) :].upper().replace("-", "_")
                    others["PIP_" + name] = ast.literal_eval(value)
        return dict(others, PIP_CONFIG_FILE=os.devnull, PIP_DISABLE_PIP_VERSION_CHECK="1")

    def works(self):
        """Tell whether a fitting Python runs in the folder, with pip."""
        return os.path.isdir(self.folder) and _succeeds(
            [self.python, "-I", "-c", "import pip; " + PROBE]
        )

    def digest(self):
        """Return a checksum of the lists of packages."""
        checksum = hashlib.sha256()
        for path in self.lists:
            with open(path, "rb") as packages:
                checksum.update(packages.read())
        return checksum.hexdigest()

    def state(self):
        """Return the lines of STATE, none where the course made and installed nothing."""
        try:
            with open(os.path.join(self.folder, STATE)) as state:
                return state.read().splitlines()
        except (EnvironmentError, UnicodeError):
            return []

    def write_state(self, text):
        """Say what was installed."""
        with open(os.path.join(self.folder, STATE), "w") as state:
            state.write(text + "\n")


@contextlib.contextmanager
def _alone(path, name):
    """Keep other processes out, and wait for one that is at work."""
    with open(path, "a") as file:
        said = False
        while not _locks(file):
            if not said:
                print("Another process is making {}; waiting for it.".format(name))
                sys.stdout.flush()
            said = True
            time.sleep(0.5)
        yield


def _locks(file):
    """Lock a file until it is closed. Return whether that worked, or there are no locks."""
    try:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except EnvironmentError as error:
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True


def _find_python():
    """Find a fitting Python that can make environments: this one, or one on the path."""
    names = [["python{}.{}".format(*version)] for version in VERSIONS]
    launched = [["py", "-{}.{}".format(*version)] for version in VERSIONS]  # on Windows
    here = sys.executable or ""
    if here.startswith(PROJECT):  # in an environment that is about to be made afresh
        here = getattr(sys, "_base_executable", here)
    for python in [[here]] + names + launched:
        if _succeeds(python + ["-I", "-c", "import ensurepip, venv; " + PROBE]):
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
        sys.exit("\nStopped; run the same command again.")
