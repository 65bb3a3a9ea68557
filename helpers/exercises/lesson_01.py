"""Exercises of lesson 1: weights, layers that fit, a repair, a split by films, an empty cell."""

from __future__ import annotations

from helpers.exercises.checks_01 import (
    fitting_layers,
    network_from_empty,
    repaired_training,
    whole_films,
)
from helpers.exercises.kinds import Examined, Number

weights = Number(
    kind="predict",
    title="the weights of one layer",
    question=(
        "The first convolution has 64 filters. A filter looks at a square of 3x3 pixels in three "
        "colours. It has a weight for each of these numbers, and one more, its *bias*, which is "
        "added to the sum. How many weights does the layer have?"
    ),
    answer=1792,
    mistakes={
        1728: "64 x 27 leaves out the biases, one for each filter.",
        1729: "Each of the 64 filters has a bias of its own; one for all of them is too few.",
        640: "That is right for grey pictures; in three colours a filter looks at 27 numbers.",
        576: "A filter looks at three colours, and it has a bias, too.",
        28: "That is one filter; the layer has 64 of them.",
        27: "That is one filter without its bias; the layer has 64 of them.",
    },
    hints=(
        "How many numbers does one filter look at? A square of 3x3 pixels, each of three colours.",
        "Each of the 64 filters has 27 weights and one bias.",
    ),
    why=(
        "Each of the 64 filters has 3 x 3 x 3 weights and a bias, 64 x 28 in all. The size of the "
        "picture does not matter: the same filters slide over all of it."
    ),
)

layers_to_fit = Examined(
    kind="complete",
    title="layers that fit",
    question=(
        "Write the missing layers of a network for pictures of 64x64x3 and three classes. It has "
        "three convolutions (3x3, ReLU, and no padding, which is Keras's default: the filter stays "
        "inside the picture), each with twice as many filters as the one before. `MaxPooling2D` "
        "follows the first and the second; `GlobalMaxPooling2D`, which keeps the largest value of "
        "each feature map, follows the third. A dense layer with softmax ends it: 23,779 "
        "parameters in all."
    ),
    code="""\
def build():
    return keras.Sequential(
        [
            keras.Input((64, 64, 3)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
""",
    examine=fitting_layers,
    hints=(
        "How many filters have the second and the third convolution? `build().summary()` counts.",
        "Twice: `MaxPooling2D()` and a convolution, of 32 filters and of 64. Then "
        "`GlobalMaxPooling2D()` and `Dense(3, ...)`.",
    ),
    why=(
        "The layers have 448 + 4,640 + 18,496 + 195 parameters. Pooling has none. The size of the "
        "pictures does not matter: the same filter is used at every place, and the dense layer "
        "gets one number per map."
    ),
)


held_out = Examined(
    kind="complete",
    title="hold out whole films",
    question=(
        "Write a function that holds out a fifth of the films, rounded down, with all their "
        "frames; `seed` decides which. No film may be on both sides. `films` is an array with the "
        "name of each frame's film, such as rock03."
    ),
    code="""\
def hold_out(films, seed):
    names = np.unique(films)
    chosen = np.random.default_rng(seed).permutation(names)[: len(names) // 5]
    return np.isin(films, chosen)
""",
    examine=whole_films,
    hints=(
        "Choose among the names, not among the frames: `np.unique(films)` has each name once.",
        "`np.random.default_rng(seed).permutation(names)` shuffles them, `np.isin(films, chosen)` "
        "finds their frames.",
    ),
    why=(
        "A held-out frame tells nothing if the network learns from its neighbour: copying would be "
        "enough. The same holds for photos of one person, one patient, one walk. Scikit-learn's "
        "`GroupShuffleSplit` splits in this way, too. Of few films, draw some from each class, as "
        "the lesson does: otherwise a class may have none among those held out."
    ),
)


repair = Examined(
    kind="explore",
    title="a loss that does not fall",
    question=(
        "This network learns nothing, because it has three faults. The pictures have values from 0 "
        "to 255, and their labels are the numbers 0, 1, 2. Repair `build`, then give it to the "
        "check, which trains the network on drawn hands for some seconds."
    ),
    code="""\
def build():
    network = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.Adam(0.001)
    network.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return network
""",
    examine=repaired_training,
    hints=(
        "One fault is in the layers, two are in `compile`. What range do the pixels have after the "
        "first layer?",
        "`Rescaling(1 / 255)`; a loss for labels that are numbers; and Adam's usual rate, 0.001.",
    ),
    why=(
        "The network needs pixels from 0 to 1, the cross-entropy of the true class, and small "
        "steps. The first loss tells most: 1.10, the logarithm of 3, is the cost of guessing among "
        "three classes. If it begins far above that, suspect the scaling; if it stays there, the "
        "rate or the loss."
    ),
)

from_empty = Examined(
    kind="complete",
    title="from an empty cell",
    question=(
        "Write `build()`, a function that returns a compiled network for pictures of 64x64x3 (0 to "
        "255) and three classes, numbered 0, 1, 2. The check trains it for a minute at most on 360 "
        "drawn hands, then shows it 120 other drawn hands. It must classify more than 108 of them "
        "correctly."
    ),
    code="""\
def build():
    network = keras.Sequential(
        [
            keras.Input((64, 64, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.GlobalMaxPooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return network
""",
    examine=network_from_empty,
    hints=(
        "The network of this lesson, smaller: scaling, convolutions, poolings.",
        "`Rescaling(1 / 255)`; convolutions of 16, 32, 64, 64 filters, `MaxPooling2D()` between "
        'them; `GlobalMaxPooling2D()`; `Dense(3, activation="softmax")`; `compile` with Adam.',
    ),
    why=(
        "You have written a network alone. Its convolutions find a finger wherever it is, because "
        "the same filters slide over the whole picture. Try other sizes, or leave one layer out."
    ),
)
