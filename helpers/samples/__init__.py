"""Drawn sample pictures, for when the real ones are unavailable.

Good enough to look at and to learn from in a minute; what a network scores on them says nothing
about the real data. Every picture has a seed of its own, derived from its place in the set, so it
looks the same however many others are drawn.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from helpers.data.catalog import dataset
from helpers.files import PARTIAL, clear_abandoned
from helpers.samples.faces import draw_cat, draw_dog
from helpers.samples.garments import draw_garment
from helpers.samples.hands import GESTURES, draw_hand, draw_person

# How far the fingers of a closed hand are spread, and its size; the data set's: SPREAD, 0.8 to 1.2.
CLOSED, SIZES = (-0.35, 0.5), (0.65, 1.15)
NO_SAMPLE = 999  # more than the number of any drawn sample of a class
NOTE = "DRAWN.txt"  # says what the folder holds; the last file of a whole set

# A picture of a set: its file, and the function that draws it, once.
Plan = Iterator[tuple[Path, Callable[[], Image.Image]]]


def draw_samples(name: str, folder: Path) -> Path:
    """Draw a data set's sample pictures into `folder`, unless they are there already; return it.

    The folder appears whole or not at all, also when two programs draw it at once.

        rock_paper_scissors   rps/<class>/rock01-000.png: 7 hands of 12 frames a class;
                              rps-test-set/<class>/testrock01-00.png: 4 other hands of 6 frames;
                              RGB, 300x300
        cats_and_dogs         train, validation, test/cats/cat.0.jpg: 120, 60, 60 a class;
                              RGB, 256x256
        fashion_mnist         train, test/<class>/0000.png: 120, 30 a class; grey, 28x28

    Raises:
        ValueError: there are no drawings of this name.
        FileExistsError: the folder holds something else; it is left alone.
    """
    _check(name)
    plan = dict(_PLANS[name]())
    note = (
        f"Drawn sample pictures standing in for {name}, seed 0.\n"
        "Drawn by the course's own code: not the real data set, and no ground for results.\n"
    )
    if _is_whole(folder, note, plan):
        return folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(
            f"{folder.name} holds something other than the whole drawn samples of {name}; move it "
            "away, or name another folder."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    clear_abandoned(folder.parent, f".{folder.name}.*{PARTIAL}")
    with tempfile.TemporaryDirectory(
        prefix=f".{folder.name}.", suffix=PARTIAL, dir=folder.parent, ignore_cleanup_errors=True
    ) as unfinished:
        drawn = Path(unfinished) / folder.name
        for file, draw in tqdm(plan.items(), "Drawing", leave=False, unit="picture"):
            (drawn / file).parent.mkdir(parents=True, exist_ok=True)
            # JPEG heeds the quality, PNG the level: half the default's time, a tenth more bytes.
            draw().save(drawn / file, quality=90, compress_level=3)
        (drawn / NOTE).write_text(note, encoding="utf-8")
        try:
            if folder.exists():  # empty; not every system lets a folder take its place
                folder.rmdir()
            drawn.replace(folder)
        except OSError:
            if not _is_whole(folder, note, plan):  # else another program was faster
                raise
    return folder


def draw_picture(name: str, label: int, seed: int = 0) -> Image.Image:
    """Draw one sample picture: 300x300 RGB, 256x256 RGB or 28x28 grey (mode L).

    Args:
        name: "rock_paper_scissors", "cats_and_dogs" or "fashion_mnist".
        label: its class, from 0, in the label order of the catalog.
        seed: chooses the picture, which is none of the drawn samples; 0 or more.

    Raises:
        ValueError: there are no drawings of this name, no such label, or the seed is negative.
    """
    _check(name)
    classes = dataset(name).class_folders
    if not 0 <= label < len(classes):
        listed = ", ".join(f"{number} {one}" for number, one in enumerate(classes))
        raise ValueError(f"{name} has no label {label}; its labels: {listed}.")
    if name == "rock_paper_scissors":
        generator = np.random.default_rng([seed, label])
        person = draw_person(generator, generator.random())
        return draw_hand(GESTURES[label], person, generator)
    generator = np.random.default_rng([seed, label, NO_SAMPLE])
    if name == "cats_and_dogs":
        return (draw_cat, draw_dog)[label](generator)
    return draw_garment(label, generator)


def draw_closed_hands(each: int, size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw hands whose fingers are closed, a pose that the rendered data set lacks.

    There are `each` of a gesture, every one somebody else's, before white as in the data set;
    `seed`, 0 or more, chooses them.

    Returns:
        (uint8 pictures, shape (3 * each, size, size, 3), 0 to 255; int32 labels, shape
        (3 * each,), in the order of `GESTURES`).
    """

    def draw(number: int, label: int) -> Image.Image:
        generator = np.random.default_rng([seed, number])
        person = draw_person(generator, generator.random())
        person = replace(person, size=generator.uniform(*SIZES))
        return draw_hand(GESTURES[label], person, generator, openness=CLOSED)

    labels = np.repeat(np.arange(len(GESTURES), dtype=np.int32), each)
    return to_array(map(draw, range(len(labels)), labels), len(labels), size), labels


def to_array(hands: Iterable[Image.Image], number: int, size: int) -> np.ndarray:
    """Make one uint8 array, shape (number, size, size, 3), of RGB hands while they are drawn."""
    images = np.empty((number, size, size, 3), np.uint8)
    for place, hand in enumerate(tqdm(hands, "Drawing", number, leave=False, unit="hand")):
        images[place] = hand.resize((size, size), Image.Resampling.BILINEAR)
    return images


def _check(name: str) -> None:
    if name not in _PLANS:
        raise ValueError(
            f"There are no drawn samples of {name!r}; the course draws: {', '.join(_PLANS)}."
        )


def _is_whole(folder: Path, note: str, files: Iterable[Path]) -> bool:
    try:
        same = (folder / NOTE).read_text(encoding="utf-8") == note
    except OSError:
        return False
    return same and all((folder / file).is_file() for file in files)


def _plan_hands() -> Plan:
    """Plan several frames of each hand; the same people show all three gestures."""
    splits = (("rps", "", 7, 12, 3), ("rps-test-set", "test", 4, 6, 2))
    for split, (folder, prefix, people, frames, digits) in enumerate(splits):
        gestures = enumerate(GESTURES)
        for (label, gesture), number, frame in product(gestures, range(people), range(frames)):
            tone = (number * 3 % people + 0.5) / people  # in no order
            person = draw_person(np.random.default_rng([0, split, number]), tone)
            generator = np.random.default_rng([0, split, number, label])
            draw = partial(draw_hand, gesture, person, generator, frame / frames)
            name = f"{prefix}{gesture}{number + 1:02d}-{frame:0{digits}d}.png"
            yield Path(folder, gesture, name), draw


def _plan_faces() -> Plan:
    for split, first, end in (("train", 0, 120), ("validation", 120, 180), ("test", 180, 240)):
        kinds = enumerate((("cat", draw_cat), ("dog", draw_dog)))
        for (label, (kind, draw)), picture in product(kinds, range(first, end)):
            generator = np.random.default_rng((0, label, picture))
            yield Path(split, f"{kind}s", f"{kind}.{picture}.jpg"), partial(draw, generator)


def _plan_garments() -> Plan:
    for split, (folder, number) in enumerate((("train", 120), ("test", 30))):
        garments = enumerate(dataset("fashion_mnist").class_folders)
        for (label, garment), picture in product(garments, range(number)):
            generator = np.random.default_rng((0, split, label, picture))
            draw = partial(draw_garment, label, generator)
            yield Path(folder, garment, f"{picture:04d}.png"), draw


_PLANS: dict[str, Callable[[], Plan]] = {
    "rock_paper_scissors": _plan_hands,
    "cats_and_dogs": _plan_faces,
    "fashion_mnist": _plan_garments,
}
