"""Pictures of one's own: a folder that holds a folder a class, sorted into splits or not.

What it holds is checked by `find_fault` before any work, by the files' names alone; `open_folder`
then looks at every picture once.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from helpers.data.catalog import PICTURE_SUFFIXES, DataSet, Split, is_picture
from helpers.data.download import Located
from helpers.environment import PROJECT
from helpers.messages import OneSentence, few, list_names, printable

if TYPE_CHECKING:
    from helpers.data.pictures import Pictures

FEWEST = 4  # pictures of a class
MOST = 100_000  # files below one folder; who names a whole disk is told so in a second or two
SHARES = {"train": 0.8, "test": 0.2}  # where the folder has no splits
LOOK_SIZE = 32  # pixels; enough to tell near-duplicates
ROLES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "val", "valid"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")  # of a name such as seg_train, test1 or TestSet
JUNK = {"thumbs.db", "desktop.ini"}
ARCHIVES = {".zip", ".rar", ".7z", ".tar", ".tgz", ".gz", ".bz2", ".xz"}


class FolderError(OneSentence):
    """A folder that cannot serve; the message is one sentence that says why and what to do."""


class Entry(NamedTuple):
    """A file of one's own: its split ("" where there are none), its class, its path below that."""

    path: Path
    split: str
    kind: str
    inside: PurePath


@dataclass(frozen=True, eq=False)
class OwnPictures(Located):
    """A folder of one's own that was found, see `download.Located`.

    Attributes:
        listing: pairs (file, label) of all pictures.
        names: the files' paths below the folder, for people.
        groups: the group of each picture, by the name of its first one, shape (n,).
        parts: positions of each split's pictures, by its name.
        given: whether the folder itself was sorted into splits.
        skipped: why each other file was left out, by its split and name.
        pairs: positions of each two near-duplicates, shape (pairs, 2).
        line: what was found, in a line.
    """

    listing: list[tuple[Path, int]]
    names: list[str]
    groups: np.ndarray
    parts: Mapping[str, np.ndarray]
    given: bool
    skipped: Mapping[str, Mapping[str, str]]
    pairs: np.ndarray
    line: str = ""

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of the splits."""
        return tuple(self.parts)

    def split_folder(self, split: str) -> Path:
        """Refuse: a split of one's own pictures is a list of files, see `pictures.load_split`."""
        raise FolderError(
            f"The split {split!r} of {self.dataset.name} has no folder of the course's kind; load "
            f"it with load_split, which knows {', '.join(self.splits)}."
        )

    def load(self, split: str, size: int, limit: int, cache: Path | None) -> Pictures:
        """Load a split, see `pictures.load_split`."""
        self.dataset.split(split)  # or a sentence that says which there are
        chosen = self._limited(self.parts[split], limit)
        pictures = self._load(chosen, size, cache)
        return replace(pictures, skipped={**self.skipped.get(split, {}), **pictures.skipped})

    def load_parts(
        self, shares: Sequence[float], size: int, first: int, cache: Path | None
    ) -> tuple[Pictures, ...]:
        """Load parts, see `splits.load_parts` and `share_out`."""
        return tuple(self._load(part, size, cache) for part in self.share_out(shares, first))

    def load_all(self, size: int, cache: Path | None = None) -> Pictures:
        """Load the pictures of all splits, in the order of `listing`, see `pictures.load_split`."""
        return self._load(np.arange(len(self.listing)), size, cache)

    def share_out(self, shares: Sequence[float], first: int = 0, seed: int = 0) -> list[np.ndarray]:
        """Share the pictures out by `groups.share_out`; return positions in `listing` a part.

        As many parts as the folder has splits are these; otherwise its test is the last part.
        `first` pictures a class are taken at most; 0 takes all. Errors: as there.
        """
        from helpers.data.groups import share_out

        parts = [self._limited(part, first) for part in self.parts.values()]
        if not self.given or len(parts) != len(shares):
            last = [parts.pop()] if self.given else []
            wanted = np.array(shares[: len(shares) - len(last)])
            wanted = (wanted / wanted.sum()).tolist()
            pool = self._limited(np.sort(np.concatenate(parts)), first)
            labels, groups = self._labels[pool], self.groups[pool]
            shared = share_out(labels, groups, wanted, seed, self.dataset.classes)
            parts = [*(pool[part] for part in shared), *last]
        return parts

    @property
    def _labels(self) -> np.ndarray:
        return np.array([label for _, label in self.listing])

    def _limited(self, positions: np.ndarray, limit: int) -> np.ndarray:
        from helpers.data.pictures import spread_classes

        labels, classes = self._labels[positions], self.dataset.classes
        return positions[spread_classes(labels, len(classes), limit or len(positions))]

    def _load(self, positions: np.ndarray, size: int, cache: Path | None) -> Pictures:
        from helpers.data.pictures import load_listed

        listing = [self.listing[position] for position in positions]
        names = [self.names[position] for position in positions]
        classes = self.dataset.classes
        pictures = load_listed(listing, classes, size, "own", cache, names=names)
        groups = dict(zip(names, self.groups[positions].tolist(), strict=True))
        return replace(pictures, series=tuple(groups[name] for name in pictures.names))


# What a folder holds, by the names of its files ------------------------------------------------


def find_fault(text: str) -> str:
    """Tell why a folder cannot serve as `DATA`, in one sentence; "" if it can."""
    try:
        _read(_find(text))
    except FolderError as error:
        return str(error)
    return ""


def _find(text: str) -> Path:
    """Look for a folder from where the person stands, and from the project."""
    try:
        path = Path(text).expanduser()
        places = list(dict.fromkeys((Path.cwd() / path, PROJECT / path))) if text.strip() else []
        for place in places:
            if place.is_dir():
                return place.resolve()
    except PermissionError as error:
        raise FolderError(
            f"The folder {text!r} cannot be looked into ({error.strerror}); name one that you may "
            "read."
        ) from None
    except (OSError, RuntimeError, ValueError):  # too long, an unknown ~user, a null character
        places = []
    if any(place.suffix.lower() in ARCHIVES and place.is_file() for place in places):
        raise FolderError(
            f"{text!r} is an archive; unpack it and name the folder that holds the folders of the "
            "classes."
        )
    looked = printable(" or ".join(map(str, places)))
    above = next((one for place in places for one in place.parents if one.is_dir()), None)
    seen = f" (it is not {looked}; {above.name or above} holds {_seen(above)})" if above else ""
    raise FolderError(
        f"There is no folder {text!r}{seen}; name one that exists, or auto, full or samples."
    )


def _read(folder: Path) -> tuple[list[Entry], dict[Path, str]]:
    """List the files of a folder, by split and class, and why folders in it are left out."""
    inside, empty, room = {}, {}, MOST
    for sub in _sub_folders(folder):
        files = _walk(sub, room)
        room -= len(files)
        if any(map(_is_picture, files)):
            inside[sub] = files
        else:
            empty[sub] = files
    roles = {sub: ROLES.get(sub.name.lower(), "") for sub in inside}
    flat = [s for s in inside if any(f.parent == s and _is_picture(f) for f in inside[s])]
    known = set(roles.values()) - {""}
    split = [sub for sub in inside if roles[sub]]
    if (len(known) < 2 and len(split) < len(inside)) or not set(split) - set(flat):
        split = []  # a class may be called train
    if split and "train" not in known:
        names = ", ".join(_text(sub.name) for sub in split)
        raise FolderError(
            f"The folder {_text(folder.name)} holds {names}, but no train; rename the "
            "folder with the training pictures to train."
        )
    if any(sub in flat for sub in split) or (not split and len(known) > 1):
        odd = next(sub for sub in inside if sub in flat and roles[sub])
        raise FolderError(
            f"In {_text(folder.name)} the folder {odd.name} holds {_seen(odd)}; expected in it a "
            "folder of pictures for each class."
        )
    if not split:
        _refuse_splits(folder, sorted(set(inside) - set(flat)))
    places = [(k, roles[sub], _walk(k)) for sub in split for k in _sub_folders(sub)]
    empty |= {kind: files for kind, _, files in places if not any(map(_is_picture, files))}
    places = places or [(kind, "", files) for kind, files in inside.items()]
    entries = [
        Entry(path, role, _text(kind.name), path.relative_to(kind))
        for kind, role, files in places
        if kind not in empty
        for path in files
    ]
    _check(folder, entries)
    left_out = {sub: "is not a split" for sub in inside if split and sub not in split}
    for sub, files in empty.items():
        kinds = few(sorted({_text(file.suffix) for file in files})) or "no file"
        left_out[sub] = f"holds no picture that can be read ({kinds})"
    return entries, left_out


def _refuse_splits(folder: Path, subs: Sequence[Path]) -> None:
    """Refuse splits of other names: learnt as classes, each would hold pictures of every class."""
    inside = {sub: {_text(kind.name) for kind in _sub_folders(sub)} for sub in subs}
    for sub, kinds in inside.items():
        alike = [_text(other.name) for other in subs if len(kinds & inside[other]) > 1]
        if len(alike) > 1 and {word.lower() for word in WORDS.findall(sub.name)} & set(ROLES):
            raise FolderError(
                f"In {_text(folder.name)} the folders {few(alike)} look like splits, each with the "
                "same classes; name them train, validation and test, or rename "
                f"{_text(sub.name)} if it is a class."
            )


def _check(folder: Path, entries: Sequence[Entry], unread: str = "") -> None:
    """Refuse what is too little to learn from and to judge by; `unread` says why there is less."""
    counts = Counter((one.split, one.kind) for one in entries if _is_picture(one.path))
    kinds, here = sorted({kind for _, kind in counts}), f"The folder {_text(folder.name)}"
    want = "expected two folders or more, one for each class, with pictures in them"
    if not kinds:
        raise FolderError(f"{here} has no class folders, it holds {_seen(folder)}; {want}.")
    if len(kinds) == 1:
        raise FolderError(f"{here} has only one class, {_seen_of_class(entries)}; {want}.")
    lower = Counter(map(str.lower, kinds))
    if twins := [kind for kind in kinds if lower[kind.lower()] > 1]:
        raise FolderError(
            f"{here} has the classes {few(twins)}, whose names differ in capitals only; join them "
            "or rename one."
        )
    for kind in kinds:
        own = {split: number for (split, one), number in counts.items() if one == kind}
        if sum(own.values()) < FEWEST:
            raise FolderError(
                f"{here} has {sum(own.values())} pictures of the class {kind!r} that can be read"
                f"{unread}; at least {FEWEST} of each class are needed."
            )
        for split in {split for split, _ in counts} - set(own):
            raise FolderError(
                f"{here} lacks the class {kind!r} in its split {split}; each split needs pictures "
                "of each class."
            )


def _seen_of_class(entries: Sequence[Entry]) -> str:
    """Say what the folder of the only class holds, and what lies beside it."""
    one = next(one for one in entries if _is_picture(one.path))
    place = one.path.parents[len(one.inside.parts) - 1]
    others = [path.name for path in place.parent.iterdir() if path != place]
    others = few(sorted(_text(name) for name in others if not _is_hidden(name)))
    return f"{one.kind} (in it: {_seen(place)}{f'; beside it: {others}' if others else ''})"


def _sub_folders(folder: Path) -> list[Path]:
    try:
        return sorted(sub for sub in folder.iterdir() if sub.is_dir() and not _is_hidden(sub.name))
    except OSError as error:
        raise _unlisted(error) from None


def _unlisted(error: OSError) -> FolderError:
    return FolderError(
        f"The folder {_text(Path(error.filename).name)} cannot be listed ({error.strerror}); name "
        "one that you may read."
    )


def _walk(folder: Path, most: int = MOST) -> list[Path]:
    """List the files below a class folder; a folder named like a picture counts as a file."""

    def refuse(error: OSError) -> None:
        raise _unlisted(error)

    found = []
    for place, folders, files in os.walk(folder, onerror=refuse):
        odd = [name for name in folders if _is_picture(Path(name)) and Path(name).suffix]
        folders[:] = sorted(name for name in folders if name not in odd and not _is_hidden(name))
        found += [Path(place, name) for name in sorted(files + odd) if not _is_hidden(name)]
        if len(found) > most:
            raise FolderError(
                f"The folder {_text(folder.parent.name)} holds more than {MOST:,} files; name the "
                "folder that itself holds the folders of the classes."
            )
    return found


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX")) or name.lower() in JUNK


def _is_picture(path: Path) -> bool:
    """Tell by its name whether a file may be a picture; one without an ending may."""
    return path.suffix.lower() in PICTURE_SUFFIXES or not path.suffix


def _seen(folder: Path) -> str:
    """Say in a few words what a folder holds."""
    try:
        return list_names(folder) or "nothing"
    except OSError:
        return "what cannot be listed"


def _text(name: object) -> str:
    """Write a name as all systems do: macOS takes umlauts apart."""
    return unicodedata.normalize("NFC", printable(name))


# Its pictures, looked at -----------------------------------------------------------------------


def open_folder(
    text: str,
    shares: Mapping[str, float] = SHARES,
    seed: int = 0,
    cache: Path | None = None,
    groups: str = "auto",
    limit: int = 0,
) -> OwnPictures:
    """Find and look at the pictures of a folder, and share them out if they are not yet.

    The folder holds a folder a class, or folders named train, validation (or val, valid) and test
    that do; without a test, validation serves as one. What belongs together stays together.

    Args:
        text: its path, as seen from the working folder or from the project; `~` is one's home.
        shares, seed: see `groups.share_out`; by split, where the folder has none.
        cache: see `pictures.load_split`.
        limit: how many pictures of each class at most, in each split, where the folder has them.
        groups: what belongs together, see `groups.find_groups`.

    Raises:
        FolderError: there is no such folder, or not enough in it.
        OneSentence: its groups are too few to be shared out.
    """
    from helpers.data.groups import find_groups, share_out
    from helpers.data.pictures import load_listed, spread_classes, why_unread

    folder = _find(text)
    entries, beside = _read(folder)
    classes = tuple(sorted({one.kind for one in entries if _is_picture(one.path)}))
    others = [one for one in entries if not _is_picture(one.path)]
    skipped = {one: f"is not a picture by its name ({one.path.suffix})" for one in others}
    entries = [one for one in entries if one not in skipped]
    if limit:
        kept = [(one.split, one.kind) for one in entries]
        of, number = np.unique(kept, axis=0, return_inverse=True)
        entries = [entries[one] for one in np.sort(spread_classes(number, len(of), limit))]
    names = [printable(one.path.relative_to(folder)) for one in entries]
    listing = [(one.path, classes.index(one.kind)) for one in entries]
    looked = load_listed(listing, classes, LOOK_SIZE, "own", cache, names=names)
    skipped |= {
        one: looked.skipped[name]
        for one, name in zip(entries, names, strict=True)
        if name in looked.skipped
    }
    good = [position for position, one in enumerate(entries) if one not in skipped]
    entries, names, listing = ([given[p] for p in good] for given in (entries, names, listing))
    _check(folder, entries, why_unread(looked.skipped.values()))
    inside, times = [one.inside for one in entries], looked.facts[:, 2]
    belongs, how, pairs = find_groups(inside, looked.labels, times, looked.images, groups)
    of = np.array([one.split for one in entries])
    parts = {name: np.flatnonzero(of == name) for name in ROLES.values() if name in of}
    if "test" not in parts and "validation" in parts:
        parts["test"] = parts.pop("validation")
    given = len(parts) > 1
    if not given:
        shared = share_out(looked.labels, belongs, tuple(shares.values()), seed, classes)
        parts = dict(zip(shares, shared, strict=True))
    first = np.unique(belongs, return_index=True)[1]  # picture of each group
    name = re.sub(r"[^\w.-]+", "_", _text(folder.name))[:40] or "pictures"  # may name a file
    about = (name, "Pictures of one's own", classes, "folders", "its owner's", "")
    splits = tuple(Split(split, ".", len(part)) for split, part in parts.items())
    located = (DataSet(*about, splits, folders=classes, drawn=False), folder, "full", "own", "")
    first_part = next(iter(parts))
    left_out = {first_part: {_text(sub.relative_to(folder)): why for sub, why in beside.items()}}
    loose = (path.name for path in folder.iterdir() if is_picture(path.name) and path.is_file())
    left_out[first_part] |= {_text(name): "lies beside the folders" for name in loose}
    for one, reason in skipped.items():
        split = one.split if one.split in parts else first_part
        left_out.setdefault(split, {})[printable(one.path.relative_to(folder))] = reason
    own = (listing, names, np.array(names)[first[belongs]], parts, given, left_out, pairs)
    found = OwnPictures(*located, *own)
    return replace(found, line=_describe(found, looked.facts[:, :2].astype(int).tolist(), how))


def _describe(found: OwnPictures, sizes: list[list[int]], how: str) -> str:
    counts = np.bincount([label for _, label in found.listing])
    copies = len(np.unique(found.pairs))
    each = [f"{n} {name}" for name, n in zip(found.dataset.classes, counts, strict=True)]
    low, high = ("x".join(map(str, pick(sizes, key=np.prod))) for pick in (min, max))
    size = low if low == high else f"{low} to {high}"
    parts = ", ".join(f"{len(part)} {name}" for name, part in found.parts.items())
    way = "by its own folders" if found.given else f"shared out {how or 'at random'}"
    line = (
        f"Data: the folder {_text(found.folder.name)}, {len(found.names)} pictures "
        f"({few(each, 20)}) of {size} pixels; {parts}, {way}; "
        f"pictures with a near-duplicate: {copies}"
    )
    if found.given:
        seen = set(found.groups[found.parts["train"]].tolist())
        both = sum(group in seen for group in found.groups[found.parts["test"]].tolist())
        line += f"; test pictures that belong with training pictures: {both}" if both else ""
    elif copies:
        first, second = found.groups[found.pairs.T]
        line += ", kept on one side" if (first == second).all() else ", some on both sides"
    skipped = [f"{n} {why}" for own in found.skipped.values() for n, why in own.items()]
    return f"{line}; skipped: {len(skipped)}{f' ({few(skipped)})' if skipped else ''}."
