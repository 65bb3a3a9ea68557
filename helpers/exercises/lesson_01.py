"""Exercises of lesson 1: weights, near-copies, leaks, angles, and two curves."""

import numpy as np

from helpers.exercises.kinds import Choice, Function, Number

weights = Number(
    kind="predict",
    title="the weights of one layer",
    question=(
        "The first convolution has 64 patterns. Each looks at squares of 3x3 pixels in three "
        "colours, with one weight for each of these numbers, and has one weight more, its *bias*. "
        "How many weights has the layer? The summary below will tell."
    ),
    answer=1792,
    mistakes={
        1728: "64 x 27 leaves out the biases, one for each pattern.",
        1729: "Each of the 64 patterns has a bias of its own; one for all of them is too few.",
        640: "That would do for grey pictures; in three colours a pattern looks at 27 numbers.",
        576: "A pattern looks at three colours, and it has a bias, too.",
        28: "That is one pattern; the layer has 64 of them.",
        27: "That is one pattern without its bias; the layer has 64 of them.",
    },
    hints=(
        "How many numbers does one pattern look at? A square of 3x3 pixels, each of three colours.",
        "Each of the 64 patterns has 27 weights and one bias.",
    ),
    why=(
        "Each of the 64 patterns has 3 x 3 x 3 weights and a bias, 64 x 28 in all. The size of the "
        "picture does not matter: the same patterns slide over all of it."
    ),
)

copycat = Choice(
    kind="predict",
    title="a program that only copies",
    question=(
        "A seventh of the frames is held out at random. The program gives each of them the class "
        "of its most similar training picture. How often is it right?"
    ),
    options={
        "a": "About one time in three, as one who guesses.",
        "b": "About two times in three.",
        "c": "Nearly always.",
    },
    reasons={
        "a": (
            "That is what comes out when whole series are held out. At random, the neighbours of "
            "nearly every held-out frame stay among the training pictures."
        ),
        "b": (
            "It is more. Think of two frames of a film, one right after the other: would you tell "
            "them apart?"
        ),
    },
    hints=(
        "The files are frames of 21 short films. Which picture is most similar to a frame?",
        "It is the frame before or after it, and that one has the same class.",
    ),
    why=(
        "The most similar training picture is a neighbouring frame of the same film, so copying is "
        "enough: on the real pictures it is right in 1.000 of the cases, and in 0.395 on the test "
        "set. A score that a copycat can reach says nothing about learning."
    ),
)

leak = Function(
    kind="complete",
    title="measure the leak",
    question=(
        "Write a function that tells which share of the held-out pictures comes from a series that "
        "is among the training pictures, too. Both arguments are arrays that name the series of "
        "each picture. Then try it: "
        "`leak(by_frame[0].groups, by_frame[1].groups)`, and the same with `by_series`."
    ),
    start='''\
def leak(training_series, held_out_series):
    """Share of the held-out pictures whose series is among the training pictures, 0 to 1."""
    return ...
''',
    code="""\
def leak(training_series, held_out_series):
    return np.isin(held_out_series, training_series).mean()
""",
    mistakes={
        """\
def turned_round(training_series, held_out_series):
    return np.isin(training_series, held_out_series).mean()
""": (
            "That is the share of the *training* pictures whose series is held out, too; the "
            "question goes the other way round."
        ),
        """\
def by_series(training_series, held_out_series):
    known = set(training_series)
    return np.mean([name in known for name in set(held_out_series)])
""": "That counts series. Count pictures: a long series has more of them.",
        """\
def safe(training_series, held_out_series):
    return 1 - np.isin(held_out_series, training_series).mean()
""": "That is the share of the pictures that do *not* leak.",
        """\
def number(training_series, held_out_series):
    return np.isin(held_out_series, training_series).sum()
""": "That is the number of pictures; for a share, divide by how many are held out.",
        """\
def whether(training_series, held_out_series):
    return bool(set(training_series) & set(held_out_series))
""": "That says whether anything leaks; the question is how much.",
    },
    inputs=lambda random: [
        (
            np.repeat(["rock01", "rock02", "rock05", "rock06"], random.integers(1, 30, 4)),
            np.repeat(
                ["rock05", "rock06", "rock08", "rock09", "rock10"], random.integers(1, 30, 5)
            ),
        )
        for _ in range(5)
    ],
    hints=(
        "`np.isin(a, b)` tells for each element of `a` whether it is in `b`.",
        "Ask it for the held-out series, and take the mean of the answers: True counts 1, False 0.",
    ),
    why=(
        "Of random frames all leak, 1.0; of whole series none, 0.0. A check of one line, and worth "
        "making before every training."
    ),
)

shear = Number(
    kind="explore",
    title="an angle that can be seen",
    question=(
        "The published shear of 0.2 is in degrees. Change `degrees` below and run the cell again: "
        "which angle really moves the edge by a fifth of the picture's width?"
    ),
    start="""\
degrees = 2  # try others
print(f"{degrees} degrees: {np.sin(np.radians(degrees)) / 2:.3f} of the width")
""",
    answer=23.6,
    tolerance=0.02,
    mistakes={
        0.2: "That is the published slip: 0.2 degrees move the edge by 0.002 of the width.",
        11.5: (
            "That moves the edge by a tenth. The picture is sheared about its centre, so half of "
            "its width counts."
        ),
        0.41: "That is the angle in radians; the cell takes degrees.",
    },
    units={"degrees": (1,), "degree": (1,), "°": (1,)},
    hints=(
        "Make the angle larger until the cell prints 0.200.",
        "It lies between 20 and 30 degrees.",
    ),
    why=(
        "That moves the edge more than a hundred times as far as 0.2 degrees do. What a number "
        "means stands in the documentation, and shows in the picture: look at both."
    ),
)

lower_curve = Choice(
    kind="explain",
    title="the lower curve",
    question="The training curve runs *below* that of the held-out series. Why?",
    options={
        "a": "The network has learnt the training pictures by heart.",
        "b": "The training pictures are harder: turned, tilted, lit, set in front of scenes.",
        "c": "The network has seen the held-out series in training.",
        "d": "There is a mistake; training accuracy is always the higher one.",
    },
    reasons={
        "a": (
            "Then the training curve would be the upper one, close to 1: that is over-fitting, as "
            "in section 5."
        ),
        "c": "Whole series are held out; not one of their frames is trained on.",
        "d": (
            "It is the higher one as a rule, where both kinds of pictures are equally hard. Are "
            "they here?"
        ),
    },
    hints=(
        "Look at the augmented pictures above, then at those of section 2, in front of white.",
        "Which of the two kinds would you rather be tested on?",
    ),
    why=(
        "Training pictures are augmented, held-out ones are as they were made, in front of white. "
        "(Dropout makes training harder, too, and its accuracy is an average over the epoch, in "
        "which the network still improves.)"
    ),
)
