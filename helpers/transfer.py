"""Transfer learning's two moves on any Keras model: cut it in two, and freeze what stays as it is.

The lower half keeps what it has learnt, and the upper one, or a head of one's own, learns anew.
Halves and wholes share their layers; joined again, they are one flat graph.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

import keras
import numpy as np
from keras import layers

# Cut: where the graph hangs on one tensor, split it in two, and join the halves again.


def cut_points(model: keras.Model) -> dict[str, tuple[int, ...]]:
    """List the layers at which the graph can be cut in two.

    Every path from the input to the output goes through such a layer's output. Branches that run
    side by side, or past a layer as a residual connection does, hold none. The output is left
    out, because nothing follows it.

    Returns:
        Layer names in the order of the data, each with its output's shape without the batch.
    """
    nodes = _nodes(model)
    position = {id(node): number for number, node in enumerate(nodes)}
    last_use = list(range(len(nodes)))
    for number, node in enumerate(nodes):
        for parent in node.parent_nodes:
            if id(parent) in position:
                last_use[position[id(parent)]] = number
    points, open_until = {}, 0
    for number, node in enumerate(nodes[:-1]):  # nothing is left to do after the output
        layer = node.operation
        if open_until <= number and isinstance(layer, layers.Layer) and not node.is_input:
            points[layer.name] = tuple(node.outputs[0].shape[1:])
        open_until = max(open_until, last_use[number])
    return points


def split(model: keras.Model, cut: str) -> tuple[keras.Model, keras.Model]:
    """Cut a model in two. Both halves share its layers: what the upper learns, it has learnt.

    Args:
        model: one input, one output.
        cut: a name out of `cut_points`.

    Returns:
        (from the input to the cut, from the cut to the output).

    Raises:
        ValueError: the model cannot be cut there.
    """
    points = cut_points(model)
    if cut not in points:
        _find_layer(model, cut)
        raise ValueError(
            f"{model.name} cannot be cut at {cut!r}, because other paths run past it; cut at "
            f"{_or(difflib.get_close_matches(cut, points, n=3, cutoff=0))}."
        )
    tensor = output_of(model, cut)
    lower = keras.Model(model.input, tensor, name=f"{model.name}_to_{cut}")
    upper = keras.Model(tensor, model.output, name=f"{model.name}_from_{cut}")
    return lower, upper


def join(lower: keras.Model, upper: keras.Model) -> keras.Model:
    """Put two models together into one flat graph that shares their layers.

    Args:
        lower: from pixels to maps or features.
        upper: from those to the answer: the other half of a split, or a head of one's own.

    Raises:
        ValueError: what the lower one gives is not what the upper one takes.
    """
    given, taken = lower.output_shape[1:], upper.input_shape[1:]
    if given != taken:
        raise ValueError(
            f"{lower.name} gives {given} where {upper.name} takes {taken}; "
            "build both for the same cut and picture size."
        )
    return keras.Model(lower.input, upper.call(lower.output), name=f"{lower.name}_joined")


def output_of(model: keras.Model, name: str) -> keras.KerasTensor:
    """Return a layer's output in this very model; layers may be part of others as well.

    Raises:
        ValueError: there is no such layer.
    """
    layer = _find_layer(model, name)
    return next(node.outputs[0] for node in _nodes(model) if node.operation is layer)


def _nodes(model: keras.Model) -> list:
    """Return the graph's calls of layers and operations in the order of the data."""
    graph = getattr(model, "_functional", None) or model  # a Sequential keeps its graph inside
    by_depth = graph._nodes_by_depth
    return [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]


def _find_layer(model: keras.Model, name: str) -> layers.Layer:
    names = [layer.name for layer in model.layers]
    if name not in names:
        near = _or(difflib.get_close_matches(name, names, n=3, cutoff=0))
        raise ValueError(f"{model.name} has no layer {name!r}; the nearest names are {near}.")
    return model.layers[names.index(name)]


def _or(names: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


# Freeze: what training may move.


def freeze(model: keras.Model) -> None:
    """Freeze all layers. Compile anew afterwards: a compiled model keeps what it trained before."""
    model.trainable = False


def unfreeze_from(model: keras.Model, name: str) -> int:
    """Let the layers from the named one on train, and freeze those before it.

    Batch normalisation stays frozen everywhere, each layer by itself: its running averages were
    learnt from a million pictures, and a few hundred others would spoil them. Calling the network
    with `training=False` does not protect them once it is part of a model that is fitted.
    Compile anew afterwards.

    Args:
        model: a flat model.
        name: of the first layer to train, in the order of `model.layers`.

    Returns:
        The number of trainable values.

    Raises:
        ValueError: there is no such layer.
    """
    start = model.layers.index(_find_layer(model, name))
    model.trainable = True
    for number, layer in enumerate(model.layers):
        layer.trainable = number >= start
    for layer in _with_inner(model):
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


def _with_inner(model: keras.Model) -> Iterator[layers.Layer]:
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _with_inner(layer)
