"""Exercises of lesson 2: views, heads, the cause of a swing, and what may learn."""

import keras

from helpers.exercises.kinds import Choice, Function, Number

views = Number(
    kind="predict",
    title="how often the frozen part runs",
    question=(
        "The walkthrough runs it over 63,000 pictures in 25 epochs. Our way, with six views of "
        "each of the 2,520 training pictures: over how many, in the same 25 epochs?"
    ),
    answer=15_120,
    mistakes={
        63_000: "That is the walkthrough's way, 25 epochs of 20 batches of 126.",
        2_520: "That would be one view of each picture; there are six.",
        378_000: "The answers are kept, so the 25 epochs do not count: it runs before they begin.",
        10_500: "The number of epochs has nothing to do with it; count views and pictures.",
    },
    hints=(
        "When does the frozen part run, in every epoch or before the first?",
        "Once over each view of each picture.",
    ),
    why=(
        "6 x 2,520, however many epochs follow: a quarter of the walkthrough's work, and nothing "
        "at all the second time, when the answers are found on disk."
    ),
)

small_head = Number(
    kind="predict",
    title="a head of averages",
    question=(
        "InceptionV3's maps are 7x7x768: 768 maps of 7x7 places. A head first averages each map, "
        "then has one dense layer for the three classes, biases included. How many weights?"
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
        "3 x (768 + 1). The flat head has 16,705 times as many, because it weighs every place of "
        "every map 1024 times."
    ),
)

swing = Choice(
    kind="explain",
    title="what brought it to rest",
    question=(
        "Each curve has one change more than the one before. Which change ended the swing of the "
        "test accuracy?"
    ),
    options={
        "a": "The network's own input range.",
        "b": "The shrinking rate, and averaged weights with it.",
        "c": "The head of averages.",
        "d": "The cut at the very end.",
    },
    reasons={
        "a": "Look at the second curve: with its own input range it swings as wildly as the first.",
        "c": "The curve before it, still with the flat head, had come to rest already.",
        "d": "Two curves before it had come to rest already.",
    },
    hints=(
        "Follow the curves in their order: which is the first that is calm at its end?",
        "Read the printed ranges of the last ten epochs: where do they become narrow?",
    ),
    why=(
        "With steps that never get smaller, each epoch ends somewhere around the goal. The rate "
        "and the averaging came together, so which of the two did more is left open; and each "
        "curve is one run with one seed (lesson 6 says how to be surer)."
    ),
)


edge = Choice(
    kind="explore",
    title="larger maps",
    question=(
        "The two heads once more. Pictures of twice the edge give maps of twice the edge. Change "
        "`edge` below from 10 to 20. What happens to the two heads' weights?"
    ),
    start="""\
edge = 10  # of the maps; try 5 and 20
print(f"flat     {networks.flat_head((edge, edge, 112), 3, 1024).count_params():>12,}")
print(f"averaged {networks.pooled_head((edge, edge, 112), 3).count_params():>12,}")
""",
    options={
        "a": "Both heads get about four times as many.",
        "b": "The flat head gets about twice as many, the averaged one stays as it is.",
        "c": "The flat head gets about four times as many, the averaged one stays as it is.",
        "d": "Both stay as they are.",
    },
    reasons={
        "a": "Run it once more: an average is one number, from however many places it is taken.",
        "b": "Twice as high and twice as wide: how many times as many places are that?",
        "d": "Look at the flat head's number again; it has weights for every place.",
    },
    hints=(
        "Set `edge = 20` and run the cell.",
        "Divide the new numbers by the old ones.",
    ),
    why=(
        "Four times the places are four times the weights in a head that looks at each place. "
        "Averages do not care how large the maps are, so the same head serves pictures of any size."
    ),
)


def _layers(random, lower):
    """Return layers, the first that may learn after `lower` times three, and its number.

    The one just below could learn: were it batch normalisation, an error by one would not show.
    """

    def some():
        layers = [keras.layers.BatchNormalization(), keras.layers.ReLU(), keras.layers.Dense(2)]
        return [layers[place] for place in random.permutation(3)]

    frozen = [layer for _ in range(lower) for layer in some()]
    if frozen and isinstance(frozen[-1], keras.layers.BatchNormalization):
        frozen[-2:] = frozen[:-3:-1]
    return [*frozen, keras.layers.Conv2D(2, 3), *some(), *some()], len(frozen)


may_learn = Function(
    kind="complete",
    title="who may learn",
    question=(
        "Write the third rule as code. Of a list of layers, those from number `first` on may "
        "learn; the others may not, and batch normalisation (`keras.layers.BatchNormalization`) "
        "never. (`helpers.transfer.unfreeze_from` does it for the whole network.)"
    ),
    start='''\
def may_learn(layers, first):
    """A list with True or False for each layer."""
    return [... for number, layer in enumerate(layers)]
''',
    code="""\
def may_learn(layers, first):
    return [
        number >= first and not isinstance(layer, keras.layers.BatchNormalization)
        for number, layer in enumerate(layers)
    ]
""",
    mistakes={
        """\
def all_of_them(layers, first):
    return [number >= first for number, layer in enumerate(layers)]
""": (
            "So batch normalisation may learn as well, and its averages of a million photographs "
            "would be spoilt."
        ),
        """\
def one_too_late(layers, first):
    return [
        number > first and not isinstance(layer, keras.layers.BatchNormalization)
        for number, layer in enumerate(layers)
    ]
""": "The layer number `first` may learn, too.",
        """\
def the_lower_ones(layers, first):
    return [
        number < first and not isinstance(layer, keras.layers.BatchNormalization)
        for number, layer in enumerate(layers)
    ]
""": "That is upside down: the lower layers stay as they are, the upper ones learn.",
        """\
def everywhere(layers, first):
    return [not isinstance(layer, keras.layers.BatchNormalization) for layer in layers]
""": "The layers before number `first` must stay frozen.",
        """\
def frozen(layers, first):
    return [
        number < first or isinstance(layer, keras.layers.BatchNormalization)
        for number, layer in enumerate(layers)
    ]
""": "That says which layers are *frozen*; the question is which may learn.",
        """\
def one_too_early(layers, first):
    return [
        number >= first - 1 and not isinstance(layer, keras.layers.BatchNormalization)
        for number, layer in enumerate(layers)
    ]
""": "The layer before number `first` must stay frozen: layers are counted from 0.",
        """\
def either(layers, first):
    return [
        number >= first or not isinstance(layer, keras.layers.BatchNormalization)
        for number, layer in enumerate(layers)
    ]
""": "Both must hold, so join them by `and`.",
        """\
def only_the_upper(layers, first):
    return [not isinstance(layer, keras.layers.BatchNormalization) for layer in layers[first:]]
""": "Give True or False for each layer, those before number `first` included.",
    },
    inputs=lambda random: [_layers(random, lower) for lower in (2, 0, 3)],
    hints=(
        "Two things must hold: the layer's number, and what kind of layer it is.",
        "`isinstance(layer, keras.layers.BatchNormalization)` tells the kind; join both by `and`, "
        "the second with `not`.",
    ),
    why=(
        "Both conditions have to hold. Compile the model after such a change: a compiled one goes "
        "on training what it trained before."
    ),
)
