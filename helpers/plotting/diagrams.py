"""Drawings that explain an idea, made of boxes, grids and arrows.

Those of lesson 1 are vector graphics, drawn narrow, so that they can be read on a phone.
"""

from __future__ import annotations

import io
import math
from collections.abc import Collection
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
from helpers.plotting import NARROW, NO_GRID, TRAINING_COLOUR, VALIDATION_COLOUR
from helpers.plotting.boxes import INK, PLAIN, write

PALE, LINE = "#eef1f5", "#8a929c"
BLUE, ORANGE = "#c9d9ea", "#fbd9bd"  # light, below black numbers
DRAWING = NO_GRID
EDGE = np.array([[1, 1, 1, 7, 7, 7]] * 3 + [[1, 1, 1, 1, 7, 7]] * 3)  # a slanting edge
UPRIGHT = np.array([[-1, 0, 1]] * 3)  # strongest where it is dark to the left, light to the right
PLACES = ((0, 0), (1, 1), (3, 3))  # (row, column) of the outputs that are shown, in reading order
MAP = np.array([[1, 3, 0, 2], [6, 2, 1, 1], [0, 4, 8, 5], [1, 2, 7, 3]])
NAMES, SHAPES, COUNTS = 1.45, 4.25, NARROW - 0.05  # where a network's columns stand, in inches
BOXES, TALLEST = 1.3, 0.7  # inches for the widest map and the longest list of numbers
DRAWN_FRAMES = 24  # of a film
FOUR_COLOURS = ("#c9d9ea", "#fbd9bd", "#cfe6cb", "#e7cbdd")


def show_drawing(figure: Figure, alt: str) -> None:
    """Display a figure as SVG with its alt text, which is its title, too, and close it.

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
    drawn = buffer.getvalue()
    drawn = drawn[drawn.index("<svg ") :].replace("<svg ", '<svg role="img" ', 1)
    titled = drawn.replace(">", f">\n <title>{escape(alt)}</title>", 1)
    data = {"image/svg+xml": titled, "text/plain": alt}
    display(data, raw=True, metadata={"image/svg+xml": {"alt": alt}})


@plt.rc_context(DRAWING)
def convolution_steps() -> None:
    """Show a filter that slides over a picture, with all numbers, and its output place by place."""
    output = correlate2d(EDGE, UPRIGHT, mode="valid")
    (rows, columns), (high, wide) = EDGE.shape, UPRIGHT.shape
    left, right = columns + 1.4, columns + wide + 2.8  # of the filter and of the output
    width, height = right + output.shape[1], rows + 2.6
    size = (NARROW, NARROW * height * len(PLACES) / width)
    figure, axes = plt.subplots(len(PLACES), 1, figsize=size, squeeze=False)
    for axis, (row, column) in zip(axes.flat, PLACES, strict=True):
        done = np.arange(output.size).reshape(output.shape) <= row * output.shape[1] + column
        _draw_grid(axis, "picture", EDGE, (0, 0), _greys(EDGE))
        axis.add_patch(_frame(column, row, wide, high, TRAINING_COLOUR))
        blue = np.full(UPRIGHT.shape, BLUE)
        _draw_grid(axis, "filter", UPRIGHT, (left, (rows - high) / 2), blue)
        colours = np.where(done, PALE, PLAIN).astype(object)
        colours[row, column] = ORANGE
        top = (rows - output.shape[0]) / 2
        _draw_grid(axis, "feature map", output, (right, top), colours, done)
        axis.add_patch(_frame(right + column, top + row, 1, 1, VALIDATION_COLOUR))
        for at, sign in ((columns + 0.7, "×"), (left + wide + 0.7, "=")):
            write(axis, at, rows / 2, sign, 13, ha="center")
        pairs = zip(EDGE[row:, column:][:high, :wide].flat, UPRIGHT.flat, strict=True)
        products = [f"{n}·{w}" if w >= 0 else f"{n}·(−{-w})" for n, w in pairs]
        written = f"{' + '.join(products)} = {_signed(output[row, column])}"
        write(axis, width / 2, rows + 0.75, written, 8.5, ha="center")
        axis.set(xlim=(-0.1, width + 0.1), ylim=(rows + 1.4, -1.1), aspect="equal")
        axis.axis("off")
    said = "; ".join(
        f"at row {row}, column {column} the products add up to {output[row, column]}"
        for row, column in PLACES
    )
    show_drawing(
        figure,
        f"A filter of {high} x {wide} weights slides over a picture of {rows} x {columns} numbers; "
        f"each number below it is multiplied by the weight that lies on it: {said}. The feature "
        f"map has {output.shape[0]} x {output.shape[1]} numbers.",
    )


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
        x, y = left + column, top + row
        look = {"facecolor": colours[row, column], "edgecolor": "#dde2e8"}
        axis.add_patch(Rectangle((x, y), 1, 1, **look))
        if filled is None or filled[row, column]:
            write(axis, x + 0.5, y + 0.53, _signed(number), 9.5, ha="center", color="black")
    axis.add_patch(_frame(left, top, *numbers.shape[::-1], LINE, 0.8))


def _frame(
    left: float, top: float, width: float, height: float, colour: str, line: float = 2.2
) -> Rectangle:
    return Rectangle((left, top), width, height, fill=False, edgecolor=colour, lw=line, zorder=3)


@plt.rc_context(DRAWING)
def pooling_step() -> None:
    """Show how 2x2 max pooling keeps the largest of every four numbers."""
    blocks = MAP.reshape(2, 2, 2, 2).swapaxes(1, 2)
    largest = blocks.max((2, 3))
    pooled = np.array(FOUR_COLOURS, object).reshape(2, 2)
    figure, axis = plt.subplots(figsize=(NARROW * 0.75, NARROW * 0.75 * 5.4 / 8.7))
    _draw_grid(axis, "feature map", MAP, (0, 0), np.repeat(np.repeat(pooled, 2, 0), 2, 1))
    _draw_grid(axis, "2 × 2 max pooling", largest, (6.1, 1), pooled)
    for row, column in np.ndindex(2, 2):
        down, right = np.unravel_index(blocks[row, column].argmax(), (2, 2))
        axis.add_patch(_frame(2 * column + right, 2 * row + down, 1, 1, INK, 1.6))
    arrow = {"arrowstyle": "->", "color": INK, "lw": 1.4}
    axis.annotate("", (5.8, 2), (4.3, 2), arrowprops=arrow)
    axis.set(xlim=(-0.1, 9.4), ylim=(4.2, -1.1), aspect="equal")
    axis.axis("off")
    said = ", ".join(
        f"of {', '.join(map(str, blocks[place].ravel()))} the largest, {largest[place]}"
        for place in np.ndindex(2, 2)
    )
    show_drawing(figure, f"2 x 2 max pooling makes 2 x 2 numbers of 4 x 4: {said}.")


@plt.rc_context(DRAWING)
def network_boxes(network: keras.Sequential) -> None:
    """Show a network's layers from top to bottom, with output shapes and parameters.

    A box is as wide as the edge of a feature map and as high as the square root of how many maps
    there are; a list of numbers is one place wide.

    Raises:
        OneSentence: the network does not know its shapes.
    """
    if not network.built:
        raise OneSentence(
            "The network does not know its shapes yet; begin it with `keras.Input(...)`."
        )
    rows = [("Input", network.input_shape[1:], 0)]
    for layer in network.layers:
        rows.append((type(layer).__name__, layer.output.shape[1:], layer.count_params()))
    edges = [shape[1] if len(shape) == 3 else 1 for _, shape, _ in rows]
    longest = max(shape[-1] for _, shape, _ in rows)
    widths = [max(edge / max(edges) * BOXES, 0.06) for edge in edges]
    boxes = [max(math.sqrt(shape[-1] / longest) * TALLEST, 0.03) for _, shape, _ in rows]
    heights = [max(0.27, high + 0.1) for high in boxes]
    total = sum(heights) + 1.0
    figure, axis = plt.subplots(figsize=(NARROW, total))
    top, middle = 0.32, BOXES / 2 + 0.02
    write(axis, NAMES, 0.12, "layer", color=LINE)
    write(axis, SHAPES, 0.12, "output", ha="right", color=LINE)
    write(axis, COUNTS, 0.12, "parameters", ha="right", color=LINE)
    axis.plot([middle, middle], [top + 0.1, total - 0.75], color=LINE, lw=1, zorder=0)
    for (kind, shape, count), wide, high, height in zip(rows, widths, boxes, heights, strict=True):
        centre = top + height / 2
        colour = PLAIN if kind == "Input" else BLUE if count else PALE
        box = (middle - wide / 2, centre - high / 2)
        axis.add_patch(Rectangle(box, wide, high, facecolor=colour, edgecolor=INK, lw=0.8))
        write(axis, NAMES, centre, kind)
        write(axis, SHAPES, centre, " × ".join(f"{each:,}" for each in shape), ha="right")
        if count:
            write(axis, COUNTS, centre, f"{count:,}", ha="right", color="black")
        top += height
    axis.plot([NAMES, COUNTS], [top + 0.08] * 2, color=LINE, lw=0.8)
    write(axis, NAMES, top + 0.25, "in all")
    bold = {"ha": "right", "weight": "bold", "color": "black"}
    write(axis, COUNTS, top + 0.25, f"{network.count_params():,}", **bold)
    note = "A box: as wide as a map, as high as the square root of how many there are."
    write(axis, 0.02, top + 0.55, note, 8.5, color=LINE)
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


@plt.rc_context({**DRAWING, "axes.titlelocation": "center", "axes.titlesize": 9})
def feature_maps(network: keras.Model, picture: np.ndarray, layer_name: str) -> None:
    """Show a picture beside a layer's six strongest feature maps, each from 0 to its own maximum.

    The strongest are those whose maximum stands out most from their median: a map that is bright
    nearly everywhere, as of a white wall, says little about the picture.

    Args:
        network: takes the picture.
        picture: shape (height, width, 3), values 0 to 255.
        layer_name: a layer with feature maps; there must be such a one (OneSentence).
    """
    known = {layer.name: layer for layer in network.layers}
    with_maps = [name for name, layer in known.items() if len(layer.output.shape) == 4]
    if layer_name not in with_maps:
        raise OneSentence(
            f"{layer_name} is not a layer with feature maps; choose one of {', '.join(with_maps)}."
        )
    cut = keras.Model(network.inputs[0], known[layer_name].output)
    batch = np.asarray(picture, np.float32)[None]
    maps = keras.ops.convert_to_numpy(cut(batch, training=False))[0]
    strongest = np.argsort(np.median(maps, (0, 1)) - maps.max((0, 1)))[:6]
    figure = plt.figure(figsize=(NARROW, NARROW * 2.3 / 5))
    grid = figure.add_gridspec(2, 5)
    first = figure.add_subplot(grid[:, :2])
    first.imshow(np.clip(picture, 0, 255).astype(np.uint8), interpolation="none")
    first.set_title("picture")
    first.set(xticks=[], yticks=[])
    first.spines[:].set(visible=True, color=LINE, lw=0.8)
    for place, which in enumerate(strongest):
        axis = figure.add_subplot(grid[place // 3, 2 + place % 3])
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


@plt.rc_context({**DRAWING, "axes.titlesize": 10})
def split_by_films(films: np.ndarray, held_out: Collection[str]) -> None:
    """Show films as strips of frames, split at random and by film, and what leaks.

    A frame leaks where it is held out and another frame of its film is learnt from.

    Args:
        films: the film of each frame, shape (frames,).
        held_out: names of the films that are validation data, known ones and at least one (else
            OneSentence); as many frames are held out at random.
    """
    films = np.asarray(films)
    names = list(dict.fromkeys(films.tolist()))
    if unknown := [name for name in held_out if name not in names]:
        raise OneSentence(f"There is no film {unknown[0]}; the films are {', '.join(names)}.")
    if not len(held_out):
        raise OneSentence("Name at least one film to be held out.")
    chosen = np.isin(films, list(held_out))
    some = np.random.default_rng(0).permutation(np.arange(len(films)))[: chosen.sum()]
    panels = {"frames at random": np.isin(np.arange(len(films)), some), "whole films": chosen}
    colours = {"training": TRAINING_COLOUR, "validation": VALIDATION_COLOUR}
    leaks = []
    figure, axes = plt.subplots(1, 2, figsize=(NARROW, 0.95 + 0.15 * len(names)), sharey=True)
    for axis, (title, held) in zip(axes, panels.items(), strict=True):
        leak = np.isin(films[held], films[~held]).mean()
        leaks.append(f"{title}, {leak:.0%} of the validation frames leak")
        axis.set_title(f"{title}\n{leak:.0%} leak", loc="left")
        for row, name in enumerate(names):
            own = np.flatnonzero(films == name)
            own = own[np.linspace(0, len(own) - 1, min(len(own), DRAWN_FRAMES)).astype(int)]
            for place, frame in enumerate(own):
                colour = colours["validation" if held[frame] else "training"]
                axis.add_patch(Rectangle((place, row + 0.1), 0.86, 0.8, color=colour, lw=0))
        axis.set(xlim=(0, DRAWN_FRAMES), ylim=(len(names), 0), xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
        axis.tick_params(length=0)
    axes[0].set_yticks(np.arange(len(names)) + 0.5, names, fontsize=8)
    keys = [Rectangle((0, 0), 1, 1, color=colour) for colour in colours.values()]
    figure.legend(keys, colours, loc="outside lower center", ncols=3, fontsize=9)
    show_drawing(
        figure,
        f"{len(names)} films as strips of frames, twice: {'; '.join(leaks)}. Held out as whole "
        f"films: {', '.join(held_out)}.",
    )
