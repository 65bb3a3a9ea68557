"""Exercises of lesson 3: memory, intervals, pairs, a shrinking layer, and a photo's look."""

import numpy as np

from helpers.exercises.kinds import Choice, Function, Number

# How many GB, of a thousand million bytes or of 1024 x 1024 x 1024, each unit is.
GIB, MIB = 2**30 / 1e9, 2**20 / 1e9
GB = {
    "GB": (1, GIB), "gigabytes": (1, GIB), "gigabyte": (1, GIB), "GiB": (GIB,),
    "MB": (1e-3, MIB), "MiB": (MIB,), "kB": (1e-6,), "bytes": (1e-9,), "byte": (1e-9,),
}  # fmt: skip

memory = Number(
    kind="predict",
    title="sixty thousand enlarged pictures",
    question=(
        "How many GB do 60,000 pictures of 150x150 pixels in three colours take, at four bytes a "
        "number (float32)? Half a GB more or less does not matter."
    ),
    answer=16.2,
    tolerance=0.032,
    mistakes={
        4.05: "That is one byte a number; float32 takes four.",
        5.4: "That is one colour; there are three, even though all three are equal.",
        1.35: "That is one colour, and one byte a number; there are three, and float32 takes four.",
        0.14: "That is the 28x28 pixels they are kept in, at one byte a number.",
        0.56: "That is 28x28 pixels; enlarged, they have 150x150.",
    },
    units=GB,
    hints=(
        "Pictures x height x width x colours x bytes a number; a GB is a thousand million bytes.",
        "60,000 x 150 x 150 x 3 x 4 bytes.",
    ),
    why=(
        "60,000 x 150 x 150 x 3 x 4 bytes: more than the memory of many laptops, for pictures that "
        "need 0.14 GB as they are."
    ),
)

interval = Choice(
    kind="explore",
    title="more test pictures",
    question=(
        "An accuracy of 0.80 was found on some test pictures. Change `number` below from 2500 to "
        "10000, four times as many. What happens to the width of the interval?"
    ),
    start="""\
number = 2500  # test pictures; try 10000 and 40000
low, high = evaluation.accuracy_interval(number * 8 // 10, number)
print(f"0.80 of {number:,}: {low:.3f} to {high:.3f}, {high - low:.4f} wide")
""",
    options={
        "a": "It shrinks to a quarter.",
        "b": "It shrinks to a half.",
        "c": "It stays as it is, because the accuracy does.",
        "d": "It grows, because more pictures bring more mistakes.",
    },
    reasons={
        "a": "Divide the two printed widths: four times the pictures do not buy that much.",
        "c": "Run it once more: the accuracy stays, and we know it more precisely.",
        "d": "There are more mistakes, but the same share; and of that share we are surer.",
    },
    hints=(
        "Run the cell with both numbers and note the widths.",
        "Divide the second width by the first.",
    ),
    why=(
        "The width shrinks with the square root of the number: 0.031 at 2,500, 0.016 at 10,000. "
        "For one decimal more you need a hundred times the pictures."
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
        "Most pictures are named rightly by both networks, or by none; these say nothing about "
        "which is better. Write a function that counts the others. Then try it on "
        '`scores["published transfer, 150 pixels"].right` and the same of the CNN.'
    ),
    start='''\
def only_one(first, second):
    """Two counts: pictures that only the first gets right, and that only the second does.

    Both arguments are boolean arrays: whether each picture was classified correctly.
    """
    return ..., ...
''',
    code="""\
def only_one(first, second):
    return (first & ~second).sum(), (second & ~first).sum()
""",
    mistakes={
        """\
def each(first, second):
    return first.sum(), second.sum()
""": "These counts include the pictures that both get right; they do not decide anything.",
        """\
def swapped(first, second):
    return (second & ~first).sum(), (first & ~second).sum()
""": "Both counts are there, in the wrong order.",
        """\
def together(first, second):
    return (first ^ second).sum()
""": "That is both counts together; give them one by one.",
        """\
def alike(first, second):
    return (first & second).sum(), (~first & ~second).sum()
""": "Those are the pictures that both get right, and that both get wrong: all the others.",
        """\
def shares(first, second):
    return (first & ~second).mean(), (second & ~first).mean()
""": "Those are shares; the question is for counts, so take the sum.",
        """\
def difference(first, second):
    return first.sum() - second.sum()
""": "That is the difference of the two counts; give them one by one.",
        """\
def masks(first, second):
    return first & ~second, second & ~first
""": "Those say *which* pictures decide; `.sum()` counts them.",
        """\
def only_the_first(first, second):
    return (first & ~second).sum()
""": "That is the first count; give the second, too, after a comma.",
        """\
def wrong(first, second):
    return (~first).sum(), (~second).sum()
""": "Those are the mistakes of each; the pictures that both get wrong do not decide anything.",
    },
    inputs=lambda random: [_right(random, more) for more in (7, 2)],
    told=lambda arguments, place: (
        "Where {} pictures are right by the first only and {} by the second only".format(
            *((one & ~other).sum() for one, other in (arguments, arguments[::-1]))
        )
    ),
    hints=(
        "`a & b` tells where both are True, `~a` turns True and False round.",
        "Only the first: `first & ~second`. Its `.sum()` is the count.",
    ),
    why=(
        "Their difference, divided by the number of all pictures, is the difference of the two "
        "accuracies; and the fewer pictures decide, the surer we are of it. Hence "
        "`paired_difference` is sharper than two intervals side by side."
    ),
)

dense_inputs = Number(
    kind="predict",
    title="what is left at 28 pixels",
    question=(
        "At 150 pixels, 17x17x64 = 18,496 numbers go into the dense layer. Each convolution of 2x2 "
        "makes a map one pixel narrower, each pooling halves it, rounded down. Three times both, "
        "from 28 pixels: how many numbers go in?"
    ),
    answer=256,
    mistakes={
        576: "Each convolution of 2x2 takes a pixel off first: 28, 27, 13, ...",
        18_496: "That is at 150 pixels.",
        4: "That is the number of places; at each there are 64 maps.",
        64: "That is one place; there are more than one left.",
        1600: "The third pooling is missing.",
        12_544: "The pooling halves the maps three times.",
    },
    hints=(
        "Go on: 28, 27, 13, 12, ...",
        "The maps end at 2x2, and there are 64 of them.",
    ),
    why=(
        "28, 27, 13, 12, 6, 5, 2: maps of 2x2, and 2 x 2 x 64 = 256. With 72 times fewer numbers "
        "going in, the dense layer has 72 times fewer weights for them."
    ),
)

photo_look = Choice(
    kind="explain",
    title="a photo as it is",
    question=(
        "You photograph a dark boot on a white floor, make the photo grey and 28 pixels wide, and "
        "give it to the network without the helper. What does the network see?"
    ),
    options={
        "a": "A boot as it knows them, because the scaling is inside the network.",
        "b": "The negative of what it knows: a dark shape on a bright ground.",
        "c": "A boot as it knows them, because augmentation has prepared it.",
        "d": "A boot as it knows them, because the photo is grey and small now.",
    },
    reasons={
        "a": "The scaling sends 0 to -1 and 255 to 1; dark stays dark and bright stays bright.",
        "c": "Training mirrored and shifted the pictures; it never swapped bright and dark.",
        "d": "Grey and small is not enough: what was black around every training picture?",
    },
    hints=(
        "Garments in this data set are bright, on what ground?",
        "Compare the ground: black in training, white on your floor.",
    ),
    why=(
        "Fashion-MNIST shows bright garments on black. So the helper makes the negative, trims and "
        "centres it: a photo has to be brought to the look of the training pictures."
    ),
)
