"""Training with one live line of progress, and a history that tells accuracy, loss and time."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf

from helpers.callbacks import ProgressLine
from helpers.data.pictures import Pictures, plain_batches
from helpers.messages import WithoutTraceback

# Small pictures, 16 at a time, would take four times as long to watch; the network runs in a graph
# here, which gives each layer's output back.
WATCHED_AT_ONCE = 64


class TrainingStopped(WithoutTraceback, KeyboardInterrupt):
    """Somebody interrupted a training; a notebook shows the sentence, without Keras's calls."""


def train(
    model: keras.Model,
    batches: tf.data.Dataset,
    epochs: int,
    steps: int,
    watched: Pictures | tf.data.Dataset | None = None,
    name: str = "Training",
    averaged: bool = False,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> dict[str, list[float]]:
    """Train a compiled model, with one line on the page that follows it.

    Args:
        model: compiled with the metric "accuracy" and a loss on integer labels.
        batches: endless batches, see `pictures.training_batches`.
        epochs: passes after which the watched pictures are classified.
        steps: batches an epoch.
        watched: pictures whose accuracy is followed, as `val_accuracy` and `val_loss`, enlarged
            where the model takes larger ones; or ready batches of (inputs, labels), once through.
        name: stands at the head of the line.
        averaged: the optimizer keeps an average of the weights (`use_ema=True`): watch the
            average, and leave it in the model at the end.
        callbacks: further ones, such as one that stops early.

    Returns:
        The history: lists with one value an epoch, `accuracy`, `loss`, `seconds` since the start,
        and with watched pictures `val_accuracy` and `val_loss`.

    Raises:
        TrainingStopped: the training was interrupted.
    """
    own = [ProgressLine(name)]
    if averaged:
        own = [keras.callbacks.SwapEMAWeights(swap_on_epoch=True), KeepAverage(), *own]
    if isinstance(watched, Pictures):
        watched = plain_batches(watched, WATCHED_AT_ONCE, model.input_shape[1])
    try:
        history = model.fit(
            batches,
            epochs=epochs,
            steps_per_epoch=steps,
            validation_data=watched,
            callbacks=[*own, *callbacks],
            shuffle=False,  # the batches come shuffled
            verbose=0,
        )
    except KeyboardInterrupt:
        raise TrainingStopped(
            f"{name} was stopped. Its network is half trained: to train it anew, run the cell that "
            "makes it, then this one."
        ) from None
    return history.history


def compile_with_decay(
    model: keras.Model, steps: int, learning_rate: float = 0.003, average_over: int = 50
) -> None:
    """Compile a classifier for a training of known length that comes to rest at its end.

    AdamW; the rate rises over the first tenth of the steps, then falls along a cosine to zero; an
    exponential average of the weights is kept (train with `averaged=True`).

    Args:
        model: ends in probabilities.
        steps: batches of the whole training.
        learning_rate: the highest rate.
        average_over: about how many steps the average reaches back, 2 or more, and at most half
            of the training: a long one is calm, but begins with the weights that the model has now.

    Source: I. Loshchilov, F. Hutter (2017), SGDR: Stochastic Gradient Descent with Warm Restarts;
        (2019) Decoupled Weight Decay Regularization.
    """
    rising = max(steps // 10, 1)
    schedule = keras.optimizers.schedules.CosineDecay(
        learning_rate / 10, max(steps - rising, 1), warmup_target=learning_rate, warmup_steps=rising
    )
    momentum = 1 - 1 / max(min(average_over, steps // 2), 2)
    optimizer = keras.optimizers.AdamW(
        schedule, weight_decay=1e-3, use_ema=True, ema_momentum=momentum
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])


class KeepAverage(keras.callbacks.Callback):
    """Leave the last epoch's averaged weights in the model, also where training ends early.

    Keras does so only after the last of all epochs. Stands after `SwapEMAWeights`, and before a
    callback that restores the weights of its own choice at the end.
    """

    def on_epoch_end(self, epoch, logs=None):
        self.kept = self.model.get_weights()

    def on_train_end(self, logs=None):
        self.model.set_weights(self.kept)
