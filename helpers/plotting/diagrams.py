"""Drawings that explain an idea, made of boxes, grids and arrows.

Those of lesson 1 are vector graphics, drawn narrow, so that they can be read on a phone.
"""

from __future__ import annotations

import io
import math
from collections.abc import Collection, Sequence
from html import escape

import keras
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from scipy.signal import correlate2d

from helpers.messages import OneSentence
from helpers.plotting import COLOURS, STYLE, TRAINING_COLOUR, VALIDATION_COLOUR
from helpers.plotting.boxes import INK, PLAIN

NARROW = 5.2  # inches: on a phone letters shrink to seven tenths
PALE, LINE = "#eef1f5", "#8a929c"
BLUE, ORANGE = "#c9d9ea", "#fbd9bd"  # light, below black numbers
DRAWING = {**STYLE, "axes.grid": False, "font.size": 10}
EDGE = np.array([[1, 1, 1, 7, 7, 7]] * 3 + [[1, 1, 1, 1, 7, 7]] * 3)  # a slanting edge
UPRIGHT = np.array(
    [[-1, 0, 1]] * 3
)  # strongest where it is dark to the left and light to the right
MAP = np.array([[1, 3, 0, 2], [6, 2, 1, 1], [0, 4, 8, 5], [1, 2, 7, 3]])
NAMES, SHAPES, COUNTS = 1.45, 4.25, NARROW - 0.05  # where a network's columns stand, in inches
BOXES, TALLEST = 1.3, 0.7  # inches for the widest map and the longest list of numbers
DRAWN_FRAMES = 24  # of a film
FOUR_COLOURS = ("#c9d9ea", "#fbd9bd", "#cfe6cb", "#e7cbdd")


def show_drawing(figure: Figure, alt: str) -> None:
    """Display a figure as SVG with its alt text, and close it.

    Args:
        figure: a Matplotlib figure.
        alt: what a reader who cannot see the figure needs to know; it is the SVG's title, too.

    Raises:
        ValueError: the alt text is empty.
    """
    if not alt.strip():
        raise ValueError("A drawing needs an alt text: say in one sentence what it shows.")
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with plt.rc_context({"svg.hashsalt": "the same ids every time"}):
        figure.savefig(buffer, format="svg", facecolor="white", metadata=nothing)
    plt.close(figure)
    start = buffer.getvalue().index("<svg ")
    drawn = buffer.getvalue()[start:].replace("<svg ", '<svg role="img" ', 1)
    first, rest = drawn.split(">", 1)
    data = {"image/svg+xml": f"{first}>\n <title>{escape(alt)}</title>{rest}", "text/plain": alt}
    display(data, raw=True, metadata={"image/svg+xml": {"alt": alt}})


def convolution_steps(
    picture: np.ndarray = EDGE,
    weights: np.ndarray = UPRIGHT,
    places: Sequence[tuple[int, int]] = ((0, 0), (1, 1), (3, 3)),
) -> None:
    """Show a filter that slides over a picture, with all numbers, and its output place by place.

    Args:
        picture: whole numbers of one or two digits, shape (rows, columns); 8 columns at most.
        weights: of the filter, whole numbers, shape (rows, columns), no larger than the picture.
        places: (row, column) of the output that is computed in each step, in reading order.

    Raises:
        OneSentence: a place lies outside the output.
    """
    output = correlate2d(picture, weights, mode="valid")
    for place in places:
        if not all(0 <= at < size for at, size in zip(place, output.shape, strict=True)):
            raise OneSentence(
                f"The output has {output.shape[0]} rows and {output.shape[1]} columns, counted "
                f"from 0; there is no place {place}."
            )
    (rows, columns), (high, wide) = picture.shape, weights.shape
    left, right = columns + 1.4, columns + wide + 2.8  # of the filter and of the output
    width, height = right + output.shape[1], rows + 2.6
    with plt.rc_context(DRAWING):
        size = (NARROW, NARROW * height * len(places) / width)
        figure, axes = plt.subplots(len(places), 1, figsize=size, squeeze=False)
        for axis, (row, column) in zip(axes.flat, places, strict=True):
            window = picture[row : row + high, column : column + wide]
            done = np.arange(output.size).reshape(output.shape) <= row * output.shape[1] + column
            _draw_grid(axis, "picture", picture, (0, 0), _greys(picture))
            axis.add_patch(_frame(column, row, wide, high, TRAINING_COLOUR))
            middle = (rows - high) / 2
            _draw_grid(axis, "filter", weights, (left, middle), np.full(weights.shape, BLUE))
            colours = np.where(done, PALE, PLAIN).astype(object)
            colours[row, column] = ORANGE
            corner = (right, (rows - output.shape[0]) / 2)
            _draw_grid(axis, "feature map", output, corner, colours, done)
            axis.add_patch(_frame(right + column, corner[1] + row, 1, 1, VALIDATION_COLOUR))
            for at, sign in ((columns + 0.7, "×"), (left + wide + 0.7, "=")):
                axis.text(at, rows / 2, sign, ha="center", va="center", fontsize=13, color=INK)
            axis.text(
                width / 2, rows + 0.75, _sum(window, weights, output[row, column]),
                ha="center", va="center", color=INK, fontsize=8.5,
            )  # fmt: skip
            axis.set(xlim=(-0.1, width + 0.1), ylim=(rows + 1.4, -1.1), aspect="equal")
            axis.axis("off")
    said = "; ".join(
        f"at row {row}, column {column} the products add up to {output[row, column]}"
        for row, column in places
    )
    show_drawing(
        figure,
        f"A filter of {high} x {wide} weights slides over a picture of {rows} x {columns} numbers; "
        f"each number below it is multiplied by the weight that lies on it: {said}. The feature "
        f"map has {output.shape[0]} x {output.shape[1]} numbers.",
    )


def _sum(window: np.ndarray, weights: np.ndarray, total: int) -> str:
    """Write out the products that make one output."""
    pairs = zip(window.ravel(), weights.ravel(), strict=True)
    products = [f"{n}·{w}" if w >= 0 else f"{n}·(−{-w})" for n, w in pairs]
    return f"{' + '.join(products)} = {_signed(total)}"


def _greys(numbers: np.ndarray) -> np.ndarray:
    """Return a grey for each number, the brighter the larger, all light enough for black ink."""
    span = max(np.ptp(numbers), 1)
    return np.vectorize(str, otypes=[object])(0.72 + 0.26 * (numbers - numbers.min()) / span)


def _signed(number: float) -> str:
    return f"{number:g}".replace("-", "−")


def _draw_grid(
    axis: Axes,
    title: str,
    numbers: np.ndarray,
    corner: tuple[float, float],
    colours: np.ndarray,
    filled: np.ndarray | None = None,
) -> None:
    """Draw numbers in squares of size 1; where `filled` is False, none is written."""
    left, top = corner
    axis.text(left, top - 0.3, title, va="bottom", fontsize=10, color=INK)
    for (row, column), number in np.ndenumerate(numbers):
        axis.add_patch(
            Rectangle(
                (left + column, top + row),
                1,
                1,
                facecolor=colours[row, column],
                edgecolor="#dde2e8",
            )
        )
        if filled is None or filled[row, column]:
            place = (left + column + 0.5, top + row + 0.53)
            axis.text(*place, _signed(number), ha="center", va="center", fontsize=9.5)
    size = numbers.shape[::-1]
    axis.add_patch(_frame(left, top, *size, LINE, 0.8))


def _frame(
    left: float, top: float, width: float, height: float, colour: str, line: float = 2.2
) -> Rectangle:
    return Rectangle((left, top), width, height, fill=False, edgecolor=colour, lw=line, zorder=3)


def pooling_step(numbers: np.ndarray = MAP) -> None:
    """Show how 2x2 max pooling keeps the largest of every four numbers.

    Args:
        numbers: a feature map, whole numbers, shape (4, 4).
    """
    blocks = numbers.reshape(2, 2, 2, 2).swapaxes(1, 2)
    largest = blocks.max((2, 3))
    pooled = np.array(FOUR_COLOURS, object).reshape(2, 2)
    with plt.rc_context(DRAWING):
        figure, axis = plt.subplots(figsize=(NARROW * 0.75, NARROW * 0.75 * 5.4 / 8.7))
        _draw_grid(axis, "feature map", numbers, (0, 0), np.repeat(np.repeat(pooled, 2, 0), 2, 1))
        _draw_grid(axis, "2 × 2 max pooling", largest, (6.1, 1), pooled)
        for row, column in np.ndindex(2, 2):
            inside = np.unravel_index(blocks[row, column].argmax(), (2, 2))
            axis.add_patch(_frame(2 * column + inside[1], 2 * row + inside[0], 1, 1, INK, 1.6))
        arrow = {"arrowstyle": "->", "color": INK, "lw": 1.4}
        axis.annotate("", (5.8, 2), (4.3, 2), arrowprops=arrow)
        axis.set(xlim=(-0.1, 9.4), ylim=(4.2, -1.1), aspect="equal")
        axis.axis("off")
    said = ", ".join(
        f"of {', '.join(map(str, blocks[place].ravel()))} the largest, {largest[place]}"
        for place in np.ndindex(2, 2)
    )
    show_drawing(figure, f"2 x 2 max pooling makes 2 x 2 numbers of 4 x 4: {said}.")


def network_boxes(network: keras.Sequential) -> None:
    """Show a network's layers from top to bottom, with output shapes and parameters.

    A box is as wide as the edge of a feature map and as high as the square root of how many maps
    there are; a list of numbers is one place wide.

    Args:
        network: a Sequential that knows its shapes.

    Raises:
        OneSentence: it does not know them.
    """
    if not network.built:
        raise OneSentence(
            "The network does not know its shapes yet; begin it with `keras.Input(...)`."
        )
    rows = [("Input", network.input_shape[1:], 0)]
    rows += [
        (type(layer).__name__, layer.output.shape[1:], layer.count_params())
        for layer in network.layers
    ]
    widest = max(shape[1] if len(shape) == 3 else 1 for _, shape, _ in rows)
    longest = max(shape[-1] for _, shape, _ in rows)
    with plt.rc_context(DRAWING):
        sizes = [
            (max((shape[1] if len(shape) == 3 else 1) / widest * BOXES, 0.06),
             max(math.sqrt(shape[-1] / longest) * TALLEST, 0.03))
            for _, shape, _ in rows
        ]  # fmt: skip
        heights = [max(0.27, high + 0.1) for _, high in sizes]
        total = sum(heights) + 1.0
        figure, axis = plt.subplots(figsize=(NARROW, total))
        top, middle = 0.32, BOXES / 2 + 0.02
        for at, words, side in (
            (NAMES, "layer", "left"),
            (SHAPES, "output", "right"),
            (COUNTS, "parameters", "right"),
        ):
            axis.text(at, 0.12, words, ha=side, va="center", color=LINE, fontsize=9)
        axis.plot([middle, middle], [top + 0.1, total - 0.75], color=LINE, lw=1, zorder=0)
        for (kind, shape, count), (wide, high), height in zip(rows, sizes, heights, strict=True):
            centre = top + height / 2
            colour = PLAIN if kind == "Input" else BLUE if count else PALE
            box = (middle - wide / 2, centre - high / 2)
            axis.add_patch(Rectangle(box, wide, high, facecolor=colour, edgecolor=INK, lw=0.8))
            size = " × ".join(f"{each:,}" for each in shape)
            axis.text(NAMES, centre, kind, va="center", fontsize=9, color=INK)
            axis.text(SHAPES, centre, size, ha="right", va="center", fontsize=9, color=INK)
            if count:
                axis.text(COUNTS, centre, f"{count:,}", ha="right", va="center", fontsize=9)
            top += height
        axis.plot([NAMES, COUNTS], [top + 0.08] * 2, color=LINE, lw=0.8)
        axis.text(NAMES, top + 0.25, "in all", va="center", fontsize=9, color=INK)
        axis.text(
            COUNTS, top + 0.25, f"{network.count_params():,}", ha="right", va="center",
            fontsize=9, weight="bold",
        )  # fmt: skip
        note = "A box: as wide as a map, as high as the square root of how many there are."
        axis.text(0.02, top + 0.55, note, va="center", fontsize=8.5, color=LINE)
        axis.set(xlim=(0, NARROW), ylim=(total, 0))
        axis.axis("off")
    said = "; ".join(
        f"{kind} {' x '.join(map(str, shape))}" + f", {count:,} parameters" * bool(count)
        for kind, shape, count in rows
    )
    show_drawing(
        figure,
        f"The network's layers as boxes, from top to bottom, with their output shapes: {said}. "
        f"In all {network.count_params():,} parameters.",
    )


def feature_maps(
    network: keras.Model, picture: np.ndarray, layer_name: str, number: int = 6
) -> None:
    """Show a picture beside a layer's strongest feature maps, each from 0 to its own maximum.

    The strongest are those whose maximum stands out most from their median: a map that is bright
    nearly everywhere, as of a white wall, says little about the picture.

    Args:
        network: takes the picture.
        picture: shape (height, width, 3), values 0 to 255.
        layer_name: a layer with feature maps.
        number: of maps, an even one, 2 to 8.

    Raises:
        OneSentence: there is no such layer, or it has no feature maps.
    """
    known = {layer.name: layer for layer in network.layers}
    with_maps = [name for name, layer in known.items() if len(layer.output.shape) == 4]
    if layer_name not in with_maps:
        raise OneSentence(
            f"{layer_name} has no feature maps, or is no layer at all; there are those of "
            f"{', '.join(with_maps)}."
        )
    cut = keras.Model(network.inputs[0], known[layer_name].output)
    batch = np.asarray(picture, np.float32)[None]
    maps = keras.ops.convert_to_numpy(cut(batch, training=False))[0]
    height = maps.max((0, 1)) - np.median(maps, (0, 1))
    strongest = np.argsort(-height)[:number]
    columns = number // 2
    with plt.rc_context({**DRAWING, "axes.titlelocation": "center", "axes.titlesize": 9}):
        figure = plt.figure(figsize=(NARROW, NARROW * 2.3 / (columns + 2)))
        grid = figure.add_gridspec(2, columns + 2)
        first = figure.add_subplot(grid[:, :2])
        first.imshow(np.clip(picture, 0, 255).astype(np.uint8), interpolation="none")
        first.set_title("picture")
        first.set(xticks=[], yticks=[])
        first.spines[:].set(visible=True, color=LINE, lw=0.8)
        for place, which in enumerate(strongest):
            axis = figure.add_subplot(grid[place // columns, 2 + place % columns])
            axis.imshow(maps[..., which], cmap="cividis", vmin=0, interpolation="none")
            axis.set_title(f"filter {which}")
            axis.axis("off")
    said = ", ".join(f"{which} (maximum {maps[..., which].max():.2f})" for which in strongest)
    show_drawing(
        figure,
        f"A picture, and the {len(strongest)} strongest of {maps.shape[-1]} feature maps that "
        f"{layer_name} makes of it, bright where the filter finds what it looks for. Their "
        f"filters: {said}.",
    )


def split_by_films(
    films: np.ndarray, held_out: Collection[str], test: Collection[str] = (), seed: int = 0
) -> None:
    """Show films as strips of frames, split at random and by film, and what leaks.

    A frame leaks where it is held out and another frame of its film is learnt from.

    Args:
        films: the film of each frame, shape (frames,).
        held_out: names of the films that are validation data; as many frames are held out at
            random.
        test: names of the films that are test data, whole in both splits.
        seed: chooses the frames.

    Raises:
        OneSentence: a name is not among the films, or none is held out.
    """
    films = np.asarray(films)
    names = list(dict.fromkeys(films.tolist()))
    unknown = [name for name in (*held_out, *test) if name not in names]
    if unknown:
        raise OneSentence(f"There is no film {unknown[0]}; the films are {', '.join(names)}.")
    if not len(held_out):
        raise OneSentence("Name at least one film to be held out.")
    tested, chosen = np.isin(films, list(test)), np.isin(films, list(held_out))
    rest = np.random.default_rng(seed).permutation(np.flatnonzero(~tested))
    at_random = np.isin(np.arange(len(films)), rest[: chosen.sum()])
    panels = {"frames at random": at_random, "whole films": chosen}
    colours = {"training": TRAINING_COLOUR, "validation": VALIDATION_COLOUR, "test": COLOURS[6]}
    leaks = []
    with plt.rc_context({**DRAWING, "axes.titlesize": 10}):
        size = (NARROW, 0.95 + 0.15 * len(names))
        figure, axes = plt.subplots(1, 2, figsize=size, sharey=True)
        for axis, (title, held) in zip(axes, panels.items(), strict=True):
            leak = np.isin(films[held], films[~held & ~tested]).mean()
            leaks.append(f"{title}, {leak:.0%} of the validation frames leak")
            axis.set_title(f"{title}\n{leak:.0%} leak", loc="left")
            for row, name in enumerate(names):
                own = np.flatnonzero(films == name)
                own = own[np.linspace(0, len(own) - 1, min(len(own), DRAWN_FRAMES)).astype(int)]
                for place, frame in enumerate(own):
                    part = "test" if tested[frame] else "validation" if held[frame] else "training"
                    axis.add_patch(
                        Rectangle((place, row + 0.1), 0.86, 0.8, color=colours[part], lw=0)
                    )
            axis.set(xlim=(0, DRAWN_FRAMES), ylim=(len(names), 0), xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        axes[0].set_yticks(np.arange(len(names)) + 0.5, names, fontsize=8)
        for axis in axes:
            axis.tick_params(length=0)
        shown = [part for part in colours if part != "test" or len(test)]
        keys = [Rectangle((0, 0), 1, 1, color=colours[part]) for part in shown]
        figure.legend(keys, shown, loc="outside lower center", ncols=3, fontsize=9)
    show_drawing(
        figure,
        f"{len(names)} films as strips of frames, twice: {'; '.join(leaks)}. Held out as whole "
        f"films: {', '.join(held_out)}." + f" Test films: {', '.join(test)}." * bool(len(test)),
    )
