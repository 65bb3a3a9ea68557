"""Drawings that explain an idea: vector graphics, narrow, so that a phone shows their letters."""

from __future__ import annotations

from collections.abc import Collection

import keras
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from scipy.signal import correlate2d

from helpers.messages import OneSentence
from helpers.plotting import NARROW, NO_GRID, TRAINING_COLOUR, VALIDATION_COLOUR, show_drawing
from helpers.plotting.boxes import BLUE, INK, LINE, ORANGE, PALE, PLAIN, draw_arrow, sheet, write

EDGE = np.array([[1, 1, 1, 7, 7, 7]] * 3 + [[1, 1, 1, 1, 7, 7]] * 3)  # a slanting edge
UPRIGHT = np.array([[-1, 0, 1]] * 3)  # strongest where it is dark to the left, light to the right
PLACES = ((0, 0), (1, 1), (3, 3))  # (row, column) of the outputs that are shown, in reading order
MAP = np.array([[1, 3, 0, 2], [6, 2, 1, 1], [0, 4, 8, 5], [1, 2, 7, 3]])
NAMES, SHAPES, COUNTS = 1.45, 4.25, NARROW - 0.05  # where a network's columns stand, in inches
BOXES, TALLEST = 1.3, 0.7  # inches for the widest map and the longest list of numbers
DRAWN_FILMS, DRAWN_FRAMES = 40, 24  # the frames of each film


@plt.rc_context(NO_GRID)
def convolution_steps() -> None:
    """Show a filter that slides over a picture, with all numbers, and its output place by place."""
    output = correlate2d(EDGE, UPRIGHT, mode="valid")
    (rows, columns), (high, wide) = EDGE.shape, UPRIGHT.shape
    left, right = columns + 1.4, columns + wide + 2.8  # of the filter and of the output
    width, height = right + output.shape[1], rows + 2.6
    greys = (0.72 + 0.26 * (EDGE - EDGE.min()) / np.ptp(EDGE)).astype(str)  # below black ink
    size = (NARROW, NARROW * height * len(PLACES) / width)
    figure, axes = plt.subplots(len(PLACES), 1, figsize=size, squeeze=False)
    said = []
    for axis, (row, column) in zip(axes.flat, PLACES, strict=True):
        done = np.arange(output.size).reshape(output.shape) <= row * output.shape[1] + column
        _draw_grid(axis, "picture", EDGE, (0, 0), greys)
        _frame(axis, (column, row, wide, high), TRAINING_COLOUR)
        blue = np.full(UPRIGHT.shape, BLUE)
        _draw_grid(axis, "filter", UPRIGHT, (left, (rows - high) / 2), blue)
        colours = np.where(done, PALE, PLAIN)
        colours[row, column] = ORANGE
        top = (rows - output.shape[0]) / 2
        _draw_grid(axis, "feature map", np.where(done, output, np.nan), (right, top), colours)
        _frame(axis, (right + column, top + row, 1, 1), VALIDATION_COLOUR)
        for at, sign in ((columns + 0.7, "×"), (left + wide + 0.7, "=")):
            write(axis, at, rows / 2, sign, 13, ha="center")
        pairs = zip(EDGE[row:, column:][:high, :wide].flat, UPRIGHT.flat, strict=True)
        products = [f"{n}·{w}" if w >= 0 else f"{n}·(−{-w})" for n, w in pairs]
        result = output[row, column]
        written = f"{' + '.join(products)} = {signed(result)}"
        write(axis, width / 2, rows + 0.75, written, 8.5, ha="center")
        said.append(f"at row {row}, column {column} the products add up to {result}")
        axis.set(xlim=(-0.1, width + 0.1), ylim=(rows + 1.4, -1.1), aspect="equal")
        axis.axis("off")
    show_drawing(
        figure,
        f"A filter of {high} x {wide} weights slides over a picture of {rows} x {columns} numbers; "
        f"each number below it is multiplied by the weight that lies on it: {'; '.join(said)}. The "
        f"feature map has {output.shape[0]} x {output.shape[1]} numbers.",
    )


def signed(number: float, form: str = "g") -> str:
    """Write a number with a real minus sign."""
    return f"{number:{form}}".replace("-", "−")


def _draw_grid(
    axis: Axes, title: str, numbers: np.ndarray, corner: tuple, colours: np.ndarray
) -> None:
    """Draw numbers in squares of size 1; NaN stays empty."""
    left, top = corner
    axis.text(left, top - 0.3, title, va="bottom", fontsize=10, color=INK)
    for (row, column), number in np.ndenumerate(numbers):
        x, y = left + column, top + row
        look = {"facecolor": colours[row, column], "edgecolor": "#dde2e8"}
        axis.add_patch(Rectangle((x, y), 1, 1, **look))
        if not np.isnan(number):
            write(axis, x + 0.5, y + 0.53, signed(number), 9.5, ha="center", color="black")
    _frame(axis, (left, top, *numbers.shape[::-1]), LINE, 0.8)


def _frame(axis: Axes, place: tuple, colour: str, line: float = 2.2) -> None:
    """Draw the edge of (left, top, width, height) over all else."""
    look = {"fill": False, "edgecolor": colour, "lw": line, "zorder": 3}
    axis.add_patch(Rectangle(place[:2], *place[2:], **look))


@plt.rc_context(NO_GRID)
def pooling_step() -> None:
    """Show how 2x2 max pooling keeps the largest of every four numbers."""
    blocks = MAP.reshape(2, 2, 2, 2).swapaxes(1, 2)
    largest = blocks.max((2, 3))
    colours = np.array([[BLUE, ORANGE], ["#cfe6cb", "#e7cbdd"]])
    size = (NARROW * 0.75, NARROW * 0.75 * 5.4 / 8.7)
    figure, axis = sheet(size, (-0.1, 9.4), (4.2, -1.1), aspect="equal")
    _draw_grid(axis, "feature map", MAP, (0, 0), colours.repeat(2, 0).repeat(2, 1))
    _draw_grid(axis, "2 × 2 max pooling", largest, (6.1, 1), colours)
    said = []
    for row, column in np.ndindex(2, 2):
        block = blocks[row, column]
        down, right = np.unravel_index(block.argmax(), (2, 2))
        said.append(f"of {', '.join(map(str, block.ravel()))} the largest, {block.max()}")
        _frame(axis, (2 * column + right, 2 * row + down, 1, 1), INK, 1.6)
    draw_arrow(axis, (4.3, 2), (5.8, 2), lw=1.4, shrinkA=2, shrinkB=2)
    show_drawing(figure, f"2 x 2 max pooling makes 2 x 2 numbers of 4 x 4: {', '.join(said)}.")


@plt.rc_context(NO_GRID)
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
    depths = [shape[-1] for _, shape, _ in rows]
    widths = [max(edge / max(edges) * BOXES, 0.06) for edge in edges]
    highs = [max((depth / max(depths)) ** 0.5 * TALLEST, 0.03) for depth in depths]
    heights = [max(0.27, high + 0.1) for high in highs]
    total = sum(heights) + 1.0
    figure, axis = sheet((NARROW, total), (0, NARROW), (total, 0))
    top, middle = 0.32, BOXES / 2 + 0.02
    said = []
    write(axis, NAMES, 0.12, "layer", color=LINE)
    write(axis, SHAPES, 0.12, "output", ha="right", color=LINE)
    write(axis, COUNTS, 0.12, "parameters", ha="right", color=LINE)
    axis.plot([middle, middle], [top + 0.1, total - 0.75], color=LINE, lw=1, zorder=0)
    for (kind, shape, count), wide, high, height in zip(rows, widths, highs, heights, strict=True):
        centre = top + height / 2
        colour = PLAIN if kind == "Input" else BLUE if count else PALE
        box = (middle - wide / 2, centre - high / 2)
        axis.add_patch(Rectangle(box, wide, high, facecolor=colour, edgecolor=INK, lw=0.8))
        write(axis, NAMES, centre, kind)
        write(axis, SHAPES, centre, " × ".join(f"{each:,}" for each in shape), ha="right")
        said.append(f"{kind} {' x '.join(map(str, shape))}")
        if count:
            write(axis, COUNTS, centre, f"{count:,}", ha="right", color="black")
            said[-1] += f", {count:,} parameters"
        top += height
    axis.plot([NAMES, COUNTS], [top + 0.08] * 2, color=LINE, lw=0.8)
    write(axis, NAMES, top + 0.25, "in all")
    bold = {"ha": "right", "weight": "bold", "color": "black"}
    write(axis, COUNTS, top + 0.25, f"{network.count_params():,}", **bold)
    note = "A box: as wide as a feature map, as high as the square root of their number."
    write(axis, 0.02, top + 0.55, note, 8.5, color=LINE)
    what = "The network's layers as boxes, from top to bottom, with their output shapes"
    in_all = f"In all {network.count_params():,} parameters"
    show_drawing(figure, f"{what}: {'; '.join(said)}. {in_all}.")


@plt.rc_context({**NO_GRID, "axes.titlelocation": "center", "axes.titlesize": 9})
def feature_maps(network: keras.Model, picture: np.ndarray, layer_name: str) -> None:
    """Show a picture beside a layer's six strongest feature maps, each from 0 to its own maximum.

    The strongest are those whose maximum stands out most from their median: a map that is bright
    nearly everywhere, as of a white wall, says little about the picture.

    Args:
        network: takes the picture.
        picture: shape (height, width, 3), values 0 to 255.
        layer_name: a layer with feature maps; there must be such a one (OneSentence).
    """
    outputs = {layer.name: layer.output for layer in network.layers}
    with_maps = [name for name, output in outputs.items() if len(output.shape) == 4]
    if layer_name not in with_maps:
        raise OneSentence(
            f"{layer_name} is not a layer with feature maps; choose one of {', '.join(with_maps)}."
        )
    cut = keras.Model(network.inputs[0], outputs[layer_name])
    batch = np.asarray(picture, np.float32)[None]
    maps = keras.ops.convert_to_numpy(cut(batch, training=False))[0]
    strongest = np.argsort(np.median(maps, (0, 1)) - maps.max((0, 1)))[:6]
    figure = plt.figure(figsize=(NARROW, NARROW * 2.3 / 5))
    grid = figure.add_gridspec(2, 5)
    first = figure.add_subplot(grid[:, :2])
    first.imshow(np.clip(picture, 0, 255).astype(np.uint8), interpolation="none")
    first.set(title="picture", xticks=[], yticks=[])
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


@plt.rc_context({**NO_GRID, "axes.titlesize": 10})
def split_by_films(films: np.ndarray, held_out: Collection[str]) -> None:
    """Show films as strips of frames, split at random and by film, and what leaks.

    A frame leaks where it is held out and another frame of its film is learnt from. Of many films,
    some are drawn, and all are counted.

    Args:
        films: the film of each frame, shape (frames,).
        held_out: names of the films that are validation data, known ones and at least one (else
            OneSentence); as many frames are held out at random.
    """
    names = list(dict.fromkeys(films.tolist()))
    if unknown := [name for name in held_out if name not in names]:
        raise OneSentence(f"There is no film {unknown[0]}; the films are {', '.join(names)}.")
    if not len(held_out):
        raise OneSentence("Name at least one film to be held out.")
    chosen = np.isin(films, list(held_out))
    shuffled = np.random.default_rng(0).permutation(len(films))
    at_random = np.isin(np.arange(len(films)), shuffled[: chosen.sum()])
    panels = {"frames at random": at_random, "whole films": chosen}
    leaks = []
    places = np.linspace(0, len(names) - 1, min(len(names), DRAWN_FILMS)).astype(int)
    drawn = [names[place] for place in places]
    figure, axes = plt.subplots(1, 2, figsize=(NARROW, 0.95 + 0.15 * len(drawn)), sharey=True)
    for axis, (title, held) in zip(axes, panels.items(), strict=True):
        leak = np.isin(films[held], films[~held]).mean()
        leaks.append(f"{title}, {leak:.0%} of the validation frames leak")
        axis.set_title(f"{title}\n{leak:.0%} leak", loc="left")
        for row, name in enumerate(drawn):
            own = np.flatnonzero(films == name)
            own = own[np.linspace(0, len(own) - 1, min(len(own), DRAWN_FRAMES)).astype(int)]
            colours = np.where(held[own], VALIDATION_COLOUR, TRAINING_COLOUR)
            axis.barh(row + 0.5, 0.86, left=np.arange(len(own)), color=colours, lw=0)
        axis.set(xlim=(0, DRAWN_FRAMES), ylim=(len(drawn), 0), xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
        axis.tick_params(length=0)
    axes[0].set_yticks(np.arange(len(drawn)) + 0.5, drawn, fontsize=8)
    if len(drawn) < len(names):
        axes[0].set_xlabel(f"{len(drawn)} of {len(names):,} films", fontsize=9)
    kinds = {"training": TRAINING_COLOUR, "validation": VALIDATION_COLOUR}
    keys = [Rectangle((0, 0), 1, 1, color=colour) for colour in kinds.values()]
    figure.legend(keys, kinds, loc="outside lower center", ncols=3, fontsize=9)
    named = list(held_out)[:DRAWN_FILMS]
    rest = f" and {len(held_out) - len(named):,} more" if len(held_out) > len(named) else ""
    said = f"{'; '.join(leaks)}. Held out as whole films: {', '.join(named)}{rest}"
    show_drawing(figure, f"{len(names)} films as strips of frames, twice: {said}.")
