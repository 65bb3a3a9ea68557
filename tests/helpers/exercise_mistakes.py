"""Common wrong code for each `Examined` exercise, with a part of what the check says of it.

Wrong code defines a function, or is what a function like the solution returns instead.
"""

from __future__ import annotations

from helpers.exercises import lesson_01, lesson_02, lesson_03, lesson_04, lesson_05, lesson_07


def without(code: str, part: str) -> str:
    """Return code without the lines in which something stands."""
    return "".join(line for line in code.splitlines(keepends=True) if part not in line)


LAYERS = lesson_01.layers_to_fit.code
REPAIR = lesson_01.repair.code
SCALED = REPAIR.replace("1 / 255", "255")
LOSS = ("sparse_categorical_crossentropy", "mean_squared_error")  # right, and wrong
HANDS = lesson_01.from_empty.code
UNFREEZE = lesson_02.unfreeze.code
RULE = "number >= first and not norm"
HEADED = lesson_02.from_empty.code
STOP = lesson_03.stop_below.code
CALLBACKS_OWN = STOP.replace("self.model.", "self.")
GARMENTS = lesson_03.from_empty.code
BASE = lesson_04.wasted_base.code
SCALED_TWICE = BASE.replace("base(pixels)", "base(pixels / 255)")
BRIEF = lesson_04.new_head.code.replace("epochs=30", "epochs=1")
JOINED = "return keras.Model(base.input, head(base.output))"
HEAD = lesson_05.from_empty.code
LEARN = lesson_07.from_empty.code
UNTRAINED = without(LEARN, ".fit")

MISTAKES = {
    "01.layers_to_fit": {
        LAYERS.replace('"relu"', '"relu", padding="same"'): 'has `padding="same"`',
        without(LAYERS, ".MaxPooling2D"): "The poolings are forgotten",
        LAYERS.replace("GlobalMaxPooling2D", "Flatten"): "`Flatten` keeps every place",
        LAYERS.replace("GlobalMax", "GlobalAverage"): "asks for the *largest*",
        without(LAYERS, "Global"): "`GlobalMaxPooling2D` is missing",
        LAYERS.replace(".MaxPooling2D()", ".AveragePooling2D(2)"): "`AveragePooling2D` keeps",
        LAYERS.replace(', activation="softmax"', ""): "no activation: without softmax",
        LAYERS.replace("softmax", "sigmoid"): "sigmoid: without softmax",
        LAYERS.replace("Dense(3", "Dense(2"): "gives 2 numbers; three classes need",
        LAYERS.replace('3, activation="softmax', '1, activation="sigmoid'): (
            "gives 1 numbers; three classes need"
        ),
        without(LAYERS, "Dense"): "gives 64 numbers; three classes need",
        LAYERS.replace("2D(32", "2D(16").replace("2D(64", "2D(16"): "With 16, 16, 16 filters the",
        without(LAYERS, "2D(64"): "has 2 convolutions",
        LAYERS.replace('2D(64, 3, activation="relu"', "2D(64, 3"): "Convolution 3 has no ReLU",
        LAYERS.replace("2D(64, 3", "2D(64, 5"): "Convolution 3 looks at 5 x 5 pixels",
        LAYERS.replace('"relu"', '"relu", use_bias=False'): "has no bias",
        LAYERS.replace("layers.Global", "layers.MaxPooling2D(), layers.Global"): "too many",
        LAYERS.replace("layers.Dense", "layers.Dense(8), layers.Dense"): "2 dense layers",
        LAYERS.replace("layers.Dense", "layers.Dropout(0.5), layers.Dense"): "`Dropout` is not",
        without(LAYERS, "Input"): "Begin with `keras.Input",
        LAYERS.replace("(64, 64, 3)", "(150, 150, 3)"): "takes the shape (150, 150, 3)",
    },
    "01.held_out": {
        "np.random.default_rng(seed).random(len(films)) < 0.2": "films are on both sides",
        "np.arange(len(films)) >= 0.8 * len(films) - seed": "on both sides",
        "np.arange(len(films)) % 5 == seed % 5": "films are on both sides",
        "np.random.default_rng(seed).permutation(np.unique(films))[:3]": "gives names of films",
        "np.flatnonzero(films == np.random.default_rng(seed).choice(films))": (
            "gives the places of frames"
        ),
        "np.isin(films, np.random.default_rng().permutation(np.unique(films))[:3])": (
            "The same seed gives another split"
        ),
        "np.isin(films, np.unique(films)[:3])": (
            "Every seed holds out the same films (paper00, paper01, paper02)"
        ),
        "~np.isin(films, np.random.default_rng(seed).permutation(np.unique(films))[:3])": (
            "12 of 15 films are held out"
        ),
        "films == np.random.default_rng(seed).choice(films)": "1 of 15 films are held out",
        "np.zeros(len(films), bool)": "Nothing is held out",
    },
    "01.repair": {
        SCALED.replace(*LOSS).replace("0.001", "1.0"): "Two more are left",
        SCALED: "The scaling: times 255, pixels reach 65,025",
        REPAIR.replace(*LOSS): "The loss: the loss went from",
        REPAIR.replace("0.001", "1.0"): "The rate: at 1 the loss went from",
    },
    "01.from_empty": {
        HANDS.replace("(64, 64, 3)", "(150, 150, 3)"): (
            "takes the shape (150, 150, 3); the pictures have (64, 64, 3)"
        ),
        HANDS.replace("sparse_", ""): "take `sparse_categorical",
        HANDS.replace(', activation="softmax"', ""): "has no softmax",
        HANDS.replace("Dense(3", "Dense(2"): "gives 2 numbers",
        without(HANDS, "Global"): "ends in feature maps",
        without(HANDS, "compile"): "is not compiled",
        HANDS.replace("return ", ""): "returns nothing",
    },
    "02.unfreeze": {
        UNFREEZE.replace(RULE, "number >= first"): (
            "1 of 2 batch normalisation layers moved in training"
        ),
        UNFREEZE.replace(RULE, "True"): "Layer 1, Conv2D, is below number 4",
        UNFREEZE.replace(">=", ">"): "Layer 4, Conv2D, did not move",
        UNFREEZE.replace("first and", "first - 1 and"): "Layer 3, Conv2D, is below number 4",
        UNFREEZE.replace(RULE, "not norm"): "is below number 4, and its weights moved",
        UNFREEZE.replace(">=", "<"): "is below number 4",
        UNFREEZE.replace("and not", "or not"): "is below number 4",
        UNFREEZE.replace(RULE, "number < first or norm"): "is below number 4",
        UNFREEZE.replace(RULE, "False"): "did not move in training; from number 4 on they learn",
        UNFREEZE.replace("    return", "    network.trainable = False\n    return"): (
            "did not move in training"
        ),
        UNFREEZE.replace("return network", "return network.layers"): (
            "where the network is expected"
        ),
        UNFREEZE.replace("return ", ""): "returns nothing",
    },
    "02.from_empty": {
        without(HEADED, "trainable"): "The base is not frozen",
        HEADED.replace(', activation="softmax"', ""): "has no softmax",
        HEADED.replace("Dense(3", "Dense(2"): "gives 2 numbers",
        HEADED.replace("sparse_", ""): "take `sparse_categorical",
        without(HEADED, "compile"): "is not compiled",
        HEADED.replace("layers.GlobalAveragePooling2D()", ""): "ends in feature maps",
        HEADED.replace("base.input", "keras.Input((64, 64, 3))"): "stopped with ValueError",
        HEADED.replace("return ", ""): "returns nothing",
    },
    "03.stop_below": {
        CALLBACKS_OWN.replace('"val_loss"] <', '"loss"] >'): "the training goes on",
        STOP.replace("val_loss", "loss"): "it looks at the training loss",
        STOP.replace("<", ">"): "although the validation loss is above the goal",
        CALLBACKS_OWN: "is it the *model's*",
        STOP.replace('logs["val_loss"]', 'logs.get("val_lost")'): "stopped with TypeError",
        STOP.replace("val_loss", "validation_loss"): "The metrics are called accuracy, loss",
    },
    "03.from_empty": {
        GARMENTS.replace("(28, 28, 3)", "(150, 150, 3)"): (
            "takes the shape (150, 150, 3); the pictures have (28, 28, 3)"
        ),
        GARMENTS.replace("sparse_", ""): "take `sparse_categorical",
        GARMENTS.replace(', activation="softmax"', ""): "has no softmax",
        GARMENTS.replace("Dense(10", "Dense(3"): "ten classes need ten units",
        without(GARMENTS, "Global"): "ends in feature maps",
        without(GARMENTS, "compile"): "is not compiled",
        GARMENTS.replace("return ", ""): "returns nothing",
    },
    "04.wasted_base": {
        without(SCALED_TWICE, "trainable").replace("sigmoid", "softmax"): "Two more are left",
        SCALED_TWICE: "The scale: the base got values up to 0.99, but it takes pixels up to 255",
        without(BASE, "trainable"): "The base is not frozen",
        BASE.replace("sigmoid", "softmax"): "Softmax makes numbers that add up to 1",
        BASE.replace('1, activation="sigmoid', '2, activation="softmax'): (
            "2 units, so take the loss `sparse_"
        ),
    },
    "04.new_head": {
        BRIEF.replace(JOINED, "return head"): (
            "takes the shape (4, 4, 80); the pictures have (64, 64, 3)"
        ),
        BRIEF.replace(JOINED, "pass"): "returns nothing",
        BRIEF.replace(JOINED, "return base"): "ends in feature maps",
        BRIEF.replace("Dense(3", "Dense(4"): "gives 4 numbers; three classes need three",
        BRIEF.replace(
            JOINED, f"base.set_weights([w * 0.9 for w in base.get_weights()])\n    {JOINED}"
        ): "weights of the base have changed",
    },
    "05.in_time": {
        'keras.callbacks.EarlyStopping("loss", patience=5, restore_best_weights=True)': (
            "gets better for ever"
        ),
        'keras.callbacks.EarlyStopping("val_loss", patience=5)': (
            "`restore_best_weights=True` puts those back"
        ),
        'keras.callbacks.EarlyStopping("val_loss", patience=100, restore_best_weights=True)': (
            "`patience` says how"
        ),
        "keras.callbacks.EarlyStopping": "where a callback of Keras is expected",
    },
    "05.from_empty": {
        without(HEAD, "trainable"): "The base is not frozen",
        without(HEAD, "Global"): "ends in feature maps of the shape",
        HEAD.replace("Dense(1", "Dense(3"): "gives 3 numbers; two classes need two units, or one",
        HEAD.replace(', activation="sigmoid"', ""): "has no sigmoid",
        HEAD.replace("sigmoid", "softmax"): "a single one is always 1",
        HEAD.replace("Dense(1", "Dense(2"): (
            "2 units, so take the loss `sparse_categorical_crossentropy`"
        ),
        HEAD.replace("binary_crossentropy", "mean_squared_error"): (
            "1 unit, so take the loss `binary_"
        ),
        without(HEAD, "compile"): "is not compiled",
        HEAD.replace(" base,", " keras.Input((64, 64, 3)),"): "does not contain the base",
        HEAD.replace("return ", ""): "returns nothing",
    },
    "07.class_weights": {
        "{0: 1.0, 1: 1.0}": "the rare one still weighs too little",
        "dict(enumerate(np.bincount(labels)))": "The frequent class weighs more here",
        "len(labels) / (2 * np.bincount(labels))": "`fit` wants a dictionary",
        "{0: 1.0, 1: 1000.0} if labels.mean() < 0.5 else {0: 1000.0, 1: 1.0}": (
            "the rare one weighs too much now"
        ),
        "{0: 1, 1: 15}": "compute the weights from `labels`",
    },
    "07.from_empty": {
        without(LEARN, "trainable").replace("epochs=8", "epochs=1"): (
            "weights of the base have changed: set `base.trainable = False`"
        ),
        UNTRAINED: "Has the head been trained",
        UNTRAINED.replace("Dense(3", "Dense(2"): "gives 2 numbers; three classes need three units",
        UNTRAINED.replace("return network", "return network.layers"): (
            "where a Keras network is expected"
        ),
    },
}
