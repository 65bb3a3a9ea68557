"""How lesson 3 checks callbacks and networks: each function says what is wrong, "" if nothing."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import keras
from keras import layers

from helpers.exercises.kinds import NotYet, described, shown, tried
from helpers.exercises.trainings import OTHERS, Exam, Training, drawn, network_of, no_probabilities

SIZE, CLASSES = 28, 10
LEARNT_FROM, ASKED = 24, 12  # drawn garments a class
METRICS = ("accuracy", "loss", "val_accuracy", "val_loss")
PASSES, BEATEN = 20, 0.9
BASES_ARE_LARGER = "A pretrained base may have `layers.Resizing` before it."


def _garments() -> Exam:
    known = drawn("fashion_mnist", LEARNT_FROM, size=SIZE)
    return Exam("garments", known, drawn("fashion_mnist", ASKED, OTHERS, SIZE), BEATEN)


def stops_below(answer: Callable) -> str:
    """Examine a function from a goal to a callback that stops below this validation loss."""
    goal = 0.8
    callback = _callback_of(answer, goal)
    # By hand: (training loss, validation loss), and whether it has to stop.
    for loss, validation, stops in ((2.0, 1.5, False), (0.1, 1.5, False), (1.5, 0.1, True)):
        values = (validation < goal, loss, validation < goal, validation)
        stopped = _asked(callback, dict(zip(METRICS, map(float, values), strict=True)))
        if stopped != stops:
            return _wrong(stopped, loss, validation, goal)
    return _trained_with(answer, goal)


def _callback_of(answer: Callable, goal: float) -> keras.callbacks.Callback:
    callback = tried(answer, goal)
    if not isinstance(callback, keras.callbacks.Callback):
        raise NotYet(f"Your function gives {shown(callback)}, where a Keras callback is expected.")
    return callback


def _asked(callback: keras.callbacks.Callback, logs: dict[str, float]) -> bool:
    """Return whether a callback stops a training after an epoch with these metrics."""
    model = SimpleNamespace(stop_training=False)
    try:
        callback.set_model(model)
        callback.on_epoch_end(0, logs)
    except Exception as error:
        unknown = isinstance(error, (KeyError, TypeError))
        there = f" The metrics are called {', '.join(METRICS)}." if unknown else ""
        raise NotYet(f"After an epoch it stopped with {described(error)}.{there}") from None
    return bool(model.stop_training)


def _wrong(stopped: bool, loss: float, validation: float, goal: float) -> str:
    after = (
        f"With the goal {goal}, after an epoch with loss {loss} and validation loss {validation}"
    )
    if stopped and loss < goal:
        return f"{after} it stops: it looks at the training loss, which falls by memorising, too."
    if stopped:
        return f"{after} it stops, although the validation loss is above the goal."
    return (
        f"{after} the training goes on. Do you compare the right way round, and is it the "
        "*model's* `stop_training` that becomes True?"
    )


def _trained_with(answer: Callable, goal: float) -> str:
    """Train a small network with the callback, and return what is wrong with its end."""
    callback = _callback_of(answer, goal)
    network = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Rescaling(1 / 255),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )
    network.compile(
        keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    garments, training = _garments(), Training("With your callback")
    history = training.fit(
        network, *garments.known, 25, validation_data=garments.new, callbacks=[callback]
    )
    losses = history["val_loss"]
    training.say(f"stopped after epoch {len(losses)}, validation loss {losses[-1]:.3f}")
    early = [number for number, loss in enumerate(losses[:-1], 1) if loss < goal]
    if early:
        return (
            f"A real training went on after epoch {early[0]}, whose validation loss was below the "
            "goal."
        )
    if losses[-1] >= goal:
        return f"A real training ended above the goal, at a validation loss of {losses[-1]:.2f}."
    return ""


def garments_from_empty(answer: Callable) -> str:
    """Examine a network for ten garments by training it."""
    network = network_of(answer, SIZE, classes=CLASSES, advice=BASES_ARE_LARGER)
    if problem := no_probabilities(network):
        return problem
    garments, training = _garments(), Training("From an empty cell")
    training.fit(network, *garments.known, PASSES)
    return training.judge(
        network,
        garments,
        "It has not learnt enough yet: are the pixels scaled once, is the rate about 0.001, is the "
        "network small enough for a minute?",
        "It memorises. Give the dense layer fewer numbers, by more pooling or by an average of "
        "each map.",
    )
