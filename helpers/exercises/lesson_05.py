"""Exercises of lesson 5: where the work is, views, errors, an input range, over-fitting."""

import numpy as np

from helpers.exercises.kinds import Choice, Function, Number

work_share = Number(
    kind="predict",
    title="the last block's work",
    question=(
        "Which share of VGG16's multiplications is done in block 5, on maps of 9x9 places? It has "
        "three of the thirteen convolutions and nearly half of their weights. A good guess will do."
    ),
    answer=0.087,
    tolerance=0.7,
    share=True,
    mistakes={
        0.2: "That is an equal share for each of the five blocks. But block 5 has few places.",
        0.23: "Three of thirteen convolutions, yes. But these are used at few places.",
        0.48: (
            "That is its share of the *weights*. A weight is multiplied once at every place, and "
            "block 5 has 81 places, block 1 has 22,500."
        ),
    },
    hints=(
        "A weight is multiplied once at each place of the map. Block 5 has the smallest maps.",
        "Block 4 has as wide convolutions as block 5, and four times as many places.",
    ),
    why=(
        "0.57 of 6.62 thousand million, about a twelfth. Most of the work lies in blocks that "
        "never learn here; so it pays to do it once."
    ),
)

views_saved = Number(
    kind="explore",
    title="when nothing is saved",
    question=(
        "Approaches 2 and 3 send 240,000 photos through blocks 1 to 4: 90 passes over 2,000 "
        "training photos, and 60 over 1,000 validation photos. Change `each` below: at how many "
        "views of a photo is nothing saved any more?"
    ),
    start="""\
each = 6  # views of each training photo; try more
print(f"{each * 2_000 + 1_000:,} photos once, 240,000 in every step")
""",
    answer=120,
    tolerance=0.01,
    mistakes={
        18: "With six views the work is 18 times less. How many views are as much work?",
        18.5: "With six views the work is 18.5 times less. How many views are as much work?",
        90: "That leaves out the validation photos, which the walkthrough asks 60 times.",
        6: "With six views it is 13,000 against 240,000.",
    },
    hints=(
        "Make `each` larger until both numbers are about the same.",
        "240,000 divided by 2,000, about.",
    ),
    why=(
        "At 120 views both ways do the same work. With six it is an eighteenth, and a second run "
        "finds them on disk."
    ),
)

errors_gone = Function(
    kind="complete",
    title="errors, not points",
    question=(
        "From 0.90 to 0.95 half of the errors are gone. Write the function that says so for any "
        "two accuracies. (It is below 0 where there are more errors than before.)"
    ),
    start='''\
def errors_gone(before, after):
    """Share of the errors that is gone; both arguments are accuracies, 0 to 1."""
    return ...
''',
    code="""\
def errors_gone(before, after):
    return 1 - (1 - after) / (1 - before)
""",
    mistakes={
        """\
def points(before, after):
    return after - before
""": "Those are points of accuracy. Divide by the errors that there were.",
        """\
def left(before, after):
    return (1 - after) / (1 - before)
""": "That is the share of the errors that is *left*.",
        """\
def growth(before, after):
    return (after - before) / before
""": "That divides by the accuracy; divide by the errors that there were, 1 - accuracy.",
        """\
def by_what_is_left(before, after):
    return (after - before) / (1 - after)
""": "That divides by the errors that are left; divide by those that there were.",
        """\
def percent(before, after):
    return 100 * (1 - (1 - after) / (1 - before))
""": "That is in percent; a share of everything is 1.",
        """\
def turned_round(before, after):
    return (1 - after) / (1 - before) - 1
""": "The sign is turned round: fewer errors are to give a number above 0.",
        """\
def never_below_zero(before, after):
    return max(0, 1 - (1 - after) / (1 - before))
""": "Where there are more errors than before, it must be below 0; yours stays at 0.",
        """\
def always_above_zero(before, after):
    return abs(1 - (1 - after) / (1 - before))
""": "Where there are more errors than before, it must be below 0.",
        """\
def of_what_was_right(before, after):
    return 1 - after / before
""": "That compares the accuracies; an error is what is missing to 1: 1 - accuracy.",
    },
    inputs=lambda random: [  # better, worse, and neither
        (random.uniform(0.5, 0.7), random.uniform(0.8, 0.98)),
        (random.uniform(0.8, 0.9), random.uniform(0.5, 0.7)),
        (0.75, 0.75),
    ],
    hints=(
        "An accuracy of 0.90 is an error of 0.10.",
        "The errors before less the errors after, divided by the errors before.",
    ),
    why=(
        "Near the top a point of accuracy is worth ever more: from 0.98 to 0.99 it is half of the "
        "errors, too."
    ),
)

vgg_input = Function(
    kind="complete",
    title="as VGG16 learnt to see",
    question=(
        "VGG16 was trained on blue, green, red, in this order, each less its mean over ImageNet. "
        "Write this preprocessing for photos in red, green, blue from 0 to 255."
    ),
    start='''\
def vgg_input(photos, means):
    """Photos as VGG16 wants them, shape (photos, height, width, 3) before and after.

    `means` are three numbers: of blue, of green, of red.
    """
    return ...
''',
    code="""\
def vgg_input(photos, means):
    return photos[..., ::-1] - means
""",
    mistakes={
        """\
def in_the_old_order(photos, means):
    return photos - means
""": "The colours are still in the order red, green, blue.",
        """\
def means_first(photos, means):
    return (photos - means)[..., ::-1]
""": "Blue's mean is taken from red here. Turn the photos' colours round, and `means` as they are.",
        """\
def without_means(photos, means):
    return photos[..., ::-1]
""": "The order is right; the means are still to be taken off.",
        """\
def wrong_axis(photos, means):
    return photos[::-1] - means
""": "That turns the order of the *photos* round; the colours are on the last axis.",
        """\
def rows(photos, means):
    return photos[:, ::-1] - means
""": "That stands the photos on their heads; the colours are on the last axis.",
        """\
def scaled(photos, means):
    return photos[..., ::-1] / 255 - means
""": "The means are those of 0 to 255, so the photos must not be divided by 255.",
        """\
def added(photos, means):
    return photos[..., ::-1] + means
""": "The means are to be taken off, not added.",
        """\
def deviations(photos, means):
    return (photos[..., ::-1] - means) / 255
""": "VGG16 was trained without a division by 255.",
        """\
def other_way_round(photos, means):
    return means - photos[..., ::-1]
""": "That is the negative: take the means off the photos.",
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
        "`photos[..., ::-1]` turns the last axis round, the colours.",
        "Turn round first, then subtract `means`.",
    ),
    why=(
        "Two steps, in this order, without a division by 255. Nothing warns where they are "
        "missing; so they belong in the model, as our backbones have it."
    ),
)

over_fitting = Choice(
    kind="explain",
    title="signs of over-fitting",
    question="Which of these shows over-fitting most clearly?",
    options={
        "a": "The validation accuracy is below 1.",
        "b": "The training loss goes on sinking, the validation loss stays or rises.",
        "c": "The training accuracy is below the validation accuracy.",
        "d": "The validation accuracy swings from epoch to epoch.",
    },
    reasons={
        "a": "So it nearly always is, with over-fitting or without: some photos are hard.",
        "c": "That happens where training photos are augmented and validation photos are not.",
        "d": "A swing comes from steps that are too large, as in lesson 2.",
    },
    hints=(
        "Over-fitting: more and more is learnt that is true of the training photos only.",
        "So compare the two losses, and how they go on.",
    ),
    why=(
        "What is learnt then is true of the training photos only. The loss shows it before the "
        "accuracy does: a network may go on erring on the same photos, and be ever surer of them."
    ),
)
