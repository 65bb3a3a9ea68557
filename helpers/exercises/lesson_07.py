"""Exercises of lesson 7: an honest split, rare classes, none of these, an empty cell."""

import numpy as np

from helpers.exercises.checks_07 import learns_from_a_folder, weights_for_the_rare
from helpers.exercises.kinds import Choice, Examined, Function, Number

honest_split = Choice(
    kind="explain",
    title="which number to believe",
    question=(
        "Sixty mugs were photographed, ten pictures of each from all sides. With pictures shared "
        "out at random a network names 98 % of the test pictures, with mugs shared out 81 %. What "
        "is to be expected of a mug that is bought tomorrow?"
    ),
    options={
        "a": "98 %, because more training pictures resemble the test pictures.",
        "b": "81 %, because tomorrow's mug has no picture among the training pictures.",
        "c": "About 90 %, the mean of the two.",
        "d": "98 %, once the network is trained on all sixty mugs.",
    },
    reasons={
        "a": "They resemble them because they show the same mugs. Tomorrow's mug is not there.",
        "c": "A mean of a right number and a wrong one is wrong, too: look at what each one asks.",
        "d": "More mugs help a little, but the 98 % are about mugs that the network has seen.",
    },
    hints=(
        "Ask of each split: is another picture of the same thing among the training pictures?",
        "The test has to do to the network what tomorrow does to it.",
    ),
    why=(
        "A test is to be as strange to the network as its use will be. What will be new in use, "
        "whole mugs, people or days, must be new in the test."
    ),
)

rare_weight = Number(
    kind="predict",
    title="what a rare class weighs",
    question=(
        "A folder holds 40 pictures of owls and 400 of pigeons. Class weights that make both count "
        "alike are n / (k x count): all pictures, divided by the classes times the pictures of the "
        "class. What is an owl's weight?"
    ),
    answer=5.5,
    mistakes={
        10: "That is how much more an owl weighs than a pigeon, whose weight is 0.55.",
        11: "Divide by the number of classes, too.",
        0.55: "That is a pigeon's weight.",
        0.0909: "That is the share of owls; a rare class is to weigh more than 1.",
    },
    hints=(
        "n is 440, and k, the number of classes, is 2.",
        "440 / (2 x 40).",
    ),
    why=(
        "40 owls of weight 5.5 and 400 pigeons of weight 0.55 are 220 each; together they weigh as "
        "much as 440 pictures of weight 1, so the learning rate still fits."
    ),
)

class_weights = Examined(
    kind="explore",
    title="class weights",
    question=(
        "Write `weights(labels)`, which returns what `fit` takes as `class_weight`: a dictionary "
        "from each label, 0 and 1, to its weight. The check trains a head on made-up features, 150 "
        "of class 0 and 10 of class 1, and asks whether it finds both."
    ),
    start='''\
def weights(labels):
    """The weight of each class; `labels` is an array of 0 and 1."""
    return ...
''',
    code="""\
def weights(labels):
    counts = np.bincount(labels)
    return {label: len(labels) / (2 * count) for label, count in enumerate(counts)}
""",
    mistakes={
        """\
def alike(labels):
    return {0: 1.0, 1: 1.0}
""": "the rare one still weighs too little",
        """\
def counts(labels):
    return dict(enumerate(np.bincount(labels)))
""": "The frequent class weighs more here",
        """\
def a_list(labels):
    return len(labels) / (2 * np.bincount(labels))
""": "`fit` wants a dictionary",
        """\
def too_much(labels):
    return {0: 1.0, 1: 1000.0}
""": "the rare one weighs too much now",
    },
    examine=weights_for_the_rare,
    hints=(
        "`np.bincount(labels)` counts the labels.",
        "For each label n / (2 x its count), in a dictionary.",
    ),
    why=(
        "Each class now adds the same to the loss. The price is some more mistakes in the frequent "
        "class: which mistakes are worse, only you can say."
    ),
)

or_none = Function(
    kind="complete",
    title="or none of these",
    question=(
        "Write the function that answers with the likeliest class where its probability is at "
        "least the threshold, and with -1, none of these, elsewhere."
    ),
    start='''\
def or_none(probabilities, threshold):
    """The class of each picture, or -1; `probabilities` has the shape (pictures, classes)."""
    return ...
''',
    code="""\
def or_none(probabilities, threshold):
    confident = probabilities.max(axis=1) >= threshold
    return np.where(confident, probabilities.argmax(axis=1), -1)
""",
    mistakes={
        """\
def always(probabilities, threshold):
    return probabilities.argmax(axis=1)
""": "The likeliest class is right; those below the threshold are still to become -1.",
        """\
def turned_round(probabilities, threshold):
    confident = probabilities.max(axis=1) >= threshold
    return np.where(confident, -1, probabilities.argmax(axis=1))
""": "That refuses the confident answers, and gives the doubtful ones.",
        """\
def first_column(probabilities, threshold):
    return np.where(probabilities[:, 0] >= threshold, probabilities.argmax(axis=1), -1)
""": "That asks for the probability of class 0; ask for the largest of each row.",
        """\
def strictly(probabilities, threshold):
    confident = probabilities.max(axis=1) > threshold
    return np.where(confident, probabilities.argmax(axis=1), -1)
""": "Right but for one case: *at* the threshold the answer still counts, so take `>=`.",
    },
    inputs=lambda random: [
        (random.dirichlet((0.6, 0.6, 0.6), 12), 0.7),
        (np.array([[0.1, 0.9], [0.6, 0.4], [0.5, 0.5], [0.95, 0.05]]), 0.6),
    ],
    hints=(
        "`probabilities.max(axis=1)` is that of the likeliest class, `argmax` gives its place.",
        "`np.where(condition, what if so, what if not)`.",
    ),
    why=(
        "One line makes a classifier more honest. It does not make it wise: whatever looks like a "
        "class gets its name."
    ),
)

_LEARN = """\
def learn(folder, base):
    data = keras.utils.image_dataset_from_directory(
        folder, image_size=(64, 64), batch_size=16, verbose=False
    )
    base.trainable = False
    network = keras.Sequential(
        [base, layers.GlobalAveragePooling2D(), layers.Dense(3, activation="softmax")]
    )
    network.compile(
        keras.optimizers.Adam(0.03), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    network.fit(data, epochs=8, verbose=0)
    return network
"""
from_empty = Examined(
    kind="complete",
    title="a classifier from an empty cell",
    question=(
        "Write `learn(folder, base)`. The folder holds three folders of drawn hands; the base is "
        "pretrained, for pictures of 64x64x3 (0 to 255). Load the pictures, put a head on the "
        "frozen base, train it, and return the trained network. The check shows it 36 other hands: "
        "beat 0.7, with the base as it was."
    ),
    code=_LEARN,
    mistakes={
        _LEARN.replace("    base.trainable = False\n", "").replace(
            "epochs=8", "epochs=1"
        ): "`base.trainable = False`, before",
        _LEARN.replace("    network.fit(data, epochs=8, verbose=0)\n", ""): "has the head been",
        _LEARN.replace("Dense(3, ", "Dense(2, ").replace(
            "    network.fit(", "    (lambda *_, **__: 0)("
        ): ("gives 2 numbers; three classes need three units"),
        _LEARN.replace(
            "    network.fit(data, epochs=8, verbose=0)\n    return network",
            "    return network.layers",
        ): ("where a Keras network is expected"),
    },
    examine=learns_from_a_folder,
    hints=(
        "`keras.utils.image_dataset_from_directory(folder, image_size=(64, 64))` loads pictures "
        "with their labels; `fit` takes what it returns.",
        "`base.trainable = False`; then `keras.Sequential` of the base, "
        '`GlobalAveragePooling2D()` and `Dense(3, activation="softmax")`; compile, `fit`, return.',
    ),
    why=(
        "These lines are a classifier for any folder of pictures. Now you know what they leave "
        "out: a look at the pictures, an honest split, and a test."
    ),
)
