"""Judging a network: accuracy with its interval, the confusion matrix, the worst mistakes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import keras
import numpy as np
import tensorflow as tf
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix

from helpers import intervals
from helpers.data.pictures import AT_ONCE, Pictures, plain_batches
from helpers.results import Measured


def accuracy_interval(correct: int, total: int) -> tuple[float, float]:
    """Return Wilson's score interval of an accuracy, of 95 %: (low, high), both 0 to 1.

    `correct` of `total` pictures, at least 1, were classified correctly. They are independent: for
    frames of films, see `intervals.share_interval`.

    Source: E. B. Wilson (1927), Probable inference, the law of succession, and statistical
        inference.
    """
    interval = binomtest(int(correct), int(total)).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def paired_difference(first: Scores, second: Scores) -> tuple[float, float, float]:
    """Return by how much the first network is more accurate than the second, with its interval.

    Both have classified the same pictures in the same order (else ValueError), so only those count
    that one of them gets right and the other wrong; where pictures come in groups, the groups.

    Returns:
        (difference, low, high) of the accuracies, each -1 to 1; the interval of 95 %, see
        `intervals.difference_interval`.
    """
    _check_same_pictures(first, second)
    return first.accuracy - second.accuracy, *intervals.difference_interval(first.told, second.told)


def exact_paired_test(first: Scores, second: Scores) -> intervals.PairedTest:
    """Ask whether two networks differ by more than chance: McNemar's exact test.

    Both have classified the same pictures in the same order (else ValueError). Where these come in
    groups, whole groups count, see `intervals.sign_test`.
    """
    _check_same_pictures(first, second)
    only = [int((a.right & ~b.right).sum()) for a, b in ((first, second), (second, first))]
    return intervals.PairedTest(*only, intervals.sign_test(first.told, second.told))


def _check_same_pictures(first: Scores, second: Scores) -> None:
    if not np.array_equal(first.labels, second.labels):
        raise ValueError(
            f"The two networks classified different pictures ({len(first)} and {len(second)}); "
            "evaluate both on the same ones, in the same order."
        )


def errors_removed(scores: Scores, reference: Scores) -> float:
    """Return the share of the reference's errors that is gone.

    Where accuracies are high, it tells more than their difference: 1 where no error is left, 0
    where there are as many, below 0 where there are more; NaN where the reference has made none.
    """
    before, now = ((~each.right).mean() for each in (reference, scores))
    return float(1 - now / before) if before else float("nan")


@dataclass(frozen=True, eq=False)
class Scores:
    """What a network said of a set of pictures.

    Attributes:
        probabilities: float32, shape (n, classes), rows sum to 1.
        labels: int32, shape (n,), the true classes.
        classes: class names in label order.
        groups: what each picture belongs to, such as a film, shape (n,); None where the pictures
            have nothing to do with each other.
    """

    probabilities: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    groups: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def predictions(self) -> np.ndarray:
        """The most probable class of each picture, shape (n,)."""
        return self.probabilities.argmax(axis=1)

    @property
    def right(self) -> np.ndarray:
        """Whether each picture was classified correctly, boolean, shape (n,)."""
        return self.predictions == self.labels

    @property
    def accuracy(self) -> float:
        """Share of pictures classified correctly, 0 to 1."""
        return float(self.right.mean())

    @property
    def told(self) -> intervals.Told:
        """The pictures classified correctly, by group."""
        return intervals.told(self.right, self.groups)

    @property
    def measured(self) -> Measured:
        """The accuracy for a record, with its interval and what was right."""
        return Measured(self.accuracy, *self.interval, len(self), str(self.told))

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the accuracy, of the groups where there are any, else of pictures."""
        if self.groups is not None:
            return intervals.share_interval(self.told)
        return accuracy_interval(self.right.sum(), len(self))

    @property
    def log_loss(self) -> float:
        """Mean negative logarithm of the true class's probability, the cross-entropy.

        0 for one who is always sure and right, 0.69 for one who always says fifty-fifty; who is
        sure and wrong pays most. Probabilities count as 1e-7 at least; `evaluate` of a Keras
        network computes from its logits, without such a limit, and may be higher.
        """
        true = self.probabilities[np.arange(len(self)), self.labels].astype(np.float64)
        return float(-np.log(np.clip(true, 1e-7, 1)).mean())

    @property
    def confusion(self) -> np.ndarray:
        """Counts, shape (classes, classes): rows are true classes, columns predicted ones."""
        return confusion_matrix(self.labels, self.predictions, labels=range(len(self.classes)))

    def worst_first(self) -> np.ndarray:
        """Positions of all pictures, the least probability of the true class first, shape (n,)."""
        return self.probabilities[np.arange(len(self)), self.labels].argsort(kind="stable")

    def __str__(self) -> str:
        low, high = self.interval
        of = "" if self.groups is None else f" of {len(np.unique(self.groups))} groups"
        return (
            f"{self.accuracy:.4f} ({self.right.sum()} of {len(self)} right, "
            f"95 % interval{of} {low:.3f} to {high:.3f})"
        )


def evaluate(model: keras.Model, pictures: Pictures) -> Scores:
    """Let a network classify pictures.

    Args:
        model: takes pixels (batch, size, size, 3), 0 to 255, of one size or of any; answers as
            `score` expects.
        pictures: pictures of the size that the model takes, or smaller: those are enlarged.

    Raises:
        ValueError: the pictures are larger than the model's, or have other channels.
    """
    expected, found = tuple(model.input_shape[1:]), pictures.images.shape[1:]
    too_large = expected[0] is not None and found[0] > expected[0]
    if expected[2] != found[2] or too_large:
        raise ValueError(
            f"The network takes pictures of shape {expected}, these are {found}; "
            "load them with the network's size."
        )
    scores = score(model, plain_batches(pictures, size=expected[0]), pictures.classes)
    return replace(scores, groups=counted_groups(pictures.groups))


def counted_groups(groups: np.ndarray) -> np.ndarray | None:
    """Return groups, shape (n,), if an interval can count by them; None of one, or of one each."""
    return groups if 1 < len(np.unique(groups)) < len(groups) else None


def score(model: keras.Model, batches: tf.data.Dataset, classes: tuple[str, ...]) -> Scores:
    """Let a network, or its upper part, classify ready batches.

    Args:
        model: takes what the batches hold; returns probabilities (batch, classes), or of two
            classes that of the second, (batch, 1).
        batches: of (inputs, integer labels), once through, such as `pictures.plain_batches` or
            `activations.plain_activations`.
        classes: class names in label order.
    """
    batches = batches.rebatch(AT_ONCE)
    answers = [(np.asarray(model(inputs)), np.asarray(labels)) for inputs, labels in batches]
    probabilities, labels = (np.concatenate(parts) for parts in zip(*answers, strict=True))
    if probabilities.shape[1] == 1:
        probabilities = np.hstack([1 - probabilities, probabilities])
    return Scores(probabilities.astype(np.float32), labels, tuple(classes))
