"""Find the pictures of a data set: unpacked already, in a mirror folder, by download, or drawn.

Below the data folder lie `downloads/<archive>`, `<data set>/<split folders>` and
`samples/<data set>`. A data set appears there whole or not at all: whatever is half done has
another name, ending in `.partial`, and is cleared away by the next run.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal
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
LARGEST = 2**30  # bytes of an archive whose size the catalog does not know
UNPACKED_AT_MOST = 4  # times the archive's size; pictures hardly compress
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
        """The names of the splits that are there, in the catalog's order."""
        splits = self.dataset.splits
        return tuple(split.name for split in splits if self._place(split).is_dir())

    def split_folder(self, split: str) -> Path:
        """Return the folder of a split's class folders, or of all files; ValueError if none."""
        folder = self._place(self.dataset.split(split))
        if split not in self.splits:
            raise ValueError(
                f"The split {split!r} of {self.dataset.name} is not among the pictures in "
                f"{_WHERE.get(self.origin, 'the samples')}; these hold: {', '.join(self.splits)}."
            )
        return folder

    def _place(self, split: Split) -> Path:
        packed = self.dataset.layout == "files" and self.kind == "full"
        return self.folder if packed else self.folder / split.folder


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
    notes = list(dict.fromkeys(filter(None, search.notes)))
    if found:
        short = "; ".join(note.partition(SEEN)[0] for note in notes)
        which, place, origin = found
        return Located(which, place, "full", origin, short)
    reason = "; ".join(notes)
    if source == "full" or not wanted.drawn:
        raise NotAvailable(
            f"The real pictures of {wanted.name} are unavailable: {reason}; "
            f"{_what_to_do(wanted.whole or wanted, folder)}."
        )
    return _draw(wanted, folder, reason)


def _draw(wanted: DataSet, folder: Path, reason: str) -> Located:
    from helpers.samples import draw_samples

    try:
        drawn, fault = work_in(
            folder / "samples", lambda place: draw_samples(wanted.name, place / wanted.name)
        )
    except OSError as error:
        raise NotAvailable(
            f"No sample pictures of {wanted.name} can be drawn, because {reason}; {error}"
        ) from error
    if fault:
        reason += f"; {fault}, so they are in the system's temporary folder"
    return Located(wanted, drawn, "samples", "drawn", reason)


def _what_to_do(wanted: DataSet, folder: Path) -> str:
    """Say which files to put where by hand."""
    if not wanted.archives:
        return f"name a folder that holds {wanted.name} in {MIRROR_VARIABLE} and run again"
    for place in (folder, folder / "downloads"):
        if os.path.lexists(place) and not place.is_dir():
            return f"move the file {place.relative_to(folder.parent)} away and run again"
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


_Found = tuple[DataSet, Path, Origin] | None


@dataclass
class _Search:
    """The ways to the real pictures: each gives a data set, its folder and origin, or None.

    `notes` gathers why a way did not serve, which an OSError may say, too; a mirror's data set is
    described as it lies there.
    """

    folder: Path
    mirror: Path | None
    notes: list[str]

    def find(self, wanted: DataSet) -> _Found:
        for which, way in self._ways(wanted):
            try:
                if found := way(which):
                    return found
            except OSError as error:
                self.notes.append(explain(error))
        return None

    def _ways(self, wanted: DataSet) -> list[tuple[DataSet, Callable[[DataSet], _Found]]]:
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

    def _cached(self, wanted: DataSet) -> _Found:
        target, shown = self.folder / wanted.name, f"{self.folder.name}/{wanted.name}"
        if not os.path.lexists(target):
            return None
        if not target.exists():
            raise OSError(f"{shown} is a link that leads nowhere")
        if shortage := wanted.find_shortage(target):
            raise OSError(f"{shown} is incomplete, {shortage}")
        return wanted, target, "cache"

    def _mirrored(self, wanted: DataSet) -> _Found:
        if self.mirror is None:
            return None
        named = self._mirror_places(wanted)
        places = [(_as_it_lies(wanted, place), place) for place in self._unpacked_places(wanted)]
        unpacked = [(there, place) for there, place in places if there.is_in(place)]
        for there, place in unpacked:
            if not (shortage := there.find_shortage(place)):
                return there, place, "mirror"
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

    def _from_archives(self, wanted: DataSet) -> _Found:
        if not wanted.archives:
            raise OSError(f"there is no download of {wanted.name}")
        target, downloads = self.folder / wanted.name, self.folder / "downloads"
        downloads.mkdir(parents=True, exist_ok=True)
        with _only_one(downloads / f".{wanted.name}.lock"):
            if os.path.lexists(target):  # incomplete and noted, or just filled by another run
                return self._cached(wanted)
            files = {archive: self._find_archive(archive, wanted) for archive in wanted.archives}
            missing = [archive for archive, file in files.items() if file is None]
            if missing and wanted.kaggle:
                return self._from_kaggle(wanted)
            _check_space(self.folder, sum(one.bytes or 0 for one in [*missing, *wanted.archives]))
            files |= {archive: _download(archive, downloads) for archive in missing}
            try:
                _unpack_all(wanted, files, target)
            except OSError:
                for archive in missing:  # what has no checksum may be what is wrong
                    if archive.sha256 is None:
                        (downloads / archive.name).unlink(missing_ok=True)
                raise
        if missing:
            return wanted, target, "download"
        by_hand = all(file.parent == downloads for file in files.values())
        return wanted, target, "cache" if by_hand else "mirror"

    @staticmethod
    def _from_kaggle(wanted: DataSet) -> _Found:
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
        return there, place, "download"

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


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(
            f"the disk of the data folder has {free:,} bytes free where {needed:,} are needed"
        )


@contextlib.contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Keep other runs out; the system lets them in when this one ends, however it ends."""
    lock = filelock.FileLock(path)
    with contextlib.suppress(NotImplementedError):  # without locks, checks still catch a mix-up
        try:
            lock.acquire(blocking=False)
        except filelock.Timeout:
            print("Another run is fetching the same data; waiting for it to end.")
            lock.acquire(poll_interval=0.2)
    try:
        yield
    finally:
        lock.release()


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


def fetch(address: str, target: Path, name: str, most: int) -> None:
    """Download a file as its host keeps it, `most` bytes at most, within bounds of time.

    Raises:
        Unreachable: the host does not answer.
        ConnectionError: it sends another answer, too much, or too slowly.
        OSError: the file cannot be written; what came of it stays there.
    """
    host = urlsplit(address).netloc
    try:
        with target.open("wb") as file, _ask(address) as response:
            response.raise_for_status()
            _receive(response, file, name, most)
    except (requests.ConnectionError, requests.Timeout) as error:
        raise Unreachable(f"{host} could not be reached ({_name_cause(error)})") from error
    except requests.HTTPError as error:
        raise ConnectionError(f"{host} answered {error.response.status_code} for {name}") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
        raise ConnectionError(f"the transfer of {name} from {host} broke off") from error


def _hang_up(response: requests.Response, **_) -> None:
    """Leave a redirect's own content, which may have no end, where it is."""
    if response.is_redirect:
        response.close()


def _receive(response: requests.Response, file: BinaryIO, name: str, most: int) -> None:
    """Write what is sent, never unpacked on the way: a few bytes could become gigabytes."""
    host, end = urlsplit(response.url).netloc, time.monotonic() + FILE_SECONDS
    encoding = response.headers.get("Content-Encoding", "identity")
    if encoding != "identity" and not name.endswith(".gz"):  # said of .gz files as they are, too
        raise ConnectionError(f"{host} sends {name} compressed once more ({encoding})")
    total = response.raw.length_remaining or None
    print(f"Downloading {name}{f', {total:,} bytes,' if total else ''} from {host}.")
    ended = threading.Timer(FILE_SECONDS, response.raw.shutdown)  # ends a read that would go on
    ended.daemon = True
    ended.start()
    with tqdm(None, name, total, leave=False, unit="B", unit_scale=True) as bar:
        try:
            while piece := response.raw.read1(PIECE, decode_content=False):  # what is there by now
                if file.tell() + len(piece) > most:
                    raise ConnectionError(f"{host} sends more than the {most:,} bytes of {name}")
                if time.monotonic() > end:
                    break
                file.write(piece)
                bar.update(len(piece))
        except (urllib3.exceptions.HTTPError, ValueError):
            if time.monotonic() < end:
                raise
        finally:
            ended.cancel()
    if time.monotonic() > end:
        raise ConnectionError(
            f"{host} had sent {file.tell():,} of {total or most:,} bytes of {name} after "
            f"{format_seconds(FILE_SECONDS)}, the longest that a file may take"
        )


def _ask(address: str) -> requests.Response:
    """Ask a host for a file, and wait for the head of its answer `HOST_SECONDS` and no longer.

    A name may stand for a dozen machines, each with a time limit of its own, looking it up has
    none, and an answer may trickle; so the question is asked aside.
    """
    answers: list[requests.Response | Exception] = []

    def ask() -> None:
        settings = {"headers": {"Accept-Encoding": "identity"}, "hooks": {"response": _hang_up}}
        timeout = CONNECT_SECONDS, READ_SECONDS
        try:
            answers.append(requests.get(address, timeout=timeout, stream=True, **settings))
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
    try:
        with zipfile.ZipFile(file) as bundle:
            members = _choose_members(archive, bundle, file.stat().st_size)
            _check_space(target, sum(info.file_size for info, _ in members))
            for info, path in tqdm(members, f"Unpacking {archive.name}", unit="", leave=False):
                destination = target / path
                destination.parent.mkdir(parents=True, exist_ok=True)
                with bundle.open(info) as source, destination.open("wb") as sink:
                    shutil.copyfileobj(source, sink)
    except OSError:
        raise
    except Exception as error:  # each way of compressing has an error of its own
        raise OSError(f"{archive.name} is damaged or no zip archive ({error})") from error


def _choose_members(
    archive: Archive, bundle: zipfile.ZipFile, size: int
) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    """List the files to unpack, each with its path inside the data set; refuse unsafe archives."""
    members = []
    for info in bundle.infolist():
        path = PurePosixPath(info.filename.replace("\\", "/"))
        link = stat.S_ISLNK(info.external_attr >> 16)
        if link or path.is_absolute() or ".." in path.parts or ":" in info.filename:
            raise OSError(f"{archive.name} holds the unsafe entry {info.filename!r}")
        junk = "__MACOSX" in path.parts or path.name.startswith(".")
        if not info.is_dir() and not junk:
            members.append((info, path))
    unpacked = sum(info.file_size for info, _ in members)
    if unpacked > UNPACKED_AT_MOST * size:
        raise OSError(
            f"{archive.name} would unpack to {unpacked:,} bytes, far more than its pictures can be"
        )
    return members
