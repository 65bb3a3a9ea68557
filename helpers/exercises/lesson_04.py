"""Exercises of lesson 4: names added up, a head, boasting, and what may move."""

from helpers.exercises.kinds import Choice, Function, Number

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
    answers[:32, 500] += random.uniform(0, 0.7, 32)  # and something that is neither
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
        "dogs 151 to 268. Write a function that adds up both and says 1 (dog) where the dogs' sum "
        "is larger, else 0 (cat)."
    ),
    start='''\
def cat_or_dog(answers):
    """0 for cat or 1 for dog, for each photo; `answers` has the shape (photos, 1000)."""
    return ...
''',
    code="""\
def cat_or_dog(answers):
    return answers[:, 151:269].sum(axis=1) > answers[:, 281:286].sum(axis=1)
""",
    mistakes={
        """\
def strongest(answers):
    return answers[:, 151:269].max(axis=1) > answers[:, 281:286].max(axis=1)
""": (
            "That compares the likeliest dog with the likeliest cat. 118 breeds share the "
            "probability of being a dog: add them up."
        ),
        """\
def turned_round(answers):
    return answers[:, 151:269].sum(axis=1) < answers[:, 281:286].sum(axis=1)
""": "That is turned round: 1 is to mean dog, 0 cat.",
        """\
def averages(answers):
    return answers[:, 151:269].mean(axis=1) > answers[:, 281:286].mean(axis=1)
""": (
            "Averages put the dogs at a disadvantage, because there are 118 kinds of them; add the "
            "probabilities up."
        ),
        """\
def likelier_than_not(answers):
    return answers[:, 151:269].sum(axis=1) > 0.5
""": (
            "The two sums need not make 1, as the network may think of other things; compare one "
            "with the other."
        ),
        """\
def how_much(answers):
    return answers[:, 151:269].sum(axis=1) - answers[:, 281:286].sum(axis=1)
""": "That is by how much the dogs' sum is larger; say 1 where it is above 0, else 0.",
        """\
def without_the_last_dog(answers):
    return answers[:, 151:268].sum(axis=1) > answers[:, 281:286].sum(axis=1)
""": "`151:268` ends before class 268, which is a dog, too: the end of a slice is left out.",
        """\
def without_the_last_cat(answers):
    return answers[:, 151:269].sum(axis=1) > answers[:, 281:285].sum(axis=1)
""": "`281:285` ends before class 285, which is a cat, too: the end of a slice is left out.",
        """\
def without_both(answers):
    return answers[:, 151:268].sum(axis=1) > answers[:, 281:285].sum(axis=1)
""": "Both slices end too soon: their end is left out, so 268 and 285 are missing.",
        """\
def one_class_more(answers):
    return answers[:, 151:270].sum(axis=1) > answers[:, 281:287].sum(axis=1)
""": "Both slices reach one class too far: 269 is no dog, 286 no cat.",
        """\
def counted_from_one(answers):
    return answers[:, 150:268].sum(axis=1) > answers[:, 280:285].sum(axis=1)
""": "Classes are counted from 0 here, as Python does, so the dogs' columns begin at 151.",
        """\
def likeliest_of_all(answers):
    return (answers.argmax(axis=1) >= 151) & (answers.argmax(axis=1) <= 268)
""": (
            "That asks for the single likeliest of all 1000 names. The question is whether all "
            "dogs together have more than all cats."
        ),
        """\
def all_photos_at_once(answers):
    return answers[:, 151:269].sum() > answers[:, 281:286].sum()
""": "That adds up over all photos at once; `.sum(axis=1)` adds up each row, a photo.",
    },
    inputs=lambda random: [_answers(random)],
    told=_of_one_photo,
    hints=(
        "`answers[:, 281:286]` are the cats' columns; `.sum(axis=1)` adds up each row.",
        "Compare the two sums by `>`; True counts as 1, False as 0.",
    ),
    why=(
        "One of 118 breeds may have little probability and dogs in all much. Sums turn a thousand "
        "answers into the two that we ask for."
    ),
)

dense_head = Number(
    kind="predict",
    title="the head's weights",
    question=(
        "8,192 numbers go into a dense layer of 256, and its 256 outputs into one number, biases "
        "included. How many weights has this head?"
    ),
    answer=2_097_665,
    mistakes={
        2_097_152: "The 256 biases are missing, and so is the last layer.",
        2_097_408: "That is the first layer; the last one, from 256 to one number, is missing.",
        2_097_664: "The bias of the last layer is missing.",
        131_585: "That is a head of averages, 512 numbers; here 8,192 go in.",
        14_714_688: "That is VGG16 without its classes.",
    },
    hints=(
        "A dense layer has one weight for each pair of input and output, and a bias an output.",
        "(8,192 + 1) x 256 for the first layer, 256 + 1 for the last.",
    ),
    why=(
        "(8,192 + 1) x 256 + 256 + 1: a seventh of the network's 14,714,688. Small it is only "
        "beside VGG16; beside a few thousand photos it is huge."
    ),
)

sure_mistakes = Number(
    kind="explore",
    title="how sure the mistakes are",
    question=(
        "Published: accuracy 0.950, and a test loss of 0.486. Suppose that 95 of 100 photos get "
        "0.99 for their true class. What do the five others get, so that the loss becomes 0.486? "
        "Make `others` smaller until it does; the right order of magnitude is enough."
    ),
    start="""\
others = 0.1  # probability of the true class in five mistakes; make it smaller
true_class = np.array([0.99] * 95 + [others] * 5)
print(f"loss {-np.log(true_class).mean():.3f}")
""",
    answer=0.00007,
    tolerance=2,
    mistakes={
        0.1: "With 0.1 the loss is 0.125 only.",
        0.01: "With 0.01 the loss is 0.240, half of what is published.",
        0.001: "With 0.001 the loss is 0.355; go on.",
    },
    hints=(
        "Divide `others` by ten, again and again.",
        "It lies between 0.0001 and 0.00001.",
    ),
    why=(
        "Where it errs, such a network is 99.99 % sure of the wrong class. Accuracy counts "
        "mistakes; the log loss weighs them by how sure they were."
    ),
)

calibrated = Choice(
    kind="explain",
    title="two hundred times 0.9",
    question='A classifier says "dog, 0.9" of 200 photos, and 150 of them are dogs. What is it?',
    options={
        "a": "Calibrated: it is right about most of them.",
        "b": "Too sure of itself.",
        "c": "Not sure enough.",
        "d": "That cannot be told without its accuracy.",
    },
    reasons={
        "a": "Calibrated means that of such photos nine in ten are dogs: 180 of 200.",
        "c": "Then more than nine in ten would be dogs, more than 180.",
        "d": "What it said and what came true is all one needs; accuracy is another question.",
    },
    hints=(
        "How many of the 200 would be dogs if 0.9 were honest?",
        "180 would be; 150 are.",
    ),
    why=(
        "It says 0.9 where 0.75 would be honest: its curve runs below the diagonal. One can be "
        "accurate and boast all the same."
    ),
)

block_five = Number(
    kind="predict",
    title="what may move",
    question=(
        "Block 5 has three convolutions, each of 512 patterns of 3x3 over 512 maps, biases "
        "included. The head has 2,097,665 weights. How many weights may move in all?"
    ),
    answer=9_177_089,
    mistakes={
        7_079_424: "That is block 5; the head learns, too.",
        9_175_553: "The biases of block 5 are missing, 512 for each convolution.",
        7_077_888: "That is block 5 without its biases, and the head is missing.",
        4_457_473: "That is one convolution and the head; block 5 has three.",
        2_097_665: "That is the head alone.",
        2_359_808: "That is one convolution; block 5 has three, and there is the head.",
        16_812_353: "Those are all weights; blocks 1 to 4 are frozen.",
    },
    hints=(
        "One pattern has 3 x 3 x 512 weights and a bias, and there are 512 such in a convolution.",
        "3 x 512 x (3 x 3 x 512 + 1), and the head on top.",
    ),
    why=(
        "3 x 512 x (3 x 3 x 512 + 1) = 7,079,424, and the head. One convolution of that size, "
        "2,359,808, has as many weights as the whole head."
    ),
)
