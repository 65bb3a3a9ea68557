"""Exercises of lesson 3: memory, pairs, a shrinking layer, a callback, an empty cell."""

import numpy as np

from helpers.exercises.checks_03 import garments_from_empty, stops_below
from helpers.exercises.kinds import Examined, Function, Number

# How many GB, of a billion bytes or of 1024 x 1024 x 1024, each unit is.
GIB, MIB = 2**30 / 1e9, 2**20 / 1e9
GB = {
    "GB": (1, GIB), "gigabytes": (1, GIB), "gigabyte": (1, GIB), "GiB": (GIB,),
    "MB": (1e-3, MIB), "MiB": (MIB,), "kB": (1e-6,), "bytes": (1e-9,), "byte": (1e-9,),
}  # fmt: skip

memory = Number(
    kind="predict",
    title="sixty thousand enlarged pictures",
    question=(
        "How many GB do 60,000 pictures of 150x150 pixels in three colours take, with four bytes "
        "per number (float32)? Half a GB more or less does not matter."
    ),
    answer=16.2,
    tolerance=0.032,
    mistakes={
        4.05: "That is with one byte per number; float32 takes four.",
        5.4: "That is with one colour; there are three, even though all three are equal.",
        1.35: "That is with one colour and one byte; there are three colours and four bytes.",
        0.14: "That is with the 28x28 pixels that we keep, at one byte per number.",
        0.56: "That is with 28x28 pixels; enlarged, the pictures have 150x150.",
    },
    units=GB,
    hints=(
        "Pictures x height x width x colours x bytes per number; a GB is a billion bytes.",
        "60,000 x 150 x 150 x 3 x 4 bytes.",
    ),
    why=(
        "60,000 x 150 x 150 x 3 x 4 bytes. That is more than the memory of many laptops, for "
        "pictures that need 0.14 GB as they are."
    ),
)


def _right(random, more):
    """Return which pictures two networks get right; the first some more than the second."""
    first, second = random.random((2, 60)) < 0.7
    alone = first & ~second
    second[np.flatnonzero(alone)[: alone.sum() // 2]] = True
    extra = np.arange(2 * more) < more
    return np.concatenate([first, extra, extra]), np.concatenate([second, ~extra, extra])


only_one = Function(
    kind="complete",
    title="the pictures that decide",
    question=(
        "Most pictures are classified correctly by both networks or by neither; these do not tell "
        "which network is better. Write a function that counts the others. Then try it on "
        '`contest["fine-tuned"].right` and on the same array of another network.'
    ),
    code="""\
def only_one(first, second):
    return (first & ~second).sum(), (second & ~first).sum()
""",
    mistakes={
        "first.sum(), second.sum()": (
            "These counts include the pictures that both get right; they do not decide anything."
        ),
        "(second & ~first).sum(), (first & ~second).sum()": (
            "Both counts are right, but in the wrong order."
        ),
        "(first ^ second).sum()": "That is the sum of both counts; return them one by one.",
        "(first & second).sum(), (~first & ~second).sum()": (
            "Those are the pictures that both get right, and that both get wrong: all the others."
        ),
        "(first & ~second).mean(), (second & ~first).mean()": (
            "Those are shares; the exercise asks for counts, so take the sum."
        ),
        "first.sum() - second.sum()": (
            "That is the difference of the two counts; return them one by one."
        ),
        "first & ~second, second & ~first": (
            "Those tell *which* pictures decide; `.sum()` counts them."
        ),
        "(first & ~second).sum()": (
            "That is the first count; return the second, too, after a comma."
        ),
        "(~first).sum(), (~second).sum()": (
            "Those are the mistakes of each; the pictures that both get wrong do not decide "
            "anything."
        ),
    },
    inputs=lambda random: [_right(random, more) for more in (7, 2)],
    told=lambda arguments, place: (
        "Where only the first gets {} pictures right and only the second {}".format(
            *((one & ~other).sum() for one, other in (arguments, arguments[::-1]))
        )
    ),
    hints=(
        "`a & b` is True where both are; `~a` swaps True and False.",
        "Only the first: `first & ~second`. Its `.sum()` is the count.",
    ),
    why=(
        "Their difference, divided by the number of all pictures, is the difference of the two "
        "accuracies. The fewer pictures decide, the more exactly we know it. So "
        "`paired_difference` is sharper than two intervals side by side."
    ),
)

dense_inputs = Number(
    kind="predict",
    title="what is left at 28 pixels",
    question=(
        "At 150 pixels, 17x17x64 = 18,496 numbers go into the dense layer. A convolution of 2x2 "
        "makes a feature map one pixel narrower; the pooling after it halves the map, rounded "
        "down. Both happen three times. At 28 pixels, how many numbers go in?"
    ),
    answer=256,
    mistakes={
        576: "Before each pooling, the convolution of 2x2 takes one pixel off: 28, 27, 13, ...",
        18_496: "That is the count at 150 pixels.",
        4: "That is the number of places in one map; there are 64 maps.",
        64: "That is one place of all 64 maps; more than one place is left.",
        1600: "The third pooling is missing.",
        12_544: "That is after one pooling; there are three.",
    },
    hints=(
        "Continue: 28, 27, 13, 12, ...",
        "At the end there are 64 maps of 2x2.",
    ),
    why=(
        "28, 27, 13, 12, 6, 5, 2: maps of 2x2, and 2 x 2 x 64 = 256. That is 72 times fewer "
        "numbers, so the dense layer has 72 times fewer weights for them."
    ),
)


stop_below = Examined(
    kind="explore",
    title="a callback that does not stop",
    question=(
        "`stop_below(goal)` should return a callback that ends a training after the first epoch "
        "whose *validation loss* is below `goal`. It has three faults. Repair them, then give "
        "`stop_below` to the check, which trains a small network with it."
    ),
    code="""\
def stop_below(goal):
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if logs["val_loss"] < goal:
                self.model.stop_training = True

    return Stop()
""",
    examine=stops_below,
    hints=(
        "Which of the two losses does it read? Which way round does it compare? Whose "
        "`stop_training` does it set?",
        '`logs["val_loss"]`, `<`, and `self.model.stop_training`.',
    ),
    why=(
        "After each epoch Keras looks at the model's `stop_training`, never at the callback's. "
        "None of the three faults raises an error. So try such a callback once, with a goal that "
        "the training soon reaches."
    ),
)

from_empty = Examined(
    kind="complete",
    title="from an empty cell",
    question=(
        "Write `build()`, a function that returns a compiled network for garments of 28x28x3 (0 to "
        "255) in ten classes, numbered 0 to 9. Write it from scratch, or put a new head on a "
        "frozen base. The check trains it for a minute at most on 240 drawn garments, then shows "
        "it 120 others. Reach an accuracy above 0.9."
    ),
    code="""\
def build():
    network = keras.Sequential(
        [
            keras.Input((28, 28, 3)),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return network
""",
    examine=garments_from_empty,
    hints=(
        "From scratch: scaling, three convolutions with pooling between them, an average, a dense "
        "layer. On a base: `layers.Resizing`, the base with `trainable = False`, the same end.",
        "`Rescaling(1 / 127.5, offset=-1)`; convolutions of 32, 64, 64 filters, `MaxPooling2D()` "
        'between; `GlobalAveragePooling2D()`; `Dense(10, activation="softmax")`; `compile`.',
    ),
    why=(
        "Drawn garments are easy: a small network learns them in seconds. With real ones you would "
        "now draw the curve of section 5, and let the number of pictures decide."
    ),
)
