"""A real, tiny `fit` with the course's callbacks."""

import re

import keras
import numpy as np
import pytest

from helpers.callbacks import ProgressLine


def tiny(loss: str, metrics: list[str] | None) -> keras.Sequential:
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])
    network.compile("sgd", loss, metrics=metrics)
    return network


def test_one_line_follows_the_training_and_the_history_gets_the_time(capsys):
    model = tiny("sparse_categorical_crossentropy", ["accuracy"])
    data = np.eye(3, dtype=np.float32), np.array([0, 1, 1])
    line = ProgressLine("Tiny")
    history = model.fit(*data, epochs=3, validation_data=data, callbacks=[line], verbose=0).history
    assert len(history["seconds"]) == 3 and np.all(np.diff(history["seconds"]) > 0)
    said = capsys.readouterr().out
    assert "Tiny: starting" in said and "Tiny: epoch 3/3 | training accuracy" in said
    assert "validation accuracy" in said and "left" not in said.splitlines()[-1]


def test_a_training_that_was_stopped_says_so_and_counts_no_time_left(capsys):
    model = tiny("sparse_categorical_crossentropy", ["accuracy"])
    stopping = keras.callbacks.EarlyStopping("accuracy", min_delta=2, patience=1)
    data, callbacks = (np.eye(3), np.array([0, 1, 1])), [stopping, ProgressLine("Tiny")]
    model.fit(*data, epochs=9, callbacks=callbacks, verbose=0)
    last = capsys.readouterr().out.splitlines()[-1]
    assert "Tiny: epoch 2/9, stopped here | training accuracy" in last
    assert "left" not in last


@pytest.mark.parametrize("metrics", [None, ["mse"]])
def test_a_training_that_watches_no_accuracy_is_shown_by_its_loss(capsys, metrics):
    model = tiny("categorical_crossentropy", metrics)
    model.fit(np.eye(3), np.eye(3)[:, :2], epochs=2, callbacks=[ProgressLine("Tiny")], verbose=0)
    assert re.search(r"Tiny: epoch 2/2 \| training loss \d\.\d{3} \| ", capsys.readouterr().out)


class Counting(keras.layers.Layer):
    """Passes everything on, and counts how often it is traced."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def call(self, values):
        self.calls += 1
        return values


def train(loss, units: int, labels: np.ndarray, callbacks: list) -> tuple[int, keras.Model, dict]:
    """Train for two epochs; return the traces that it took, the network and its history."""
    keras.utils.set_random_seed(0)
    counting, activation = Counting(), "softmax" if units > 1 else "sigmoid"
    layers = [keras.Input((3,)), counting, keras.layers.Dense(units, activation=activation)]
    network = keras.Sequential(layers)
    network.compile(keras.optimizers.AdamW(use_ema=True), loss, metrics=["accuracy"])
    before = counting.calls
    images = np.eye(3, dtype=np.float32)
    fitted = network.fit(images, labels, epochs=2, callbacks=callbacks, verbose=0)
    return counting.calls - before, network, fitted.history


@pytest.mark.parametrize(
    ("loss", "units", "labels"),
    [
        ("sparse_categorical_crossentropy", 2, np.array([0, 1, 1])),
        (keras.losses.SparseCategoricalCrossentropy(), 2, np.array([[0], [1], [1]])),
        ("categorical_crossentropy", 2, np.eye(2)[[0, 1, 1]]),
        ("binary_crossentropy", 1, np.array([0, 1, 1])),
        ("mean_squared_error", 2, np.eye(2)[[0, 1, 1]]),
    ],
    ids=["name", "object", "one-hot labels", "two classes", "another"],
)
def test_the_first_step_is_traced_once_and_nothing_else_is_learnt(loss, units, labels, monkeypatch):
    monkeypatch.undo()  # the quick start that all tests have
    twice, plain, plain_history = train(loss, units, labels, [])
    once, quick, history = train(loss, units, labels, [ProgressLine("Tiny")])
    assert (once, twice) == (2 if loss == "mean_squared_error" else 1, 2)
    assert history.items() >= plain_history.items()  # losses and accuracies of both epochs
    for one, other in zip(plain.get_weights(), quick.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_network_without_a_shape_trains_as_ever(monkeypatch):
    monkeypatch.undo()
    network = keras.Sequential([keras.layers.Dense(2, activation="softmax")])
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    line = ProgressLine("Tiny")
    network.fit(np.eye(3), np.array([0, 1, 1]), callbacks=[line], verbose=0)
    assert network.built and network.optimizer.iterations == 1
