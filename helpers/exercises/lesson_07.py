"""Exercises of lesson 7: an honest split, rare classes, none of these, an empty cell."""

import numpy as np

from helpers.exercises.checks_07 import learns_from_a_folder, weights_for_the_rare
from helpers.exercises.kinds import Choice, Examined, Function, Number

honest_split = Choice(
    kind="explain",
    title="which number to believe",
    question=(
        "You have ten pictures of each of sixty mugs, from all sides. If you split the pictures at "
        "random, a network names 98 % of the test pictures correctly; if you split by whole mugs, "
        "81 %. What should you expect for a mug that you buy tomorrow?"
    ),
    options={
        "a": "98 %, because more training pictures resemble the test pictures.",
        "b": "81 %, because tomorrow's mug has no picture among the training pictures.",
        "c": "About 90 %, the mean of the two.",
        "d": "98 %, once the network is trained on all sixty mugs.",
    },
    reasons={
        "a": "They resemble them because they show the same mugs. Tomorrow's mug is not there.",
        "c": "The mean of a right number and a wrong one is wrong, too: see what each one tests.",
        "d": "More mugs help a little, but the 98 % are about mugs that the network has seen.",
    },
    hints=(
        "Ask of each split: is another picture of the same thing among the training pictures?",
        "The test has to do to the network what tomorrow does to it.",
    ),
    why=(
        "A test must be as strange to the network as its use will be. What will be new in use "
        "(whole mugs, people, days) must be new in the test."
    ),
)

rare_weight = Number(
    kind="predict",
    title="what a rare class weighs",
    question=(
        "A folder holds 40 pictures of owls and 400 of pigeons. A class weight multiplies the loss "
        "of a class's pictures. Both classes count alike if it is n / (k x count): the number of "
        "all pictures, divided by the number of classes times that of the class's pictures. What "
        "is the weight of owls?"
    ),
    answer=5.5,
    mistakes={
        10: "That is how much more an owl weighs than a pigeon, whose weight is 0.55.",
        11: "Divide by the number of classes, too.",
        0.55: "That is a pigeon's weight.",
        0.0909: "That is the share of owls; a rare class must weigh more than 1.",
    },
    hints=(
        "n is 440, and k, the number of classes, is 2.",
        "440 / (2 x 40).",
    ),
    why=(
        "n is 440 and k is 2. With these weights, the owls together count as much as the pigeons, "
        "220 each. All count as much as 440 pictures of weight 1, so the learning rate still fits."
    ),
)

class_weights = Examined(
    kind="explore",
    title="class weights",
    question=(
        "Write `weights(labels)`, which returns what `fit` takes as `class_weight`: a dictionary "
        "from each label, 0 and 1, to its weight. The check trains a head on made-up features, 150 "
        "of class 0 and 10 of class 1, and tests whether it finds both."
    ),
    code="""\
def weights(labels):
    counts = np.bincount(labels)
    return {label: len(labels) / (2 * count) for label, count in enumerate(counts)}
""",
    examine=weights_for_the_rare,
    hints=(
        "`np.bincount(labels)` counts the labels.",
        "For each label n / (2 x its count), in a dictionary.",
    ),
    why=(
        "Each class now adds the same to the loss. The price is some more mistakes in the frequent "
        "class; only you can say which mistakes are worse."
    ),
)

or_none = Function(
    kind="complete",
    title="or none of these",
    question=(
        "Write a function that returns, for each picture, the likeliest class if its probability "
        "is at least the threshold, and else -1, none of these."
    ),
    code="""\
def or_none(probabilities, threshold):
    confident = probabilities.max(axis=1) >= threshold
    return np.where(confident, probabilities.argmax(axis=1), -1)
""",
    mistakes={
        "probabilities.argmax(axis=1)": (
            "The likeliest class is right; below the threshold, it must still become -1."
        ),
        "np.where(probabilities.max(axis=1) >= threshold, -1, probabilities.argmax(axis=1))": (
            "That refuses the confident predictions and returns the doubtful ones."
        ),
        "np.where(probabilities[:, 0] >= threshold, probabilities.argmax(axis=1), -1)": (
            "That asks for the probability of class 0; ask for the largest of each row."
        ),
        "np.where(probabilities.max(axis=1) > threshold, probabilities.argmax(axis=1), -1)": (
            "Right but for one case: *at* the threshold the class still counts, so take `>=`."
        ),
    },
    inputs=lambda random: [
        (random.dirichlet((0.6, 0.6, 0.6), 12), 0.7),
        (np.array([[0.1, 0.9], [0.6, 0.4], [0.5, 0.5], [0.95, 0.05]]), 0.6),
    ],
    hints=(
        "`probabilities.max(axis=1)` is that of the likeliest class, `argmax` gives its number.",
        "`np.where(condition, value_if_true, value_if_false)`.",
    ),
    why=(
        "One line makes a classifier more honest. It does not make it wise: whatever looks like a "
        "class gets its name."
    ),
)

from_empty = Examined(
    kind="complete",
    title="a classifier from an empty cell",
    question=(
        "Write `learn(folder, base)`. The folder holds three folders of drawn hands; the base is "
        "pretrained, for pictures of 64x64x3 (0 to 255). Load the pictures, put a head on the "
        "frozen base, train it, and return the trained network. It must classify more than 25 of "
        "36 other hands correctly, and the base must stay as it was."
    ),
    code="""\
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
""",
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
