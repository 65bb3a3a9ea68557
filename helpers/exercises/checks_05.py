"""How lesson 5 checks a callback and a head: each function says what is wrong, "" if nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import keras
import numpy as np
from keras import layers

from helpers.exercises.kinds import described, shown, tried
from helpers.exercises.trainings import (
    ON_A_BASE,
    OTHERS,
    Exam,
    Training,
    drawn,
    lent_base,
    mirrored,
    network_of,
    no_probabilities,
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
    outcome = tried(answer)
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
    if abs(end - losses[-1]) > (RESTORED - 1) * losses[-1]:
        return (
            f"It restores weights whose validation loss is {end:.2f}; the lowest was "
            f"{min(losses):.2f} in epoch {int(np.argmin(losses)) + 1}. Monitor `val_loss`, not an "
            "accuracy, and leave `min_delta` out."
        )
    return (
        f"It ends in time, after {len(losses)} epochs, but with the weights of the last one. Their "
        f"validation loss is {end:.2f}; the lowest was {min(losses):.2f} in epoch "
        f"{int(np.argmin(losses)) + 1}. `restore_best_weights=True` puts those back."
    )


# A head for a frozen base.

LEARNT_FROM, ASKED = 24, 20  # drawn faces of a class
PASSES, BEATEN = 8, 0.8


def head_on_frozen_base(answer: Callable) -> str:
    """Train a network, and say what is wrong with it, judged by other faces."""
    with lent_base() as (base, changed):
        network = network_of(lambda: answer(base), classes=2, advice=ON_A_BASE)
        if problem := not_frozen(network, base) or no_probabilities(network):
            return problem
        faces, training = mirrored(*drawn("cats_and_dogs", LEARNT_FROM)), Training("A new head")
        training.fit(network, *faces, PASSES)
        return changed() or training.judge(
            network,
            Exam("faces", faces, drawn("cats_and_dogs", ASKED, OTHERS), BEATEN),
            "It has not learnt enough yet: is the rate about 0.03?",
            "It memorises: use fewer weights, by an average of each feature map.",
        )
