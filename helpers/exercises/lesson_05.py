"""Exercises of lesson 5: where the work is, stopping, errors, an input range, an empty cell."""

import numpy as np

from helpers.exercises.checks_05 import head_on_frozen_base, stopped_in_time
from helpers.exercises.kinds import Examined, Function, Number

work_share = Number(
    kind="predict",
    title="the last block's work",
    question=(
        "Block 5 of VGG16 has three of the thirteen convolutions and nearly half of their weights. "
        "Its feature maps have 9x9 positions. What share of all multiplications does block 5 do? A "
        "good guess is enough."
    ),
    answer=0.087,
    tolerance=0.7,
    share=True,
    mistakes={
        0.2: "That is an equal share for each of the five blocks, but block 5 has few positions.",
        0.23: "Three of thirteen convolutions, yes, but the network uses these at few positions.",
        0.48: (
            "That is its share of the *weights*. Each weight is multiplied once at every place: "
            "block 5 has 81 positions, block 1 has 22,500."
        ),
    },
    hints=(
        "Each weight is multiplied once at each place of the map. Block 5 has the smallest maps.",
        "Block 4 has as many filters as block 5, and four times as many positions.",
    ),
    why=(
        "0.57 of 6.62 billion, about a twelfth. Most of the work lies in blocks that never learn "
        "here, so it pays to do that work once."
    ),
)


in_time = Examined(
    kind="explore",
    title="stop in time",
    question=(
        "The check trains a head on made-up features of 60 photos, a quarter of them with a wrong "
        "label. Its validation loss falls, then rises. Write `stop()`. It returns a callback that "
        "ends the training some epochs after the lowest validation loss, and restores the weights "
        "of that epoch. Keras has one: `keras.callbacks.EarlyStopping`."
    ),
    code="""\
def stop():
    return keras.callbacks.EarlyStopping("val_loss", patience=5, restore_best_weights=True)
""",
    examine=stopped_in_time,
    hints=(
        "Three arguments: what to monitor, how many epochs to wait for something better, and which "
        "weights to keep.",
        '`"val_loss"`, a `patience` of about five, and `restore_best_weights=True`.',
    ),
    why=(
        "You only know the lowest validation loss some epochs later, so wait, then go back. The "
        "validation data have chosen the epoch, so they can no longer be the test."
    ),
)


errors_gone = Function(
    kind="complete",
    title="errors, not points",
    question=(
        "From an accuracy of 0.90 to one of 0.95, half of the errors are gone. Write a function "
        "that returns this share for any two accuracies. (It is below 0 if there are more errors "
        "than before.)"
    ),
    code="""\
def errors_gone(before, after):
    return 1 - (1 - after) / (1 - before)
""",
    mistakes={
        "after - before": (
            "That is the difference of the accuracies. Divide it by the errors before."
        ),
        "(1 - after) / (1 - before)": "That is the share of the errors that is *left*.",
        "(after - before) / before": (
            "That divides by the accuracy; divide by the errors before, 1 - accuracy."
        ),
        "(after - before) / (1 - after)": (
            "That divides by the errors that are left; divide by the errors before."
        ),
        "100 * (1 - (1 - after) / (1 - before))": "That is in percent; a share of everything is 1.",
        "(1 - after) / (1 - before) - 1": (
            "The sign is wrong: fewer errors must give a number above 0."
        ),
        "max(0, 1 - (1 - after) / (1 - before))": (
            "If there are more errors than before, the share is below 0; yours stays at 0."
        ),
        "abs(1 - (1 - after) / (1 - before))": (
            "If there are more errors than before, the share is below 0."
        ),
        "1 - after / before": "That compares the accuracies; compare the errors, 1 - accuracy.",
    },
    inputs=lambda random: [  # better, worse, and neither
        (random.uniform(0.5, 0.7), random.uniform(0.8, 0.98)),
        (random.uniform(0.8, 0.9), random.uniform(0.5, 0.7)),
        (0.75, 0.75),
    ],
    hints=(
        "An accuracy of 0.90 is an error of 0.10.",
        "The errors before minus the errors after, divided by the errors before.",
    ),
    why=(
        "The closer to 1, the more a hundredth of accuracy is worth: from 0.98 to 0.99, too, half "
        "of the errors are gone."
    ),
)

vgg_input = Function(
    kind="complete",
    title="as VGG16 learnt to see",
    question=(
        "VGG16 was trained on blue, green, red, in this order, each minus its mean over ImageNet. "
        "Write this preprocessing for photos in red, green, blue from 0 to 255."
    ),
    code="""\
def vgg_input(photos, means):
    return photos[..., ::-1] - means
""",
    mistakes={
        "photos - means": "The colours are still in the order red, green, blue.",
        "(photos - means)[..., ::-1]": (
            "This subtracts blue's mean from red. Reverse the colours first, then subtract."
        ),
        "photos[..., ::-1]": "The order is right; now subtract the means.",
        "photos[::-1] - means": (
            "That reverses the order of the *photos*; the colours are on the last axis."
        ),
        "photos[:, ::-1] - means": (
            "That turns the photos upside down; the colours are on the last axis."
        ),
        "photos[..., ::-1] / 255 - means": (
            "The means belong to values from 0 to 255, so do not divide the photos by 255."
        ),
        "photos[..., ::-1] + means": "Subtract the means, do not add them.",
        "(photos[..., ::-1] - means) / 255": "VGG16 was trained without the division by 255.",
        "means - photos[..., ::-1]": "That is the negative: subtract the means from the photos.",
    },
    inputs=lambda random: [
        (random.uniform(0, 255, (2, 4, 5, 3)), np.array([103.939, 116.779, 123.68]))
    ],
    told=lambda arguments, place: (
        "Of a pixel with red {:.0f}, green {:.0f}, blue {:.0f} ".format(*arguments[0][place[:3]])
        + ("the first", "the second", "the third")[place[3]]
        + " number is wrong:"
    ),
    hints=(
        "`photos[..., ::-1]` reverses the last axis, the colours.",
        "Reverse first, then subtract `means`.",
    ),
    why=(
        "Two steps, in this order, without a division by 255. Nothing warns you if they are "
        "missing, so they belong in the model, as a layer or as `preprocess_input`."
    ),
)

from_empty = Examined(
    kind="complete",
    title="a head from an empty cell",
    question=(
        "Write `build(base)`. It gets a pretrained base for pictures of 64x64x3 (0 to 255), "
        "freezes it, puts a new head on it, and returns the compiled network: cat is 0, dog is 1. "
        "The check trains the network on 48 drawn faces and their mirror images, a minute at most, "
        "then shows it 40 others. Reach an accuracy above 0.8, and leave the base as it was."
    ),
    code="""\
def build(base):
    base.trainable = False
    network = keras.Sequential(
        [
            base,
            layers.GlobalAveragePooling2D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    network.compile(keras.optimizers.Adam(0.03), "binary_crossentropy", metrics=["accuracy"])
    return network
""",
    examine=head_on_frozen_base,
    hints=(
        "`keras.Sequential` takes a whole network as its first layer.",
        "`base.trainable = False`; then `base`, `GlobalAveragePooling2D()` and a `Dense` with one "
        "unit and a sigmoid; `compile` with Adam at 0.03 and `binary_crossentropy`.",
    ),
    why=(
        "These few lines are a classifier for any two kinds of pictures: load your own with "
        "`image_dataset_from_directory`, and give them to `fit`."
    ),
)
