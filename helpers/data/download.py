"""Find the pictures of a data set: unpacked already, in a mirror folder, by download, or drawn.

Below the data folder lie `downloads/<archive>`, `<data set>/<split folders>` and
`samples/<data set>`. A data set appears there whole or not at all: whatever is half done has
another name, ending in `.partial`, and is cleared away by the next run.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import urlsplit

import filelock
import requests
import urllib3
from tqdm.auto import tqdm

from helpers.data.catalog import Archive, DataSet, Split, dataset
from helpers.environment import DATA_FOLDER, MIRROR_VARIABLE, mirror_folder
from helpers.files import check_file, explain, work_in
from helpers.messages import NotAvailable, format_seconds, list_names

Origin = Literal["cache", "mirror", "download", "drawn", "own"]

SOURCES = ("auto", "full", "samples")
CONNECT_SECONDS = 5  # for one connection
HOST_SECONDS = 10  # for a host to answer at all: its name may stand for a dozen machines
READ_SECONDS = 30  # without a single byte, in the middle of a transfer
FILE_SECONDS = 3600  # for a whole file
PIECE = 2**16  # bytes read at a time
LARGEST = 2**30  # bytes of a file of unknown size
SEEN = " (it holds "  # begins what only those need to know who get no real pictures

_WHERE = {"cache": "the data folder", "mirror": "the mirror folder", "download": "the download"}


@dataclass(frozen=True)
class Located:
    """A data set that was found.

    Attributes:
        dataset: its entry in the catalog.
        folder: holds the split folders, or the files of a data set that is not unpacked.
        kind: "full" for the real pictures, "samples" for drawn ones.
        origin: "cache" is the data folder, "own" see `folders.OwnPictures`.
        reason: why an earlier way did not serve; empty if the first one did.
    """

    dataset: DataSet
    folder: Path
    kind: Literal["full", "samples"]
    origin: Origin
    reason: str

    @property
    def line(self) -> str:
        """The sentence a notebook shows: which pictures these are, and why."""
        if self.kind == "samples":
            return f"Data: drawn sample pictures, because {self.reason}."
        number = sum(self.dataset.count_pictures(self.folder).values())
        what = f"{self.dataset.name}, {number:,} real pictures from {_WHERE[self.origin]}"
        return f"Data: {what}{f', because {self.reason}' if self.reason else ''}."

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of the splits, in the catalog's order."""
        return tuple(split.name for split in self.dataset.splits)

    def split_folder(self, split: str) -> Path:
        """Return the folder of a split's class folders, or of all files; ValueError if none."""
        inside = self.dataset.split(split).folder
        packed = self.dataset.layout == "files" and self.kind == "full"
        return self.folder if packed else self.folder / inside


def find_data(
    name: str | DataSet, source: str = "auto", folder: Path = DATA_FOLDER, own: bool = True
) -> Located:
    """Find a data set, fetching it if need be.

    Args:
        name: its name in the catalog, or an entry of one's own.
        source: "auto" takes the real pictures, unpacked in the data folder, from the mirror folder
            (only read) or by download, else drawn samples; "full" insists on the real ones;
            "samples" draws at once. Of a part of a data set the whole is taken where it is at hand
            or something must be fetched. All else is a folder, see `folders.open_folder`.
        folder: the data folder, which is written to.
        own: whether this lesson takes a folder of one's own.

    Raises:
        ValueError: the data set is not known, the folder of one's own does not serve, the mirror is
            not a folder, or there are no drawn samples of what is to be drawn.
        NotAvailable: the real pictures are not there, and were insisted on or cannot be drawn.
        OSError: no disk takes drawn ones, see `files.work_in`.
    """
    if source not in SOURCES:
        from helpers.data.folders import FolderError, open_folder

        if not own:
            raise FolderError(
                "This lesson only takes its own pictures: DATA may be auto, full or samples; "
                "lessons 1, 2, 4, 5 and 7 take a folder of yours, too."
            )
        return open_folder(source, cache=folder / "cache")
    wanted = name if isinstance(name, DataSet) else dataset(name)
    if source == "samples":
        return _draw(wanted, folder, "they were asked for")
    search = _Search(folder, mirror_folder(), [])
    found = search.find(wanted)
    notes = list(dict.fromkeys(search.notes))
    if found:
        return replace(found, reason="; ".join(note.partition(SEEN)[0] for note in notes))
    reason = "; ".join(notes)
    if source == "full" or not wanted.drawn:
        raise NotAvailable(
            f"The real pictures of {wanted.name} are unavailable: {reason}; "
            f"{_what_to_do(wanted.whole or wanted, folder)}."
        )
    return _draw(wanted, folder, reason)


def _draw(wanted: DataSet, folder: Path, reason: str) -> Located:
    from helpers.samples import draw_samples

    drawn, fault = work_in(
        folder / "samples", lambda place: draw_samples(wanted.name, place / wanted.name)
    )
    if fault:
        reason += f"; {fault}, so they are in the system's temporary folder"
    return Located(wanted, drawn, "samples", "drawn", reason)


def _what_to_do(wanted: DataSet, folder: Path) -> str:
    """Say which files to put where by hand."""
    if not wanted.archives:
        return f"name a folder that holds {wanted.name} in {MIRROR_VARIABLE} and run again"
    if os.path.lexists(folder / wanted.name):
        return f"move {folder.name}/{wanted.name} away and run again"
    files = [
        archive.name + (f" ({archive.bytes:,} bytes)" if archive.bytes else "")
        for archive in wanted.archives
        if check_file(folder / "downloads" / archive.name, archive.find_fault) != ""
    ]
    if not files:
        return f"{folder.name}/downloads holds all its archives; correct that and run again"
    listed = " and ".join(filter(None, [", ".join(files[:-1]), files[-1]]))
    return f"put {listed} into {folder.name}/downloads/ and run again"


@dataclass
class _Search:
    """The ways to the real pictures: each gives them, or None.

    `notes` gathers why a way did not serve, which an OSError may say, too; a mirror's data set is
    described as it lies there.
    """

    folder: Path
    mirror: Path | None
    notes: list[str]

    def find(self, wanted: DataSet) -> Located | None:
        for which, way in self._ways(wanted):
            try:
                if found := way(which):
                    return found
            except OSError as error:
                self.notes.append(explain(error))
        return None

    def _ways(self, wanted: DataSet) -> list[tuple[DataSet, Callable[[DataSet], Located | None]]]:
        """List the ways in order; the whole of a part comes first unless it must be fetched."""
        if wanted.whole is None:
            return [(wanted, way) for way in (self._cached, self._mirrored, self._from_archives)]
        part = [(wanted, self._cached), (wanted, self._mirrored)]
        of_whole = self._ways(wanted.whole)
        places = [self.folder / "downloads", *self._mirror_places(wanted.whole)]
        files = [place / archive.name for archive in wanted.whole.archives for place in places]
        if any(os.path.isfile(file) for file in files):  # noqa: PTH113 (false where one may not look)
            return [*of_whole, *part]
        return [*of_whole[:-1], *part, of_whole[-1]]

    def _cached(self, wanted: DataSet) -> Located | None:
        target = self.folder / wanted.name
        if not os.path.lexists(target):
            return None
        if shortage := wanted.find_shortage(target):
            raise OSError(f"{self.folder.name}/{wanted.name} is incomplete, {shortage}")
        return Located(wanted, target, "full", "cache", "")

    def _mirrored(self, wanted: DataSet) -> Located | None:
        if self.mirror is None:
            return None
        named = self._mirror_places(wanted)
        places = [(_as_it_lies(wanted, place), place) for place in self._unpacked_places(wanted)]
        unpacked = [(there, place) for there, place in places if there.is_in(place)]
        for there, place in unpacked:
            if not (shortage := there.find_shortage(place)):
                return Located(there, place, "full", "mirror", "")
            where = wanted.name if place in named[:-1] else f"{wanted.name} (in {place.name})"
            self.notes.append(f"the mirror folder's {where} is incomplete, {shortage}")
        archives = [place / archive.name for place in named for archive in wanted.archives]
        if not unpacked and not any(file.is_file() for file in archives):
            there = _what_is_there(wanted, self.mirror)
            raise OSError(f"the mirror folder does not hold {wanted.name}{there}")
        return None

    def _mirror_places(self, wanted: DataSet) -> list[Path]:
        """Where a mirror folder may keep a data set: in a folder of its own, or at the top."""
        names = (wanted.name, *wanted.mirror_names, "")
        return [self.mirror / name for name in names] if self.mirror else []

    def _unpacked_places(self, wanted: DataSet) -> list[Path]:
        """List where a data set may lie, also one level off; those that exist, likeliest first.

        Leave the top out if class folders lie at the data set's top: they could be any set's.
        """
        places, mirror = self._mirror_places(wanted), self.mirror
        if wanted.layout == "folders" and any(split.folder == "." for split in wanted.splits):
            own = mirror.name in (wanted.name, *wanted.mirror_names)
            places = places if own else places[:-1]
        else:
            if mirror.name in [split.folder for split in wanted.splits]:  # it is a part of the set
                places.append(mirror.parent)
            places += sorted(mirror.iterdir())
        return [place for place in dict.fromkeys(places) if place.is_dir()]

    def _from_archives(self, wanted: DataSet) -> Located | None:
        if not wanted.archives:
            raise OSError(f"there is no download of {wanted.name}")
        target, downloads = self.folder / wanted.name, self.folder / "downloads"
        downloads.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(downloads / f".{wanted.name}.lock")  # gone with its process
        try:
            held = lock.acquire(blocking=False)
        except filelock.Timeout:
            print("Another run is fetching the same data; waiting for it to end.")
            held = lock.acquire()
        with held:
            if os.path.lexists(target):  # incomplete and noted, or just filled by another run
                return self._cached(wanted)
            files = {archive: self._find_archive(archive, wanted) for archive in wanted.archives}
            missing = [archive for archive, file in files.items() if file is None]
            if missing and wanted.kaggle:
                return self._from_kaggle(wanted)
            needed = sum(archive.bytes or 0 for archive in [*missing, *wanted.archives])
            if (free := shutil.disk_usage(self.folder).free) < needed:
                raise OSError(
                    f"the disk of the data folder has {free:,} bytes free where {needed:,} are "
                    "needed"
                )
            files |= {archive: _download(archive, downloads) for archive in missing}
            _unpack_all(wanted, files, target)
        if missing:
            return Located(wanted, target, "full", "download", "")
        by_hand = all(file.parent == downloads for file in files.values())
        return Located(wanted, target, "full", "cache" if by_hand else "mirror", "")

    @staticmethod
    def _from_kaggle(wanted: DataSet) -> Located:
        """Let `kagglehub`, where it is installed, fetch a data set into its own cache."""
        name = wanted.kaggle
        try:
            import kagglehub

            place = Path(kagglehub.dataset_download(name))
        except ImportError as error:
            missing = f"{wanted.name} lies on Kaggle ({name}), and kagglehub is missing"
            raise OSError(missing) from error
        except Exception as error:  # its own kinds, and those of the libraries below it
            raise OSError(f"Kaggle did not send {name} ({type(error).__name__})") from error
        there = _as_it_lies(wanted, place)
        if shortage := there.find_shortage(place):
            raise OSError(f"what Kaggle sent of {wanted.name} is incomplete, {shortage}")
        return Located(there, place, "full", "download", "")

    def _find_archive(self, archive: Archive, wanted: DataSet) -> Path | None:
        """Look for an archive fetched before, placed by hand (not a wrong one), or mirrored."""
        placed = self.folder / "downloads" / archive.name
        fault = check_file(placed, archive.find_fault)
        if fault == "":
            return placed
        for place in self._mirror_places(wanted):
            mirror_fault = check_file(place / archive.name, archive.find_fault)
            if mirror_fault == "":
                return place / archive.name
            if mirror_fault:
                self.notes.append(f"the mirror folder's {archive.name} {mirror_fault}")
        if fault:
            shown = f"{self.folder.name}/downloads/{archive.name}"
            raise FileExistsError(f"{shown} {fault} (move it away to have it downloaded)")
        return None


def _as_it_lies(wanted: DataSet, place: Path) -> DataSet:
    """Return the data set with the split folders that a place has, as far as they can be told.

    An archive that was unpacked into a folder of its own name gives `rps/rps`; the class folders of
    a data set of one split may lie in the place itself.
    """

    def find(split: Split) -> Split:
        ways = [split.folder, f"{split.folder}/{split.folder}"]
        ways += ["."] if len(wanted.splits) == 1 else []
        kinds = wanted.class_folders
        held = (way for way in ways if any((place / way / kind).is_dir() for kind in kinds))
        return replace(split, folder=next(held, split.folder))

    splits = wanted.splits if wanted.layout == "files" else tuple(map(find, wanted.splits))
    return replace(wanted, splits=splits)


def _what_is_there(wanted: DataSet, mirror: Path) -> str:
    """Say what a mirror folder holds, and what it should hold; "" if it is empty."""
    if not (seen := list_names(mirror)):
        return ""
    inside = PurePosixPath(wanted.splits[0].folder, wanted.class_folders[0])
    expected = wanted.archives[0].name if wanted.layout == "files" else inside
    return f"{SEEN}{seen}; expected is {PurePosixPath(wanted.name, expected)} and so on)"


def _download(archive: Archive, downloads: Path) -> Path:
    """Fetch an archive from the first of its addresses that sends what the catalog expects."""
    partial = downloads / f"{archive.name}.partial"
    failures: dict[str, None] = {}  # each is said once
    unreachable: set[str] = set()
    for address in archive.addresses:
        host = urlsplit(address).netloc
        if host in unreachable:
            continue
        try:
            fetch(address, partial, archive.name, archive.bytes or LARGEST)
            if not (fault := archive.find_fault(partial)):
                return partial.replace(downloads / archive.name)
            failures[f"{archive.name} from {host} {fault}"] = None
        except ConnectionError as error:
            failures[str(error)] = None
            if isinstance(error, Unreachable):
                unreachable.add(host)
        finally:
            partial.unlink(missing_ok=True)
    raise ConnectionError("; ".join(failures))


class Unreachable(ConnectionError):
    """A host does not answer, and will not for another address either."""


def fetch(address: str, target: Path, name: str, most: int = LARGEST) -> None:
    """Download a file as its host keeps it, `most` bytes at most, within bounds of time.

    Raises:
        Unreachable: the host does not answer.
        ConnectionError: it sends another answer, too much, or too slowly.
        OSError: the file cannot be written; what came of it stays there.
    """
    host, end = urlsplit(address).netloc, time.monotonic() + FILE_SECONDS
    try:
        with target.open("wb") as file, _ask(address) as response:
            response.raise_for_status()
            total = response.raw.length_remaining or None
            print(f"Downloading {name}{f', {total:,} bytes,' if total else ''} from {host}.")
            with tqdm(None, name, total, leave=False, unit="B", unit_scale=True) as bar:
                while piece := response.raw.read1(PIECE, decode_content=False):
                    if file.tell() + len(piece) > most:
                        raise ConnectionError(f"{host} sends more than {name}'s {most:,} bytes")
                    if time.monotonic() > end:
                        raise ConnectionError(
                            f"{host} had sent {file.tell():,} of {total or most:,} bytes of {name} "
                            f"after {format_seconds(FILE_SECONDS)}, the longest a file may take"
                        )
                    file.write(piece)
                    bar.update(len(piece))
    except (requests.ConnectionError, requests.Timeout) as error:
        raise Unreachable(f"{host} could not be reached ({_name_cause(error)})") from error
    except requests.HTTPError as error:
        raise ConnectionError(f"{host} answered {error.response.status_code} for {name}") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
        raise ConnectionError(f"the transfer of {name} from {host} broke off") from error


def _ask(address: str) -> requests.Response:
    """Ask a host for a file, and wait for the head of its answer `HOST_SECONDS` and no longer.

    A name may stand for a dozen machines, each with a time limit of its own, looking it up has
    none, and an answer may trickle; so the question is asked aside.
    """
    answers: list[requests.Response | Exception] = []

    def ask() -> None:
        headers, timeout = {"Accept-Encoding": "identity"}, (CONNECT_SECONDS, READ_SECONDS)
        try:
            answers.append(requests.get(address, headers=headers, timeout=timeout, stream=True))
        except Exception as error:  # besides those of requests: a redirect may lead anywhere
            answers.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(HOST_SECONDS)
    answer = answers[0] if answers else requests.ConnectTimeout()
    if isinstance(answer, Exception):
        raise answer
    return answer


def _name_cause(error: requests.RequestException) -> str:
    """Say in a few words why a host could not be reached."""
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate could not be verified"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy did not let it through"
    text = str(error)
    if isinstance(error, requests.Timeout) or "timed out" in text:
        return "no answer in time"
    if "NameResolutionError" in text:
        return "its name was not found"
    return "connection refused" if "refused" in text else "the connection failed"


def _unpack_all(wanted: DataSet, files: dict[Archive, Path], target: Path) -> None:
    """Unpack the archives aside, check what came out, and only then give it its name."""
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        for archive, file in files.items():
            if wanted.layout == "files":
                shutil.copyfile(file, partial / archive.name)
            else:
                _unpack(archive, file, partial)
        if shortage := wanted.find_shortage(partial):
            names = " and ".join(archive.name for archive in files)
            raise OSError(f"what {names} unpacked to is incomplete, {shortage}")
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _unpack(archive: Archive, file: Path, target: Path) -> None:
    """Unpack a zip archive; `zipfile` lets no entry lead out of the folder, and makes no links."""
    try:
        with zipfile.ZipFile(file) as bundle:
            members = tqdm(bundle.infolist(), f"Unpacking {archive.name}", unit="", leave=False)
            for member in members:
                bundle.extract(member, target)
    except OSError:
        raise
    except Exception as error:  # each way of compressing has an error of its own
        raise OSError(f"{archive.name} is damaged or no zip archive ({error})") from error
