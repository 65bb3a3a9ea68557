"""How lesson 1 examines networks and splits: each function says what is wrong, "" if nothing is."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import layers

from helpers.exercises.kinds import NotYet, shown, tried
from helpers.exercises.trainings import (
    SIZE,
    Training,
    first_of,
    given_network,
    loss_of,
    network_of,
    no_probabilities,
    training_hands,
    wrong_end,
)

PARAMETERS = 23_779
OTHER_POOLINGS = {
    layers.Flatten: (
        "`Flatten` keeps every place of every map, so {inputs:,} numbers go into the dense layer "
        "and the network has {count:,} parameters. `GlobalMaxPooling2D` keeps one number per map."
    ),
    layers.GlobalAveragePooling2D: (
        "`GlobalAveragePooling2D` keeps the average of each map; the exercise asks for the "
        "*largest* value."
    ),
    layers.AveragePooling2D: "`AveragePooling2D` keeps averages; take `MaxPooling2D` instead.",
}


def fitting_layers(answer: Callable) -> str:
    network = given_network(answer, SIZE, compiled=False)
    found = [layer for layer in network.layers if not isinstance(layer, layers.InputLayer)]
    for layer in found:
        if type(layer) in OTHER_POOLINGS:
            inputs, count = layer.output.shape[-1], network.count_params()
            return OTHER_POOLINGS[type(layer)].format(inputs=inputs, count=count)
    end = wrong_end(network, compiled=False)
    return _convolutions(found) or _poolings(found) or end or _end(found, network)


def _convolutions(found: list[keras.Layer]) -> str:
    """Return what is wrong with the convolutions among the layers."""
    those = [layer for layer in found if isinstance(layer, layers.Conv2D)]
    if len(those) != 3:
        return f"Your network has {len(those)} convolutions; the exercise asks for three."
    for number, layer in enumerate(those, 1):
        place = f"Convolution {number}"
        if layer.kernel_size != (3, 3):
            return f"{place} looks at {' x '.join(map(str, layer.kernel_size))} pixels, not 3 x 3."
        if layer.padding != "valid":
            return (
                f'{place} has `padding="same"`: it adds a border, and its maps stay as large as '
                "what comes in. Without padding they lose a pixel on each side."
            )
        if layer.strides != (1, 1):
            return f"{place} has strides; leave the shrinking to the pooling."
        if layer.activation is not keras.activations.relu:
            return f"{place} has no ReLU: without it, two convolutions do no more than one."
        if not layer.use_bias:
            return f"{place} has no bias; its filters have one each."
    filters = tuple(layer.filters for layer in those)
    if filters != (16, 32, 64):
        return (
            f"With {', '.join(map(str, filters))} filters the convolutions have "
            f"{sum(layer.count_params() for layer in those):,} parameters, which does not fit. "
            "Each has twice as many filters as the one before, and the first has 16."
        )
    return ""


def _poolings(found: list[keras.Layer]) -> str:
    """Return what is wrong with the poolings, between the convolutions and at the end."""
    kinds = [type(layer) for layer in found]
    pooled = kinds.count(layers.MaxPooling2D)
    if pooled < 2:
        forgotten = "One pooling is" if pooled else "The poolings are"
        return (
            f"{forgotten} forgotten: `MaxPooling2D` stands between any two convolutions. Without "
            "it, the parameters stay the same, but the maps stay large, and so does the work."
        )
    if pooled > 2:
        return "One `MaxPooling2D` too many: after the last convolution comes the global one."
    if layers.GlobalMaxPooling2D not in kinds:
        return (
            "`GlobalMaxPooling2D` is missing: it makes one number of each of the 64 maps, for the "
            "dense layer to weigh."
        )
    order = [kind for kind in kinds if kind in (layers.Conv2D, layers.MaxPooling2D)]
    if order[1::2] != 2 * [layers.MaxPooling2D]:
        return "The poolings stand in the wrong places: one between any two convolutions."
    if any(layer.pool_size != (2, 2) for layer in found if isinstance(layer, layers.MaxPooling2D)):
        return "A pooling takes more than 2 x 2 places; leave `MaxPooling2D()` as it is."
    return ""


def _end(found: list[keras.Layer], network: keras.Model) -> str:
    """Return what is wrong with the layers at the end, and with the network as a whole."""
    dense = [layer for layer in found if isinstance(layer, layers.Dense)]
    last = found[-1]
    outer = last.activation if isinstance(last, (layers.Dense, layers.Activation)) else None
    if outer is not keras.activations.softmax and not isinstance(last, layers.Softmax):
        name = getattr(outer, "__name__", "no activation")
        return (
            f"The last layer has {'no activation' if name == 'linear' else name}: without softmax "
            "its three numbers are not probabilities that add up to 1."
        )
    if len(dense) > 1:
        return f"There are {len(dense)} dense layers; the three units at the end are enough."
    others = (layers.Dropout, layers.Rescaling, layers.BatchNormalization)
    if more := [layer for layer in found if isinstance(layer, others)]:
        return f"`{type(more[0]).__name__}` is not needed here; leave it out."
    if network.count_params() != PARAMETERS:
        return f"Your network has {network.count_params():,} parameters instead of {PARAMETERS:,}."
    return ""


EPOCHS, SECONDS = 12, 30  # of the repaired network's training
FALLEN = 0.8  # cross-entropy; guessing costs 1.10
FAST = 0.02  # a rate that Adam cannot take here


def _faults(network: keras.Model, losses: list[float]) -> list[str]:
    """Return what is wrong with a compiled network, and how it shows in its loss."""
    first, *later = losses
    by_way = f" by way of {max(later):,.3g}" if max(later) > 10 * max(first, later[-1]) else ""
    faults, went = [], f"the loss went from {first:,.3g}{by_way} to {later[-1]:,.3g}"
    scales = [layer.scale for layer in network.layers if isinstance(layer, layers.Rescaling)]
    for scale in scales:
        if np.max(scale) > 1 / 100:
            faults.append(
                f"The scaling: times {scale:.3g}, pixels reach {255 * scale:,.0f}. With such "
                f"numbers a network is confident before it has learnt anything: {went}. It learns "
                "best from numbers between -1 and 1."
            )
    if loss_of(network) != "sparse_categorical_crossentropy":
        faults.append(
            f"The loss: {went}, and stays. `{loss_of(network)}` does not look up the probability "
            "of the true class. It compares all three probabilities with the class's *number*, "
            "0, 1 or 2, and is smallest if all three are equal."
        )
    rate = float(keras.ops.convert_to_numpy(network.optimizer.learning_rate))
    if rate > FAST:
        faults.append(
            f"The rate: at {rate:.3g} {went}. The first steps throw the weights so far that the "
            "network gives every picture the same answer. (Guessing among three costs 1.10.)"
        )
    return faults


def repaired_training(answer: Callable) -> str:
    network = network_of(answer, 32)
    images, labels = training_hands(32)
    column = labels[:, None]  # so that the squared error runs, as it does on many a data set
    first = network.evaluate(images, column, verbose=0, return_dict=True)["loss"]
    training = Training("The repaired network", SECONDS)
    later = training.fit(network, images, column, EPOCHS)["loss"]
    probabilities = np.clip(network.predict(images, verbose=0), 1e-7, None)
    cost = float(-np.log(probabilities[np.arange(len(labels)), labels]).mean())
    training.say(f"the true class costs {cost:.2f}, guessing 1.10")
    if max(cost, later[-1]) < FALLEN:  # unscaled, the loss jumps on when most guesses are right
        return ""
    return first_of(_faults(network, [first, *later])) or (
        f"The loss went from {first:,.3g} to {later[-1]:,.3g} in {EPOCHS} epochs, too slowly: have "
        "you changed more than the three faults? A rate about 0.001 suits Adam."
    )


LEAST, MOST = 0.1, 0.34  # of the films that may be held out; a fifth is asked


def _films(random: np.random.Generator) -> np.ndarray:
    """Return the film of each frame: 15 films of different length, in their order."""
    names = [f"{kind}{number:02d}" for kind in ("paper", "rock", "scissors") for number in range(5)]
    return np.repeat(names, random.integers(7, 30, len(names)))


def whole_films(function: Callable) -> str:
    random = np.random.default_rng()
    ordered = [_films(random) for _ in range(3)]
    cases = [*ordered, random.permutation(ordered[0])]
    chosen = set()
    for seed, films in enumerate(cases):
        if problem := _sides(films, _mask(function, films, seed)):
            return problem
    for seed in range(8):
        mask, again = (_mask(function, cases[0], seed) for _ in range(2))
        if not np.array_equal(mask, again):
            return (
                "The same seed gives another split the next time, so no run can be repeated. Draw "
                "all random numbers from `np.random.default_rng(seed)`."
            )
        chosen.add(tuple(np.unique(cases[0][mask])))
    if len(chosen) == 1:
        return (
            f"Every seed holds out the same films ({', '.join(*chosen)}); let `seed` choose them."
        )
    return ""


def _mask(function: Callable, films: np.ndarray, seed: int) -> np.ndarray:
    """Return which frames a function holds out; NotYet says what is wrong with the form of that."""
    outcome = tried(function, films.copy(), seed)
    try:
        mask = np.asarray(outcome)
    except ValueError:
        mask = np.empty(0)
    if mask.shape == films.shape and (mask.dtype == bool or np.isin(mask, (0, 1)).all()):
        return mask.astype(bool)
    kind = f"Your function gives {shown(outcome)}"
    if mask.dtype.kind == "U" and mask.ndim == 1:
        kind = "Your function gives names of films"
    elif mask.dtype.kind == "i" and mask.ndim == 1:
        kind = "Your function gives the places of frames"
    raise NotYet(f"{kind}; give True or False for each of the {len(films)} frames.")


def _sides(films: np.ndarray, mask: np.ndarray) -> str:
    """Return what is wrong with a split."""
    if not mask.any():
        return "Nothing is held out."
    held, kept = set(films[mask]), set(films[~mask])
    if not kept:
        return "Everything is held out, and nothing is left to learn from."
    both = sorted(held & kept)
    if both:
        inside, outside = ((films[side] == both[0]).sum() for side in (mask, ~mask))
        return (
            f"{len(both)} films are on both sides. Of {both[0]}, for one, {inside} frames are held "
            f"out, and {outside} that look nearly the same are learnt from. Choose *films*, then "
            "hold out all their frames."
        ).replace("1 films are", "One film is")
    share = len(held) / (len(held) + len(kept))
    if not LEAST <= share <= MOST:
        return f"{len(held)} of {len(held) + len(kept)} films are held out; it should be a fifth."
    return ""


PASSES = 20


def network_from_empty(answer: Callable) -> str:
    """Train a network, and say what is wrong with it, judged by new hands."""
    network = network_of(answer)
    if problem := no_probabilities(network):
        return problem
    training = Training("From an empty cell")
    training.fit(network, *training_hands(), PASSES)
    flat = not any("Conv" in type(layer).__name__ for layer in network.layers) and (
        "It has no convolution: without one, the network has to learn a finger anew for every "
        "place where it may be."
    )
    return training.judge_by_hands(
        network,
        flat
        or "It has not learnt enough yet: are the pixels scaled, is the rate about 0.001, is the "
        "network small enough for a minute?",
        flat
        or "It memorises. Give the dense layer fewer numbers, by more pooling or by "
        "`GlobalMaxPooling2D`.",
    )
