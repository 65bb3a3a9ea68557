"""Activations: the same sums as end to end, computed once, found again, kept within bounds."""

import json
import mmap
import os
import tempfile
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import psutil
import pytest
import tensorflow as tf
from kept import first_copy
from keras import layers

from helpers import activations as module
from helpers.activations import (
    activation_batches,
    activation_key,
    compute_activations,
    plain_activations,
)
from helpers.augmentation import RandomAffine
from helpers.data.pictures import Pictures, plain_batches, training_batches

CLASSES = ("circle", "square", "star")
AUGMENT = RandomAffine(rotation=20, horizontal_flip=True)


class Counter(layers.Layer):
    """Hands its input on, counts the blocks that pass, and breaks down at one of them."""

    blocks, breaks_at = 0, 0

    def call(self, inputs):
        def count(values):
            Counter.blocks += 1
            if Counter.blocks == Counter.breaks_at:
                raise KeyboardInterrupt("killed")
            return values

        outputs = tf.numpy_function(count, [inputs], inputs.dtype)
        outputs.set_shape(inputs.shape)
        return outputs

    def compute_output_spec(self, inputs):
        return keras.KerasTensor(inputs.shape, inputs.dtype)


@pytest.fixture(autouse=True)
def counter(monkeypatch):
    """Count from zero, and leave float32 behind."""
    monkeypatch.setattr(Counter, "blocks", 0)
    monkeypatch.setattr(Counter, "breaks_at", 0)
    yield Counter
    keras.config.set_dtype_policy("float32")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "activations"


@pytest.fixture(scope="module")
def pictures():
    """70 drawn pictures of random colours, in three blocks."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (70, 32, 32, 3), np.uint8)
    labels = (images.mean((1, 2)).argmax(-1)).astype(np.int32)
    names = tuple(f"{CLASSES[label]}/{number:03}.png" for number, label in enumerate(labels))
    return Pictures(images, labels, names, CLASSES)


def make_lower(maps=4, activation="relu", watched=False, pooled=False, seed=0, **names):
    """Two convolutions with batch normalisation, whose moving averages are not those at birth."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((32, 32, 3), name=names.get("pixels"))
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.Conv2D(maps, 3, strides=2, activation=activation, name=names.get("conv"))(x)
    norm = layers.BatchNormalization()
    x = layers.MaxPooling2D(2)(norm(x))
    x = layers.Conv2D(4, 3, activation="relu")(x)
    if pooled:
        x = layers.GlobalAveragePooling2D()(x)
    if watched:
        x = Counter()(x)
    norm.moving_mean.assign(np.linspace(0, 0.3, maps))
    norm.moving_variance.assign(np.linspace(0.5, 1.5, maps))
    return keras.Model(inputs, x)


def make_upper(shape=(5, 5, 4)):
    keras.utils.set_random_seed(1)
    steps = [layers.Flatten(), layers.Dense(8, "relu"), layers.Dense(3, "softmax", dtype="float32")]
    return keras.Sequential([keras.Input(shape), *steps])


def compute(lower, pictures, folder, **settings):
    return compute_activations(lower, pictures, folder=folder, progress=False, **settings)


def files(folder):
    return sorted(folder.iterdir())


def values(copies):
    return [np.asarray(copy).tobytes() for copy in copies]


def test_the_halves_joined_equal_the_whole(pictures, folder):
    lower, upper = make_lower(), make_upper()
    kept = compute(lower, pictures, folder)
    inputs = keras.Input((32, 32, 3))
    joined = keras.Model(inputs, upper(lower(inputs)))
    whole = joined.predict(plain_batches(pictures), verbose=0)
    halves = upper.predict(plain_activations(kept), verbose=0)
    np.testing.assert_allclose(halves, whole, atol=1e-6)
    assert np.std(whole, axis=0).min() > 1e-3, "the pictures must not all look alike"


def test_training_the_head_equals_training_end_to_end_step_for_step(pictures, folder):
    lower = make_lower()
    kept = compute(lower, pictures, folder)

    def train(model, batches, head):
        model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
        after = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: steps.append([w.numpy() for w in head.weights])
        )
        steps = []
        losses = model.fit(batches, epochs=8, steps_per_epoch=1, callbacks=[after], verbose=0)
        return losses.history["loss"], steps

    # Eight batches of 16 go through the 70 pictures more than once.
    head = make_upper()
    born = [weight.numpy() for weight in head.weights]
    losses, steps = train(head, activation_batches(kept, 16, seed=5), head)

    lower.trainable = False
    end_to_end_head = make_upper()
    inputs = keras.Input((32, 32, 3))
    whole = keras.Model(inputs, end_to_end_head(lower(inputs)))
    moving = [weight.numpy() for weight in lower.weights]
    whole_losses, whole_steps = train(
        whole, training_batches(pictures, 16, seed=5), end_to_end_head
    )

    np.testing.assert_allclose(losses, whole_losses, rtol=1e-5)
    assert len(steps) == len(whole_steps) == 8
    for step, whole_step in zip(steps, whole_steps, strict=True):
        for one, other in zip(step, whole_step, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    assert max(np.abs(a - b).max() for a, b in zip(born, steps[-1], strict=True)) > 0.03
    for before, weight in zip(moving, lower.weights, strict=True):
        np.testing.assert_array_equal(before, weight.numpy())


@pytest.mark.parametrize("batch_size", [16, 100])
def test_batches_come_in_the_order_of_the_pictures_batches(pictures, folder, batch_size):
    lower = make_lower(pooled=True)
    kept = compute(lower, pictures, folder)
    halves = activation_batches(kept, batch_size, seed=3).take(9)
    whole = training_batches(pictures, batch_size, seed=3).take(9)
    for (rows, labels), (images, expected) in zip(halves, whole, strict=True):
        np.testing.assert_array_equal(labels, expected)
        np.testing.assert_allclose(rows, lower(images, training=False), atol=1e-6)
        assert labels.dtype == tf.int32


def test_every_pass_takes_a_random_view_of_each_picture_fixed_by_the_seed(pictures, folder):
    kept = compute(make_lower(pooled=True), pictures, folder, copies=3, augment=AUGMENT)
    table = {
        copy[position].tobytes(): (position, number)
        for number, copy in enumerate(kept.copies)
        for position in range(len(kept))
    }

    def seen(seed):
        batches = activation_batches(kept, 35, seed).take(4)  # two passes
        return [table[row.tobytes()] for rows, _ in batches for row in rows.numpy()]

    first, second = seen(0)[:70], seen(0)[70:]
    for one_pass in first, second:
        positions, copies = zip(*one_pass, strict=True)
        assert sorted(positions) == list(range(70))
        assert min(np.bincount(copies, minlength=3)) > 8, "every copy gets its share"
    assert dict(first) != dict(second)
    assert seen(0) == first + second
    assert seen(1) != first + second


def test_plain_activations_come_in_order_once(pictures, folder):
    kept = compute(make_lower(), pictures, folder)
    batches = plain_activations(kept, 32)
    assert batches.cardinality() == 3
    rows, labels = (np.concatenate(part) for part in zip(*batches.as_numpy_iterator(), strict=True))
    np.testing.assert_array_equal(rows, kept.copies[0])
    np.testing.assert_array_equal(labels, pictures.labels)
    assert len(kept) == 70


def test_several_views_are_not_watched(pictures, folder):
    kept = compute(make_lower(), pictures, folder, copies=2, augment=AUGMENT)
    with pytest.raises(ValueError, match="2 copies"):
        plain_activations(kept)


def test_a_view_is_the_same_whatever_their_number_and_more_can_be_had_later(
    pictures, folder, tmp_path
):
    lower = make_lower(watched=True)
    three = compute(lower, pictures, tmp_path / "at once", copies=3, augment=AUGMENT)
    first = compute(lower, pictures, folder, copies=1, augment=AUGMENT)
    Counter.blocks = 0
    more = compute(lower, pictures, folder, copies=3, augment=AUGMENT)
    assert values(more.copies) == values(three.copies)
    assert values(first.copies) == values(three.copies[:1])
    assert len(set(values(three.copies))) == 3
    assert Counter.blocks == 2 * 3 and more.computed == 2
    assert "3 copies of 70 pictures, 5 × 5 × 4 float32 each" in more.line
    assert "1 reused, 2 computed" in more.line


def test_the_views_are_those_of_the_augmented_pictures(pictures, folder):
    few, lower = pictures.select(np.arange(10)), make_lower()
    kept = compute(lower, few, folder, augment=AUGMENT, seed=4)
    expected = lower(first_copy(few, AUGMENT, 4).images, training=False).numpy()
    np.testing.assert_allclose(kept.copies[0], expected, atol=1e-5)
    plain = lower(few.images.astype(np.float32), training=False).numpy()
    assert not np.allclose(plain, expected, atol=1e-2)


def test_a_later_run_computes_nothing(pictures, folder):
    first = compute(make_lower(watched=True), pictures, folder, copies=2, augment=AUGMENT)
    assert Counter.blocks == 6 and "; 2 computed in" in first.line
    again = compute(make_lower(watched=True), pictures, folder, copies=2, augment=AUGMENT)
    assert Counter.blocks == 6 and "; 2 reused in" in again.line
    assert values(again.copies) == values(first.copies)


def test_other_labels_find_the_same_activations(pictures, folder):
    compute(make_lower(watched=True), pictures, folder)
    other = compute(
        make_lower(watched=True), replace(pictures, labels=pictures.labels[::-1]), folder
    )
    assert Counter.blocks == 3
    np.testing.assert_array_equal(other.labels, pictures.labels[::-1])


def _swapped(pictures):
    return pictures.select(np.array([1, 0, *range(2, 70)]))


def _one_pixel(pictures):
    images = pictures.images.copy()
    images[-1, -1, -1, -1] ^= 1
    return replace(pictures, images=images)


def _with_other_weight(lower):
    lower.weights[-1].assign_add([0, 0, 0, 1e-6])
    return lower


def _with_other_average(lower):
    """Moving averages are no trainable weights, but they shape the activations."""
    lower.non_trainable_weights[0].assign_add([1e-6, 0, 0, 0])
    return lower


def _in_precision(policy):
    keras.config.set_dtype_policy(policy)
    return make_lower()


CHANGES = {
    "pixel": lambda p: {"pictures": _one_pixel(p)},
    "order": lambda p: {"pictures": _swapped(p)},
    "fewer pictures": lambda p: {"pictures": p.select(np.arange(69))},
    "size": lambda p: {"size": 16},
    "no augmentation": lambda p: {"augment": None},
    "augmentation setting": lambda p: {"augment": RandomAffine(21, horizontal_flip=True)},
    "augmentation kind": lambda p: {"augment": layers.RandomRotation(0.1)},
    "seed": lambda p: {"seed": 1},
    "trained weight": lambda p: {"lower": _with_other_weight(make_lower())},
    "moving average": lambda p: {"lower": _with_other_average(make_lower())},
    "width": lambda p: {"lower": make_lower(maps=5)},
    "setting without weights": lambda p: {"lower": make_lower(activation="relu6")},
    "cut": lambda p: {"lower": make_lower(pooled=True)},
    "precision": lambda p: {"lower": _in_precision("mixed_bfloat16")},
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_key_changes_with(change, pictures):
    asked = {"lower": make_lower(), "pictures": pictures, "augment": AUGMENT, "seed": 0}
    assert activation_key(**asked) != activation_key(**{**asked, **CHANGES[change](pictures)})


@pytest.mark.parametrize("change", ["keras", "tensorflow", "format", "code"])
def test_the_key_changes_with_versions_and_code(change, pictures, monkeypatch):
    lower = make_lower()
    before = activation_key(lower, pictures, AUGMENT)
    if change == "keras":
        monkeypatch.setattr(keras, "__version__", "3.99.0")
    elif change == "tensorflow":
        monkeypatch.setattr(tf, "__version__", "2.99.0")
    elif change == "format":
        monkeypatch.setattr(module, "FORMAT", 99)
    else:
        monkeypatch.setattr(module, "AUGMENTATION_CODE", "another warp")
    assert activation_key(lower, pictures, AUGMENT) != before


def test_the_key_does_not_change_without_a_reason(pictures):
    frozen = make_lower(conv="first", pixels="in")
    frozen.trainable = False
    frozen.compile("sgd", "mse")
    key = activation_key(make_lower(), pictures, AUGMENT)
    assert activation_key(make_lower(), pictures, AUGMENT) == key, "other automatic names"
    assert activation_key(frozen, pictures, AUGMENT) == key
    same = RandomAffine(rotation=20, horizontal_flip=True, name="turn")
    assert activation_key(make_lower(), replace(pictures, names=("x",) * 70), same) == key
    assert activation_key(make_lower(), pictures, None, 0) == activation_key(
        make_lower(), pictures, None, 1
    ), "nothing is drawn without augmentation"


def test_the_key_follows_the_links_between_layers(pictures):
    def branched(swapped):
        keras.utils.set_random_seed(0)
        inputs = keras.Input((32, 32, 3))
        one = layers.Conv2D(2, 3, name="one")(inputs)
        two = layers.Conv2D(2, 3, name="two")(inputs)
        ordered = [two, one] if swapped else [one, two]
        return keras.Model(inputs, layers.Subtract(name="difference")(ordered))

    def inside(inner):
        return keras.Sequential([keras.Input((32, 32, 3)), inner])

    assert activation_key(branched(True), pictures) != activation_key(branched(False), pictures)
    one, two = inside(branched(False)), inside(branched(True))
    assert activation_key(one, pictures) != activation_key(two, pictures)
    assert activation_key(one, pictures) == activation_key(inside(branched(False)), pictures)


def test_the_key_follows_the_precision_of_layers_without_links(pictures):
    keys = {
        activation_key(
            keras.Sequential([keras.Input((32, 32, 3)), layers.ReLU(dtype=policy)]), pictures
        )
        for policy in ("float32", "mixed_float16", "mixed_bfloat16")
    }
    assert len(keys) == 3


def test_a_layer_named_like_its_setting_hides_no_change(pictures):
    keys = {
        activation_key(
            keras.Sequential([keras.Input((32, 32, 3)), layers.Activation(kind, name=kind)]),
            pictures,
        )
        for kind in ("relu", "elu", "tanh")
    }
    assert len(keys) == 3


def test_what_was_done_before_a_kill_is_not_done_again(pictures, folder):
    lower = make_lower(watched=True)
    whole = compute(lower, pictures, folder / "whole", copies=3, augment=AUGMENT)
    Counter.blocks, Counter.breaks_at = 0, 5  # the middle of the second of three copies
    with pytest.raises(BaseException, match="killed"):
        compute(lower, pictures, folder / "killed", copies=3, augment=AUGMENT)
    (kept,) = files(folder / "killed")
    assert kept.name.endswith("-000.activations")
    Counter.blocks, Counter.breaks_at = 0, 0
    again = compute(lower, pictures, folder / "killed", copies=3, augment=AUGMENT)
    assert Counter.blocks == 6 and again.computed == 2
    assert values(again.copies) == values(whole.copies)


def test_a_file_has_its_name_only_once_it_is_whole(pictures, folder, monkeypatch):
    write, seen = module._write, []

    def look(blocks):
        for block in blocks:
            seen.extend(path.suffix for path in folder.iterdir())
            yield block

    monkeypatch.setattr(module, "_write", lambda path, blocks, bar: write(path, look(blocks), bar))
    compute(make_lower(), pictures, folder)
    assert seen == [".partial"] * 3
    assert [path.suffix for path in files(folder)] == [".activations"]


def test_partial_files_are_cleared_away_once_abandoned(pictures, folder):
    folder.mkdir()
    for name, age in (("old.partial", 7200), ("young.partial", 60), ("old.txt", 7200)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (time.time() - age,) * 2)
    compute(make_lower(), pictures, folder)
    names = {path.name for path in files(folder) if path.suffix != ".activations"}
    assert names == {"young.partial", "old.txt"}


def _cut(content):
    return content[: len(content) // 2]


def _flip(content):
    return content[:1000] + bytes([content[1000] ^ 1]) + content[1001:]


@pytest.mark.parametrize(
    "damage", [_cut, _flip, lambda content: b"", lambda content: content + b"more"]
)
def test_a_damaged_file_is_computed_again_and_one_line_says_so(damage, pictures, folder, capsys):
    lower = make_lower(watched=True)
    first = values(compute(lower, pictures, folder).copies)
    (path,) = files(folder)
    content = path.read_bytes()
    path.unlink()  # the mapped file itself stays as it is
    path.write_bytes(damage(content))
    again = compute(lower, pictures, folder)
    assert capsys.readouterr().out == (
        f"The kept activations {path.name} are damaged: computing them anew.\n"
    )
    assert Counter.blocks == 6 and again.computed == 1
    assert values(again.copies) == first
    assert files(folder) == [path] and path.read_bytes() == content


def test_another_files_values_are_not_trusted(pictures, folder):
    lower = make_lower(watched=True)
    kept = compute(lower, pictures, folder, copies=2, augment=AUGMENT)
    expected = values(kept.copies)
    first, second = files(folder)
    content = second.read_bytes()
    first.unlink()
    first.write_bytes(content)
    again = compute(lower, pictures, folder, copies=2, augment=AUGMENT)
    assert again.computed == 1 and values(again.copies) == expected


def test_no_changed_byte_of_a_file_is_trusted(pictures, folder):
    lower = make_lower(pooled=True, watched=True)
    compute(lower, pictures.select(np.arange(2)), folder)
    (path,) = files(folder)
    content = path.read_bytes()
    assert module._read(path, (2, 4), np.dtype(np.float32)) is not None
    for place in range(len(content)):
        changed = content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :]
        for damaged in (changed, content[:place], content[place + 1 :]):
            path.write_bytes(damaged)
            assert module._read(path, (2, 4), np.dtype(np.float32)) is None


def test_a_folder_in_a_files_place_is_said_before_any_work(pictures, folder):
    lower = make_lower(watched=True)
    compute(lower, pictures, folder)
    (path,) = files(folder)
    path.unlink()
    path.mkdir()
    Counter.blocks = 0
    with pytest.raises(OSError, match=rf"{path.name} is a folder, .* move it away"):
        compute(lower, pictures, folder)
    assert Counter.blocks == 0 and path.is_dir()


def test_a_folder_that_may_only_be_read_answers(pictures, folder, monkeypatch):
    lower = make_lower(watched=True)
    compute(lower, pictures, folder)

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "utime", refuse)
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    assert compute(lower, pictures, folder).computed == 0 and Counter.blocks == 3


def test_where_nothing_can_be_written_the_temporary_folder_serves(
    pictures, folder, tmp_path, monkeypatch, capsys
):
    lower = make_lower(watched=True)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder.write_text("a file, not a folder")
    kept = compute(lower, pictures, folder)
    assert capsys.readouterr().out == (
        "activations could not be used (File exists); the system's temporary folder serves.\n"
    )
    assert kept.computed == 1 and compute(lower, pictures, folder).computed == 0
    (path,) = tmp_path.rglob("*.activations")
    assert path.is_relative_to(tmp_path / f"course-{Path.home().name}")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with pytest.raises(
        OSError, match=r"activations could not be used .*: free some space, and run"
    ):
        compute(lower, pictures, folder)


def test_two_runs_at_once_do_not_disturb_each_other(pictures, folder, monkeypatch):
    lower, meeting = make_lower(), threading.Barrier(2, timeout=20)
    write = module._write

    def write_together(*given):
        meeting.wait()  # both have found nothing, and begin to write the same file
        write(*given)

    monkeypatch.setattr(module, "_write", write_together)
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(compute, lower, pictures, folder) for _ in range(2)]
        one, two = (run.result() for run in runs)
    assert one.computed == two.computed == 1
    assert values(one.copies) == values(two.copies)
    assert len(files(folder)) == 1


@pytest.mark.parametrize(
    ("policy", "kind"),
    [("float32", "float32"), ("mixed_float16", "float16"), ("mixed_bfloat16", "bfloat16")],
)
def test_values_come_back_as_they_were_in_every_precision(policy, kind, pictures, folder):
    keras.config.set_dtype_policy(policy)
    few = pictures.select(np.arange(20))
    lower, upper = make_lower(pooled=True), make_upper((4,))
    for _ in range(2):  # computed, then read
        kept = compute(lower, few, folder)
        assert kept.copies[0].dtype == kind
    ((rows, _),) = plain_activations(kept)
    direct = tf.function(lambda images: lower(images, training=False))(
        few.images.astype(np.float32)
    )
    assert rows.dtype == direct.dtype == kind
    np.testing.assert_array_equal(rows.numpy(), direct.numpy())
    upper.compile("sgd", "sparse_categorical_crossentropy")
    history = upper.fit(activation_batches(kept, 10, 0), steps_per_epoch=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()


def one_file_gib(copies=1):
    return copies * (70 * 5 * 5 * 4 * 4 + 32) / 2**30


def test_what_would_not_fit_is_refused_before_any_work(pictures, folder):
    lower = make_lower(watched=True)
    with pytest.raises(ValueError, match=r"3 copies of 70 pictures would need .* fewer copies"):
        compute(
            lower, pictures, folder, copies=3, augment=AUGMENT, largest_gib=0.99 * one_file_gib(3)
        )
    assert Counter.blocks == 0 and not folder.exists()
    compute(lower, pictures, folder, copies=3, augment=AUGMENT, largest_gib=one_file_gib(3))


def test_a_full_disk_is_told_before_any_work(pictures, folder, monkeypatch):
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: SimpleNamespace(free=20_000))
    with pytest.raises(OSError, match=r"1 copy of 70 pictures would need .* left: free some"):
        compute(make_lower(watched=True), pictures, folder)
    assert Counter.blocks == 0 and not files(folder)


def test_what_was_used_longest_ago_makes_room(pictures, folder):
    lower = make_lower(watched=True)
    room = {"augment": AUGMENT, "largest_gib": one_file_gib(2)}
    names = {}
    for seed, age in ((1, 300), (2, 200)):
        before = set(files(folder)) if folder.exists() else set()
        compute(lower, pictures, folder, seed=seed, **room)
        (names[seed],) = set(files(folder)) - before
        os.utime(names[seed], (time.time() - age,) * 2)
    compute(lower, pictures, folder, seed=1, **room)  # used again: the second is the oldest now
    compute(lower, pictures, folder, seed=3, **room)
    kept = files(folder)
    assert len(kept) == 2 and names[1] in kept and names[2] not in kept


def test_what_is_in_use_is_never_removed(pictures, folder):
    lower = make_lower()
    room = {"augment": AUGMENT, "largest_gib": one_file_gib(2)}
    batches = activation_batches(compute(lower, pictures, folder, seed=1, **room), 8, 0)
    (first,) = files(folder)
    second = compute(lower, pictures, folder, seed=2, **room)
    compute(lower, pictures, folder, seed=3, **room)  # beyond the bound, for all that is in use
    assert first in files(folder) and len(files(folder)) == 3
    del second
    compute(lower, pictures, folder, seed=4, **room)
    assert first in files(folder) and len(files(folder)) == 2
    assert next(iter(batches))[0].shape == (8, 5, 5, 4)


def test_a_folder_named_otherwise_is_the_same_folder(pictures, folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    relative = folder.relative_to(folder.parent)
    room = {"augment": AUGMENT, "largest_gib": one_file_gib(1)}
    kept = compute(make_lower(), pictures, folder, seed=1, **room)
    compute(make_lower(), pictures, relative, seed=2, **room)
    assert Path(kept.copies[0].filename) in files(folder)  # in use, so not removed


def test_pictures_are_resized_batch_by_batch(pictures, folder):
    random = np.random.default_rng(1)
    small = replace(pictures, images=random.integers(0, 256, (70, 8, 8, 3), np.uint8))
    lower = make_lower(pooled=True)
    kept = compute(lower, small, folder, size=32)
    expected = lower.predict(plain_batches(small, size=32), verbose=0)
    np.testing.assert_allclose(kept.copies[0], expected, atol=1e-6)


def test_a_mask_may_go_into_the_augmentation(pictures, folder):
    class DropMask(layers.Layer):
        def call(self, images, seed=None):
            return images[..., :3]

    masked = replace(
        pictures, images=np.concatenate([pictures.images, pictures.images[..., :1]], -1)
    )
    lower = make_lower(pooled=True)
    kept = compute(lower, masked, folder, augment=DropMask())
    plain = compute(lower, pictures, folder)
    np.testing.assert_array_equal(kept.copies[0], plain.copies[0])


def test_activations_stay_on_disk(pictures, folder, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 4)
    inputs = keras.Input((32, 32, 3))
    lower = keras.Model(inputs, layers.UpSampling2D(4)(layers.Rescaling(1 / 255)(inputs)))
    tracemalloc.start()
    try:
        kept = compute(lower, pictures.select(np.arange(64)), folder, copies=2, augment=AUGMENT)
        for rows, _ in activation_batches(kept, 4, 0).take(10):
            assert rows.shape == (4, 128, 128, 3)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    one_copy = kept.copies[0].nbytes
    assert one_copy == 64 * 128 * 128 * 3 * 4
    assert isinstance(kept.copies[0], np.memmap) and not kept.copies[0].flags.writeable
    assert peak < 0.7 * one_copy, "a block at a time, and the few batches being prepared"


@pytest.mark.skipif(not hasattr(mmap, "MADV_DONTNEED"), reason="the system has no such advice")
def test_what_was_read_of_the_files_does_not_stay_in_memory(pictures, folder):
    inputs = keras.Input((32, 32, 3))
    lower = keras.Model(inputs, layers.UpSampling2D(8)(inputs))
    compute(lower, pictures, folder, copies=2, augment=AUGMENT)
    kept = compute(lower, pictures, folder, copies=2, augment=AUGMENT)
    for rows, _ in activation_batches(kept, 35, 0).take(6):
        assert np.isfinite(rows).all()
    maps = psutil.Process().memory_maps()
    resident = sum(each.rss for each in maps if each.path.startswith(str(folder.resolve())))
    assert kept.copies[0].nbytes == 70 * 256 * 256 * 3 * 4
    assert resident < 0.2 * kept.copies[0].nbytes, "of two copies that were read three times each"


def test_wrong_input_is_refused_in_a_sentence(pictures, folder):
    lower = make_lower(watched=True)

    class Subclassed(keras.Model):
        def call(self, inputs):
            return inputs

    wrong = [
        (TypeError, "get_config", {"augment": lambda images, seed: images}),
        (TypeError, "Functional or Sequential", {"lower": Subclassed()}),
        (ValueError, "COPIES is 0", {"copies": 0}),
        (ValueError, "COPIES is 2", {"copies": 2}),
        (ValueError, "no pictures", {"pictures": pictures.select(np.arange(0))}),
        (ValueError, "takes arrays of 32 × 32 × 3, the pictures are 16 × 16 × 3", {"size": 16}),
        (ValueError, "takes arrays of 4,", {"lower": make_upper((4,))}),
    ]
    for error, sentence, settings in wrong:
        asked = {"lower": lower, "pictures": pictures, **settings}
        with pytest.raises(error, match=sentence):
            compute(folder=folder, **asked)
    assert Counter.blocks == 0 and not folder.exists()


def test_the_settings_that_make_the_key_can_be_written_down(pictures):
    """What `_without_names` leaves is plain JSON, with links as numbers."""
    config = module._without_names(make_lower().get_config())
    text = json.dumps(config)
    assert (
        "keras_history" in text
        and "conv2d" not in text
        and '"name"' not in text.replace('"config": {"name": "float32"}', "")
    )
