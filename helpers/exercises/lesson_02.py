"""Exercises of lesson 2: a small head, kept copies, a swing, unfreezing, an empty cell."""

from __future__ import annotations

from helpers.exercises.checks_02 import head_from_empty, unfrozen
from helpers.exercises.kinds import Choice, Examined, Number

small_head = Number(
    kind="predict",
    title="a head of averages",
    question=(
        "InceptionV3's maps are 7x7x768: 768 maps of 7x7 places. A head averages each map, then "
        "has one dense layer for the three classes. How many weights does the head have, biases "
        "included?"
    ),
    answer=2307,
    mistakes={
        2304: "768 x 3 leaves out the biases, one for each class.",
        2305: "Each of the three classes has a bias of its own.",
        112_899: "That weighs all 7x7 places of each map; averaged, a map is one number.",
        112_896: "That weighs all 7x7 places of each map; averaged, a map is one number.",
        38_539_267: "That is the flat head, with its dense layer of 1024.",
        769: "That is one class; there are three.",
    },
    hints=(
        "How many numbers are left of a picture when each map is averaged?",
        "768 numbers go into three classes, and each class has a bias.",
    ),
    why=(
        "3 classes x (768 weights + 1 bias). The flat head has 16,705 times as many, because it "
        "weighs every place of every map 1024 times."
    ),
)

copies = Number(
    kind="predict",
    title="how often the base runs",
    question=(
        "In the walkthrough the frozen base runs over 63,000 pictures in 25 epochs. If you keep "
        "the features of six copies of each of the 2,520 training pictures, over how many pictures "
        "does the base run for the same 25 epochs?"
    ),
    answer=15_120,
    mistakes={
        63_000: "That is the walkthrough's way, 25 epochs of 20 batches of 126.",
        2_520: "That would be one copy of each picture; there are six.",
        378_000: "The features are kept, so epochs do not count: the base runs before they begin.",
        10_500: "The number of epochs has nothing to do with it; count copies and pictures.",
    },
    hints=(
        "When does the frozen base run, in every epoch or before the first?",
        "Once over each copy of each picture.",
    ),
    why=(
        "The base runs 6 x 2,520 times, however many epochs follow: a quarter of the walkthrough's "
        "work. The next head finds the features on disk, so for it the base does not run at all."
    ),
)

swing = Choice(
    kind="explain",
    title="what ends the swing",
    question=(
        "Compare pairs of trainings that differ in one suspect only. Which change brings the "
        "lowest and the highest accuracy of the last ten epochs closer together, whatever the "
        "other two are?"
    ),
    options={
        "a": "The network's own input range.",
        "b": "The calm schedule: a shrinking rate, averaged weights and AdamW.",
        "c": "The averaged head.",
        "d": "None of them by itself; only all three together.",
    },
    reasons={
        "a": "Look at the two lines in the panels at a constant rate: both swing.",
        "c": "Look at the panels of the averaged head: at a constant rate it swings, too.",
        "d": "Look at the calm flat head in the published range: one change, and it is calm.",
    },
    hints=(
        "Two lines in a panel, left and right panels, upper and lower panels: what differs most?",
        "Read the column 'lowest to highest' of the table: where is it narrow?",
    ),
    why=(
        "If the steps never get smaller, an epoch may end anywhere around the goal; averaging "
        "evens that out. The shrinking rate, the averaging and AdamW came together, so it stays "
        "open which of them does most."
    ),
)


unfreeze = Examined(
    kind="complete",
    title="who may learn",
    question=(
        "Write the third rule as code. Of `network.layers`, those from number `first` on become "
        "trainable, those before it do not, and batch normalisation "
        "(`keras.layers.BatchNormalization`) never does. Return the network. The check trains it "
        "for a few steps and looks at which weights moved."
    ),
    code="""\
def unfreeze(network, first):
    for number, layer in enumerate(network.layers):
        norm = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = number >= first and not norm
    return network
""",
    examine=unfrozen,
    hints=(
        "Loop over `enumerate(network.layers)`. Two things decide: the layer's number, and what "
        "kind of layer it is.",
        "`layer.trainable = number >= first and not isinstance(layer, "
        "keras.layers.BatchNormalization)`; then `return network`.",
    ),
    why=(
        "Both conditions have to hold. Compile the network after such a change: until then, it "
        "goes on training the layers that it trained before."
    ),
)

from_empty = Examined(
    kind="complete",
    title="a base and a new head",
    question=(
        "Write `build(base)`, which returns a compiled network for pictures of 64x64x3 (0 to 255) "
        "and three classes, numbered 0, 1, 2. `base` is a pretrained network, truncated, with its "
        "scaling inside: freeze it, and put a new head on it. The check trains it for a minute at "
        "most on 360 drawn hands. Then it must classify more than 0.9 of 120 other drawn hands "
        "correctly."
    ),
    code="""\
def build(base):
    base.trainable = False
    average = layers.GlobalAveragePooling2D()(base.output)
    network = keras.Model(base.input, layers.Dense(3, activation="softmax")(average))
    optimizer = keras.optimizers.Adam(0.01)
    network.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return network
""",
    examine=head_from_empty,
    hints=(
        "Four steps: freeze, average, a dense layer with softmax, compile.",
        "`base.trainable = False`; `layers.GlobalAveragePooling2D()(base.output)`; `Dense(3, "
        'activation="softmax")`; `keras.Model(base.input, ...)`; `compile` with Adam at 0.01.',
    ),
    why=(
        "These six lines serve any folder of pictures: only the number of classes changes. If the "
        "base comes from `keras.applications`, put its own `preprocess_input` before it."
    ),
)
