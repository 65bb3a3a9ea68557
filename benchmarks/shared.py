"""What the lessons' benchmarks share: the walkthroughs' augmentation, a notebook's own cells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tensorflow.keras.preprocessing.image import ImageDataGenerator

from tools.execution import cells_of

# The ranges of all walkthroughs, by the names of `augmentation.RandomAffine`.
RANGES = {"rotation": 40, "width_shift": 0.2, "height_shift": 0.2, "shear": 0.2, "zoom": 0.2}


def augmenting_generator(ranges: dict = RANGES, rescale: float | None = None) -> ImageDataGenerator:
    """Return the walkthroughs' generator: it augments one picture after the other, by SciPy."""
    options = {f"{name}_range": value for name, value in ranges.items()}
    return ImageDataGenerator(rescale=rescale, horizontal_flip=True, **options)


def run_cells(notebook: Path, names: Sequence[str], namespace: dict) -> None:
    """Run some of a notebook's cells, so that a benchmark measures what the lesson does."""
    sources = {cell.id: cell.source for cell in cells_of(notebook)}
    for name in names:
        exec(sources[name], namespace)
