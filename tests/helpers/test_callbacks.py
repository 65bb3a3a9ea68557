"""A real, tiny `fit` with the course's callbacks."""

import keras
import numpy as np

from helpers.callbacks import ProgressLine


def test_one_line_follows_the_training_and_the_history_gets_the_time(capsys):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    data = np.eye(3, dtype=np.float32), np.array([0, 1, 1])
    line = ProgressLine("Tiny")
    history = model.fit(*data, epochs=3, validation_data=data, callbacks=[line], verbose=0).history
    assert len(history["seconds"]) == 3 and np.all(np.diff(history["seconds"]) > 0)
    said = capsys.readouterr().out
    assert "Tiny: starting" in said and "Tiny: epoch 3/3 | training accuracy" in said
    assert "validation accuracy" in said and "left" not in said.splitlines()[-1]
