"""How lesson 5 checks a callback and a head: each function says what is wrong, "" if nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import keras
import numpy as np
from keras import layers

from helpers.exercises.kinds import described, shown, tried
from helpers.exercises.trainings import (
    SIZE,
    Training,
    accuracy,
    drawn,
    lent_base,
    loss_of,
    not_frozen,
)

# A training that memorises: made-up features of few photos, some of them labelled wrong.
PHOTOS, NUMBERS, TELLING, WRONG, LONGEST = 60, 64, 20, 4, 30  # every fourth label; epochs
TOO_EARLY, RESTORED = 1.15, 1.001  # times the lowest validation loss that there is


@cache
def _features() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return training and validation data: float32, shape (photos, 64), and labels, 0 or 1."""
    random = np.random.default_rng(0)

    def draw(number: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.arange(number) % 2
        values = random.normal(size=(number, NUMBERS)).astype(np.float32)
        values[:, :TELLING] += labels[:, None] - 0.5
        return values, labels

    (values, labels), validation = draw(PHOTOS), draw(400)
    labels = np.where(np.arange(PHOTOS) % WRONG, labels, 1 - labels)
    return (values, labels), validation


def _overfit(callbacks: list) -> tuple[list[float], float]:
    """Train; return the validation losses, and that of the weights in which the training ends."""
    (values, labels), validation = _features()
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [
            keras.Input((NUMBERS,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    network.compile(keras.optimizers.Adam(0.005), "binary_crossentropy", metrics=["accuracy"])
    losses = network.fit(
        values, labels, batch_size=PHOTOS, epochs=LONGEST, validation_data=validation,
        validation_batch_size=400, callbacks=callbacks, verbose=0,
    ).history["val_loss"]  # fmt: skip
    end = network.evaluate(*validation, batch_size=400, verbose=0, return_dict=True)["loss"]
    return losses, float(end)


@cache
def _to_the_end() -> list[float]:
    """Return the validation losses of the training that nobody stops."""
    return _overfit([])[0]


def stopped_in_time(answer: Callable) -> str:
    outcome, problem = tried(answer)
    if problem:
        return problem
    callbacks = list(outcome) if isinstance(outcome, (list, tuple)) else [outcome]
    if not callbacks or not all(isinstance(c, keras.callbacks.Callback) for c in callbacks):
        return (
            f"Your function gives {shown(outcome)}, where a callback of Keras is expected, such as "
            "`keras.callbacks.EarlyStopping(...)`."
        )
    try:
        losses, end = _overfit(callbacks)
    except Exception as error:  # whatever a callback of the learner's own may raise
        return f"With your callback the training stopped with {described(error)}"
    return _late(callbacks, losses) or _early(losses) or _not_restored(losses, end)


def _late(callbacks: list, losses: list[float]) -> str:
    lowest = int(np.argmin(losses)) + 1
    if len(losses) < LONGEST:
        return ""
    watched = next((c.monitor for c in callbacks if hasattr(c, "monitor")), "")
    found = (
        f"The training went on to its last epoch, {LONGEST}. The validation loss was lowest in "
        f"epoch {lowest}, {min(losses):.2f}, and is {losses[-1]:.2f} at the end. "
    )
    if watched and not watched.startswith("val_"):
        return found + (
            f"`{watched}` is measured on the training photos, and gets better for ever: monitor "
            "the validation loss, `val_loss`."
        )
    return found + "Let it end some epochs after that one: `patience` says how many."


def _early(losses: list[float]) -> str:
    possible = min(_to_the_end())
    if min(losses) <= TOO_EARLY * possible:
        return ""
    return (
        f"The training ended after {len(losses)} epochs with a validation loss of "
        f"{min(losses):.2f}; a little later it would have been {possible:.2f}. One epoch that is "
        "no better says little: raise `patience`, and monitor `val_loss`, not an accuracy."
    )


def _not_restored(losses: list[float], end: float) -> str:
    if end <= RESTORED * min(losses):
        return ""
    return (
        f"It ends in time, after {len(losses)} epochs, but with the weights of the last one. Their "
        f"validation loss is {end:.2f}; the lowest was {min(losses):.2f} in epoch "
        f"{int(np.argmin(losses)) + 1}. `restore_best_weights=True` puts those back."
    )


# A head for a frozen base.

LEARNT_FROM, ASKED, OTHER_FACES = 24, 20, 10_000  # drawn faces of a class; seeds of the others
CUT = "block4c_add"
MINUTE, PASSES, BEATEN = 60, 8, 0.8
LOSSES = {1: "binary_crossentropy", 2: "sparse_categorical_crossentropy"}


def faces(each: int, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Return drawn faces of cats and dogs in turns, each also mirrored.

    Args:
        each: faces that are drawn of each class.
        first: the seed of the first one; further ones follow.

    Returns:
        (uint8, shape (4 each, 64, 64, 3), 0 to 255; int32 labels, 0 for cat, 1 for dog).
    """
    images, labels = drawn("cats_and_dogs", 2, each, first)
    return np.concatenate([images, images[:, :, ::-1]]), np.concatenate([labels, labels])


def head_on_frozen_base(answer: Callable) -> str:
    with lent_base(CUT) as (base, changed):
        network, problem = tried(answer, base)
        problem = problem or _wrong_form(network) or not_frozen(network, base)
        return problem or _trained(network, changed)


def _wrong_form(network: object) -> str:
    if not isinstance(network, keras.Model):
        return f"Your function gives {shown(network)}, where a Keras network is expected."
    try:
        taken, given = network.input_shape[1:], network.output_shape[1:]
    except (AttributeError, ValueError):
        return "Your network has no size: let it begin with the base that your function gets."
    if taken != (SIZE, SIZE, 3):
        return f"Your network takes the shape {taken}; the photos have ({SIZE}, {SIZE}, 3)."
    if len(given) != 1:
        return (
            f"Your network ends in feature maps of the shape {given}. Put `GlobalAveragePooling2D` "
            "before the last `Dense`, to make a list of numbers of them."
        )
    if given[0] not in (1, 2):
        return f"The last layer gives {given[0]:,} numbers; cat or dog needs one, or two."
    if not network.compiled:
        return "The network is not compiled: call `network.compile(...)` before you return it."
    wanted = LOSSES[given[0]]
    if loss_of(network) != wanted:
        return (
            f"The last layer has {given[0]} unit{'s'[: given[0] - 1]}, so take the loss `{wanted}`."
        )
    return _no_probability(network)


def _no_probability(network: keras.Model) -> str:
    last = getattr(network.layers[-1], "activation", None)
    if last is keras.activations.linear and not getattr(network.loss, "from_logits", False):
        return (
            "The last layer has no activation, but the loss expects probabilities. Use a sigmoid "
            "for one unit, a softmax for two."
        )
    if network.output_shape[1] == 1 and last is keras.activations.softmax:
        return "A softmax over a single unit is always 1; for one unit use a sigmoid."
    return ""


def _trained(network: keras.Model, changed: Callable[[], bool]) -> str:
    """Train the network, and return what is wrong with it, judged by other faces."""
    known, labels = faces(LEARNT_FROM, 0)
    training = Training("A new head", MINUTE)
    training.fit(network, known, labels, PASSES)
    if changed():
        return "The training has changed the base: freeze it before you compile."
    new, answers = (each[: 2 * ASKED] for each in faces(ASKED, OTHER_FACES))  # not mirrored
    of_known, of_new = _right(network, known, labels), _right(network, new, answers)
    training.say(f"of the training faces {of_known:.3f} are right, of the new ones {of_new:.3f}")
    if of_new > BEATEN:
        return ""
    found = (
        f"It classifies {of_new:.3f} of {2 * ASKED} new faces correctly, {of_known:.3f} of those "
        "it learnt from. "
    )
    if of_known < BEATEN:
        return f"{found}It has not learnt enough yet: is the rate about 0.03?"
    return f"{found}It memorises: use fewer weights, by an average of each feature map."


def _right(network: keras.Model, images: np.ndarray, labels: np.ndarray) -> float:
    if network.output_shape[1] == 2:
        return accuracy(network, images, labels)
    return float(((network.predict(images, verbose=0)[:, 0] > 0.5) == labels).mean())
