"""A real, tiny training: history, averaged weights, decaying rate."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from helpers.data.pictures import Pictures, plain_batches, training_batches
from helpers.training import compile_with_decay, train


@pytest.fixture
def pictures():
    """Dark pictures of class 0, bright ones of class 1."""
    random = np.random.default_rng(0)
    labels = np.arange(40, dtype=np.int32) % 2
    images = random.integers(0, 60, (40, 8, 8, 3)) + 150 * labels[:, None, None, None]
    return Pictures(images.astype(np.uint8), labels, ("x",) * 40, ("dark", "bright"))


def tiny_model() -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, "softmax"),
        ]
    )


def test_training_learns_and_tells_its_history(pictures, capsys):
    model = tiny_model()
    compile_with_decay(model, steps=60, learning_rate=0.3)
    history = train(model, training_batches(pictures, 8, 0), 6, 10, pictures, "Tiny", averaged=True)
    assert history["val_accuracy"][-1] == 1.0
    assert set(history) == {"accuracy", "loss", "val_accuracy", "val_loss", "seconds"}
    assert all(len(values) == 6 for values in history.values())
    assert np.all(np.diff(history["seconds"]) > 0)
    assert "epoch 6/6" in capsys.readouterr().out


def test_ready_batches_and_smaller_pictures_can_be_watched(pictures):
    model = tiny_model()
    compile_with_decay(model, steps=60, learning_rate=0.3)
    smaller = replace(pictures, images=pictures.images[:, ::2, ::2])
    training = training_batches(pictures, 8, 0)
    from_small = train(model, training, 6, 10, smaller)["val_accuracy"]
    from_batches = train(model, training, 1, 1, plain_batches(pictures))["val_accuracy"]
    assert from_small[-1] == from_batches[-1] == 1.0


def test_a_callback_of_ones_own_can_stop_a_training(pictures):
    model = tiny_model()
    compile_with_decay(model, steps=60, learning_rate=0.3)
    stop = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: setattr(model, "stop_training", epoch == 1)
    )
    history = train(model, training_batches(pictures, 8, 0), 6, 10, callbacks=[stop])
    assert len(history["accuracy"]) == 2


def test_the_watched_average_is_what_stays_in_the_model(pictures):
    model = tiny_model()
    compile_with_decay(model, steps=20, learning_rate=0.3)
    history = train(model, training_batches(pictures, 8, 0), 2, 10, pictures, averaged=True)
    images, labels = pictures.images.astype(np.float32), pictures.labels
    loss, accuracy = model.evaluate(images, labels, verbose=0)
    assert loss == pytest.approx(history["val_loss"][-1], abs=1e-5)
    assert accuracy == history["val_accuracy"][-1]


@pytest.mark.parametrize("restored", [False, True])
def test_a_training_that_stops_early_leaves_its_average_too(pictures, restored):
    model = tiny_model()
    compile_with_decay(model, steps=60, learning_rate=0.3)
    # A loss cannot fall by 10, so training stops after its second epoch; the first was the best.
    stop = keras.callbacks.EarlyStopping("val_loss", 10, 1, restore_best_weights=restored)
    batches = training_batches(pictures, 8, 0)
    history = train(model, batches, 6, 10, pictures, averaged=True, callbacks=[stop])
    loss, _ = model.evaluate(pictures.images.astype(np.float32), pictures.labels, verbose=0)
    assert len(history["val_loss"]) == 2
    assert loss == pytest.approx(history["val_loss"][0 if restored else 1], abs=1e-5)


def test_a_long_average_follows_slowly(pictures):
    moved = {}
    for average_over in (2, 100):
        model = tiny_model()
        before = np.array(model.layers[-1].kernel)
        compile_with_decay(model, steps=200, learning_rate=0.3, average_over=average_over)
        train(model, training_batches(pictures, 8, 0), 1, 20, averaged=True)
        moved[average_over] = np.abs(np.array(model.layers[-1].kernel) - before).mean()
    assert moved[100] < moved[2] / 3


def test_an_average_reaches_no_further_back_than_half_of_the_training():
    model = tiny_model()
    compile_with_decay(model, steps=20, average_over=100)
    assert model.optimizer.ema_momentum == pytest.approx(0.9)


def test_the_rate_rises_then_falls_to_zero():
    model = tiny_model()
    compile_with_decay(model, steps=100, learning_rate=0.01)
    schedule = model.optimizer._learning_rate
    rates = [float(schedule(step)) for step in range(101)]
    assert rates[0] == pytest.approx(0.001)
    assert np.argmax(rates) == 10 and max(rates) == pytest.approx(0.01)
    assert rates[100] == pytest.approx(0, abs=1e-6)
    assert np.all(np.diff(rates[10:]) < 0)


def test_an_interrupted_training_is_told_in_one_sentence(pictures):
    def interrupt(epoch, logs):
        raise KeyboardInterrupt

    model = tiny_model()
    compile_with_decay(model, steps=60)
    interrupted = keras.callbacks.LambdaCallback(on_epoch_end=interrupt)
    with pytest.raises(KeyboardInterrupt, match=r"Tiny was stopped.*makes it") as error:
        train(model, training_batches(pictures, 8, 0), 6, 10, name="Tiny", callbacks=[interrupted])
    assert error.value._render_traceback_() == [f"TrainingStopped: {error.value}"]
    assert error.value.__suppress_context__
