"""Exercises of lesson 4: names added up, confidence, and heads on a pretrained base."""

from helpers.exercises.checks_04 import learned_on_base, repaired_base
from helpers.exercises.kinds import Choice, Examined, Function, Number

# A photo each: its likeliest class, then the sums of the dogs and of the cats without it.
EDGES = (
    (151, 0.0, 0.3), (268, 0.0, 0.3), (281, 0.3, 0.0), (285, 0.3, 0.0),  # first and last
    (150, 0.1, 0.2), (269, 0.1, 0.2), (280, 0.2, 0.1), (286, 0.2, 0.1),  # their neighbours
)  # fmt: skip


def _answers(random):
    """Return probabilities of 1000 classes: 32 photos of four kinds, and one for each edge."""
    answers = random.uniform(0, 1e-4, (32 + len(EDGES), 1000))
    answers[:8, 281] += 0.3  # one cat, and more dogs in all
    answers[:8, 151:269] += random.uniform(0.003, 0.006, (8, 118))
    answers[8:16, 160] += 0.3  # one dog, and more cats in all
    answers[8:16, 281:286] += random.uniform(0.08, 0.12, (8, 5))
    answers[16:24, 200] += 0.5  # a dog
    answers[24:32, 283] += 0.5  # a cat
    answers[9:32, 500] += random.uniform(0, 0.7, 23)  # and, in most, something that is neither
    for photo, (edge, dogs, cats) in zip(answers[32:], EDGES, strict=True):
        photo[[edge, 200, 283]] += (0.5, dogs, cats)
    return (answers / answers.sum(axis=1, keepdims=True),)


def _of_one_photo(arguments, place):
    photo = arguments[0][place[0]]
    dogs, cats = photo[151:269].sum(), photo[281:286].sum()
    return f"For a photo whose dogs add up to {dogs:.3f} and whose cats to {cats:.3f}"


cat_or_dog = Function(
    kind="complete",
    title="add up the names",
    question=(
        "The network gives each photo 1000 probabilities. The cats are the classes 281 to 285, the "
        "dogs 151 to 268. Write a function that adds up the cats and the dogs of each photo. It "
        "returns 1 (dog) if the dogs' sum is larger, else 0 (cat)."
    ),
    code="""\
def cat_or_dog(answers):
    return answers[:, 151:269].sum(axis=1) > answers[:, 281:286].sum(axis=1)
""",
    mistakes={
        "answers[:, 151:269].max(axis=1) > answers[:, 281:286].max(axis=1)": (
            "That compares the likeliest dog with the likeliest cat. 118 breeds share the "
            "probability of being a dog: add them up."
        ),
        "answers[:, 151:269].sum(axis=1) < answers[:, 281:286].sum(axis=1)": (
            "That is the wrong way round: 1 means dog, 0 means cat."
        ),
        "answers[:, 151:269].mean(axis=1) > answers[:, 281:286].mean(axis=1)": (
            "An average is unfair to the dogs, because it divides their sum by 118 and that of the "
            "cats by 5. Add the probabilities up instead."
        ),
        "answers[:, 151:269].sum(axis=1) > 0.5": (
            "The two sums need not add up to 1, because the network gives other classes a share. "
            "Compare the two sums."
        ),
        "answers[:, 151:269].sum(axis=1) - answers[:, 281:286].sum(axis=1)": (
            "That is by how much the dogs' sum is larger; return 1 where it is above 0, else 0."
        ),
        "answers[:, 151:268].sum(axis=1) > answers[:, 281:286].sum(axis=1)": (
            "`151:268` ends before class 268, a dog, too: Python leaves the end of a slice out."
        ),
        "answers[:, 151:269].sum(axis=1) > answers[:, 281:285].sum(axis=1)": (
            "`281:285` ends before class 285, a cat, too: Python leaves the end of a slice out."
        ),
        "answers[:, 151:268].sum(axis=1) > answers[:, 281:285].sum(axis=1)": (
            "Both slices end too soon: Python leaves their end out, so 268 and 285 are missing."
        ),
        "answers[:, 151:270].sum(axis=1) > answers[:, 281:287].sum(axis=1)": (
            "Both slices reach one class too far: 269 is not a dog, and 286 is not a cat."
        ),
        "answers[:, 150:268].sum(axis=1) > answers[:, 280:285].sum(axis=1)": (
            "The classes are counted from 0, as in Python, so the dogs' columns begin at 151."
        ),
        "(answers.argmax(axis=1) >= 151) & (answers.argmax(axis=1) <= 268)": (
            "That takes the single likeliest of all 1000 classes. The question is whether all dogs "
            "together are likelier than all cats."
        ),
        "answers[:, 151:269].sum() > answers[:, 281:286].sum()": (
            "That adds up all photos at once; `.sum(axis=1)` adds up each row, which is a photo."
        ),
    },
    inputs=lambda random: [_answers(random)],
    told=_of_one_photo,
    hints=(
        "`answers[:, 281:286]` are the cats' columns; `.sum(axis=1)` adds up each row.",
        "Compare the two sums by `>`; True counts as 1, False as 0.",
    ),
    why=(
        "Each of 118 breeds may have a small probability, and all dogs together a large one. Two "
        "sums turn the thousand probabilities into the two that we ask for."
    ),
)

calibrated = Choice(
    kind="explain",
    title="two hundred times 0.9",
    question='A classifier says "dog, 0.9" of 200 photos, and 150 of them are dogs. What is it?',
    options={
        "a": "Calibrated: it is right about most of them.",
        "b": "Over-confident.",
        "c": "Not confident enough.",
        "d": "We cannot tell without its accuracy.",
    },
    reasons={
        "a": "Calibrated means that nine in ten of such photos are dogs: 180 of 200.",
        "c": "Then more than nine in ten would be dogs: more than 180.",
        "d": "We know what it said and what came true; that is enough.",
    },
    hints=(
        "How many of the 200 would be dogs if 0.9 were honest?",
        "180 would be dogs; 150 are.",
    ),
    why=(
        "It says 0.9 where 0.75 would be honest: its curve runs below the diagonal. A classifier "
        "can be accurate and over-confident at the same time."
    ),
)


wasted_base = Examined(
    kind="explore",
    title="a base that is wasted",
    question=(
        "This function puts a head on a pretrained base. It has three faults. The base takes "
        "photos from 0 to 255, like every base in this course. Repair the faults, then give "
        "`build` to the check, which trains the network on drawn cats and dogs for some seconds."
    ),
    code="""\
def build(base):
    base.trainable = False
    pixels = keras.Input((64, 64, 3))
    maps = base(pixels)
    averages = layers.GlobalAveragePooling2D()(maps)
    answer = layers.Dense(1, activation="sigmoid")(averages)
    network = keras.Model(pixels, answer)
    network.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    return network
""",
    examine=repaired_base,
    hints=(
        "One fault is between the pixels and the base, one at the base, one at the end.",
        "`base(pixels)`; `base.trainable = False`; and a sigmoid for one number.",
    ),
    why=(
        "The base gets what it was trained on, and stays as it is. One number with a sigmoid is "
        "the probability of the second class. None of the three faults stops the program."
    ),
)

sure_mistakes = Number(
    kind="explore",
    title="how confident the mistakes are",
    question=(
        "The published accuracy is 0.950, the published test loss 0.486. Suppose that 95 of 100 "
        "photos get the probability 0.99 for their true class. What do the other five get, if the "
        "loss is 0.486? Make `others` smaller until the loss fits; the right power of ten is "
        "enough."
    ),
    answer=0.00007,
    tolerance=2,
    mistakes={
        0.1: "With 0.1 the loss is only 0.125.",
        0.01: "With 0.01 the loss is 0.240, half of the published one.",
        0.001: "With 0.001 the loss is 0.355; go on.",
    },
    hints=(
        "Divide `others` by ten, again and again.",
        "It lies between 0.0001 and 0.00001.",
    ),
    why=(
        "When it is wrong, such a network gives 99.99 % to the wrong class. Accuracy counts "
        "mistakes; the log loss weighs them by how confident they were."
    ),
)


new_head = Examined(
    kind="complete",
    title="from an empty cell",
    question=(
        "Write `learn(base, images, labels)`. `base` is a pretrained network from pictures of "
        "64x64x3 (0 to 255) to feature maps. There are three classes, numbered 0, 1, 2. Return a "
        "trained network from pictures to three probabilities; the base must stay as it was. The "
        "check calls `learn` with 360 drawn hands, then shows your network 120 hands of other "
        "people. Reach an accuracy above 0.9."
    ),
    code="""\
def learn(base, images, labels):
    features = base.predict(images, verbose=0)
    head = keras.Sequential(
        [
            keras.Input(features.shape[1:]),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    loss = "sparse_categorical_crossentropy"
    head.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    head.fit(features, labels, epochs=30, verbose=0)
    return keras.Model(base.input, head(base.output))
""",
    examine=learned_on_base,
    hints=(
        "`base.predict(images)` once, then a small head on what it gives, as in section 9.",
        "A `Sequential` of `GlobalAveragePooling2D()` and `Dense(3, ...)`, trained on the features "
        "with Adam at 0.01; then `keras.Model(base.input, head(base.output))`.",
    ),
    why=(
        "The base runs once over each picture, the head learns in a second, and both together are "
        "one network. With a folder of your own pictures, the same lines make your classifier."
    ),
)
