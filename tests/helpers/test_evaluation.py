"""Accuracy, interval, confusion and mistakes on answers that are known."""

import keras
import numpy as np
import pytest

from helpers import evaluation
from helpers.data.pictures import Pictures, plain_batches
from helpers.evaluation import (
    Scores,
    accuracy_interval,
    errors_removed,
    evaluate,
    exact_paired_test,
    paired_difference,
    score,
)
from helpers.intervals import share_interval, told

CLASSES = ("paper", "rock", "scissors")


@pytest.fixture
def scores():
    probabilities = np.array(
        [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.9, 0.05, 0.05], [0.1, 0.5, 0.4]], np.float32
    )
    return Scores(probabilities, np.array([0, 1, 2, 2], np.int32), CLASSES)


def test_wilsons_interval_of_a_textbook_case():
    """8 of 10 give 0.490 to 0.943 (Agresti and Coull, 1998, and many calculators)."""
    low, high = accuracy_interval(8, 10)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)


def test_the_interval_stays_within_0_and_1_and_shrinks():
    assert accuracy_interval(372, 372)[1] == 1.0
    assert accuracy_interval(0, 5)[0] == 0.0
    wide, narrow = accuracy_interval(9, 10), accuracy_interval(900, 1000)
    assert narrow[1] - narrow[0] < wide[1] - wide[0]


def test_frames_of_a_film_count_less_than_pictures():
    films = np.repeat(np.arange(12), 31)
    right = films > 0  # one film of twelve is wrong, all its frames
    low, high = share_interval(told(right, films))
    assert low < 0.80 < accuracy_interval(right.sum(), len(right))[0] and high < 1.0
    alone = share_interval(told(np.arange(372) > 30, np.arange(372)))  # each picture its own group
    assert alone == pytest.approx(accuracy_interval(341, 372), abs=0.01)


def test_pictures_of_films_are_judged_by_films():
    images = np.zeros((6, 4, 4, 3), np.uint8)
    names = tuple(f"paper/film{film}-{frame}.png" for film in "ab" for frame in range(3))
    of_films = Pictures(images, np.zeros(6, np.int32), names, CLASSES)
    judged = evaluate(brightness_model(), of_films)
    assert judged.interval == accuracy_interval(2, 2)
    assert "6 of 6 right, 95 % interval of 2 groups" in str(judged)
    alone = Pictures(images, np.zeros(6, np.int32), tuple("abcdef"), CLASSES)
    assert evaluate(brightness_model(), alone).interval == accuracy_interval(6, 6)


def test_accuracy_confusion_and_order_of_mistakes(scores):
    assert scores.accuracy == 0.5
    assert scores.confusion.tolist() == [[1, 0, 0], [0, 1, 0], [1, 1, 0]]
    assert scores.worst_first().tolist() == [2, 3, 1, 0]
    assert str(scores).startswith("0.5000 (2 of 4 right, 95 % interval 0.150 to 0.850)")


def scores_of(*rows: tuple[int, int]) -> Scores:
    """Scores of (label, answer) pairs of two classes."""
    labels, answers = np.array(rows).T
    return Scores(np.eye(2, dtype=np.float32)[answers], labels.astype(np.int32), ("cat", "dog"))


def test_a_paired_difference_rests_on_the_pictures_that_one_gets_right():
    """Agresti (2013), table 11.1: 944 and 880 of 1,600 approve; they differ by 0.04."""
    both, only_first, only_second, neither = 794, 150, 86, 570
    first = [(0, 0)] * (both + only_first) + [(0, 1)] * (only_second + neither)
    second = [(0, 0)] * both + [(0, 1)] * only_first + [(0, 0)] * only_second + [(0, 1)] * neither
    difference, low, high = paired_difference(scores_of(*first), scores_of(*second))
    assert difference == pytest.approx(0.04)
    assert (low, high) == pytest.approx((0.0213, 0.0587), abs=5e-4)


def test_a_paired_difference_reaches_no_further_than_1():
    *rows, last = [(1, 1)] * 10
    _, _, high = paired_difference(scores_of(*rows, last), scores_of(*[(1, 0)] * 9, last))
    assert high == 1.0


def test_a_network_does_not_differ_from_itself(scores):
    difference, low, high = paired_difference(scores, scores)
    assert difference == 0 and low == -high < 0  # of four pictures, who knows


def test_films_are_compared_by_films():
    """Five films to one for the first network: many frames, six tosses of a coin."""
    films = np.repeat(np.arange(6), 10)
    labels = np.zeros(60, np.int32)
    answers = [np.zeros(60, int), (films < 5).astype(int)]
    first, second = (Scores(np.eye(3)[each], labels, CLASSES, films) for each in answers)
    assert exact_paired_test(first, second) == (50, 0, pytest.approx(1 / 16))
    assert first.measured.right == " ".join(["10/10"] * 6)
    assert first.measured[1:4] == (*first.interval, 60)


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [(4, 0, 0.125), (0, 4, 0.125), (5, 5, 1.0), (150, 86, 3.7e-5), (0, 0, 1.0)],
)
def test_the_exact_test_is_that_of_fair_coins(only_first, only_second, p):
    """4 against 0: two sequences of sixteen are as uneven."""
    first = [(0, 0)] * (9 + only_first) + [(0, 1)] * (only_second + 3)
    second = [(0, 0)] * 9 + [(0, 1)] * only_first + [(0, 0)] * only_second + [(0, 1)] * 3
    found = exact_paired_test(scores_of(*first), scores_of(*second))
    assert found == (only_first, only_second, pytest.approx(p, rel=0.05))


@pytest.mark.parametrize("compare", [paired_difference, exact_paired_test])
def test_scores_of_different_pictures_are_not_compared(scores, compare):
    with pytest.raises(ValueError, match=r"classified different pictures \(4 and 2\)"):
        compare(scores, scores_of((0, 0), (1, 1)))


def test_log_loss_is_that_of_keras(scores):
    expected = keras.losses.SparseCategoricalCrossentropy()(scores.labels, scores.probabilities)
    assert scores.log_loss == pytest.approx(float(expected), rel=1e-5)
    certain = Scores(np.array([[1.0, 0.0]], np.float32), np.array([1]), ("cat", "dog"))
    assert certain.log_loss == pytest.approx(-np.log(1e-7))


def brightness_model() -> keras.Model:
    """Say `rock` of bright pictures and `paper` of dark ones."""
    inputs = keras.Input((4, 4, 3))
    mean = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(inputs))
    answer = keras.layers.Dense(3, "softmax")
    model = keras.Model(inputs, answer(mean))
    kernel = np.tile([[-20.0, 20.0, -50.0]], (3, 1))
    answer.set_weights([kernel, np.array([30.0, -30.0, 0.0])])
    return model


def test_errors_removed_is_a_share_of_the_references_errors():
    def with_errors(number, total=20):
        predicted = np.eye(3, dtype=np.float32)[[1] * number + [0] * (total - number)]
        return Scores(predicted, np.zeros(total, np.int32), CLASSES)

    assert errors_removed(with_errors(1), with_errors(4)) == pytest.approx(0.75)
    assert errors_removed(with_errors(6), with_errors(4)) == pytest.approx(-0.5)
    assert errors_removed(with_errors(2, total=40), with_errors(4)) == pytest.approx(0.75)
    assert np.isnan(errors_removed(with_errors(1), with_errors(0)))


def test_evaluation_runs_over_all_batches(monkeypatch):
    monkeypatch.setattr(evaluation, "AT_ONCE", 2)
    images = np.zeros((7, 4, 4, 3), np.uint8)
    images[3:] = 255
    pictures = Pictures(images, np.array([0, 0, 0, 1, 1, 1, 0], np.int32), ("x",) * 7, CLASSES)
    scores = evaluate(brightness_model(), pictures)
    assert scores.predictions.tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert scores.accuracy == pytest.approx(6 / 7)


def test_pictures_of_another_size_are_refused():
    pictures = Pictures(np.zeros((1, 5, 5, 3), np.uint8), np.zeros(1, np.int32), ("x",), CLASSES)
    with pytest.raises(ValueError, match=r"takes pictures of shape \(4, 4, 3\)"):
        evaluate(brightness_model(), pictures)


def test_a_network_for_pictures_of_any_size_takes_them_as_they_are():
    model = keras.Sequential(
        [
            keras.Input((None, None, 3)),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, "softmax"),
        ]
    )
    pictures = Pictures(
        np.zeros((3, 8, 8, 3), np.uint8), np.zeros(3, np.int32), ("x",) * 3, ("a", "b")
    )
    assert len(evaluate(model, pictures)) == 3


def test_smaller_pictures_are_enlarged_to_the_networks_size():
    images = np.full((2, 2, 2, 3), 255, np.uint8)
    images[0] = 0
    small = Pictures(images, np.array([0, 1], np.int32), ("x",) * 2, CLASSES)
    assert evaluate(brightness_model(), small).accuracy == 1.0


def test_ready_batches_are_scored_like_their_pictures():
    images = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 3)).astype(np.uint8)
    pictures = Pictures(images, np.array([0, 1, 2, 1, 0], np.int32), ("x",) * 5, CLASSES)
    model = brightness_model()
    from_batches = score(model, plain_batches(pictures, 2), CLASSES)
    whole = evaluate(model, pictures)
    np.testing.assert_allclose(from_batches.probabilities, whole.probabilities, atol=1e-6)
    assert from_batches.labels.tolist() == [0, 1, 2, 1, 0]
