"""Backbones: found with their weights, built with their preprocessing."""

import hashlib
import importlib
import inspect
import threading
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from unittest.mock import MagicMock

import h5py
import keras
import numpy as np
import pytest
import requests

from helpers.networks import flat_head
from helpers.pretrained import backbones
from helpers.pretrained.backbones import (
    ALWAYS_THERE,
    BACKBONES,
    FAMILIES,
    build_backbone,
    find_backbone,
    untrained,
    with_plain_scaling,
)
from helpers.transfer import cut_points, freeze, join, split

INCEPTION = "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"
GOOD, BAD = b"the weights", b"the we"
GET = requests.get


@pytest.fixture(autouse=True)
def off_the_network(monkeypatch, tmp_path):
    """Tests reach no network and no cache but their own."""

    def refuse(*_, **__):
        raise requests.ConnectionError("Connection refused")

    monkeypatch.setattr(requests, "get", refuse)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


@pytest.fixture
def folders(tmp_path):
    cache, mirror = tmp_path / "keras" / "models", tmp_path / "mirror"
    cache.mkdir(parents=True)
    (mirror / "weights").mkdir(parents=True)
    return cache, mirror


@pytest.fixture
def small_file(monkeypatch):
    """Let a few bytes pass for InceptionV3's weights, where only finding them matters."""
    expect_md5(monkeypatch, hashlib.md5(GOOD).hexdigest())


def expect_md5(monkeypatch, md5: str) -> None:
    mended = replace(FAMILIES["InceptionV3"], md5=("", md5))
    monkeypatch.setitem(FAMILIES, "InceptionV3", mended)


def draw_pixels(size: int, number: int = 1) -> np.ndarray:
    shape = (number, size, size, 3)
    return np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)


# The table, against the Keras that is installed.


class Asked(Exception):
    pass


def module_of(name: str) -> ModuleType:
    """Return Keras's module with a network's code; ResNet50V2's stands beside ResNet50's."""
    if name == "ResNet50V2":
        return importlib.import_module("keras.src.applications.resnet")
    return inspect.getmodule(getattr(keras.applications, name))


@pytest.fixture
def asked_of_keras(monkeypatch):
    """Return a function that tells what Keras would fetch for a network without its top."""
    file_utils = importlib.import_module("keras.src.utils.file_utils")

    def get_file(name, address, file_hash=None, **_):
        raise Asked(name, address, file_hash or "")

    monkeypatch.setattr(file_utils, "get_file", get_file)

    def ask(name):
        for costly in ("layers", "Functional"):  # Keras builds a network before it fetches
            monkeypatch.setattr(module_of(name), costly, MagicMock())
        size = FAMILIES[name].size if name == "MobileNetV2" else FAMILIES[name].smallest
        with pytest.raises(Asked) as asked:
            getattr(keras.applications, name)(
                weights="imagenet", include_top=False, input_shape=(size, size, 3)
            )
        return asked.value.args

    return ask


@pytest.mark.parametrize("name", FAMILIES)
def test_the_table_says_what_the_installed_keras_says(name, asked_of_keras):
    family = FAMILIES[name]
    expected = family.file_names(top=False)[0], family.address(top=False), family.md5[1]
    assert asked_of_keras(name) == expected
    assert family.md5[0] in inspect.getsource(module_of(name))


def test_keras_cache_is_the_folder_that_keras_uses(monkeypatch):
    monkeypatch.delenv("KERAS_HOME")
    assert str(backbones.keras_cache().parent) == keras.src.backend.config.keras_home()


# Preprocessing inside.


@pytest.mark.parametrize(
    ("name", "kind"), [("ResNet50V2", "tf"), ("DenseNet121", "torch"), ("VGG19", "caffe")]
)
def test_preprocessing_inside_equals_the_familys_own(name, kind):
    assert FAMILIES[name].kind == kind
    own = inspect.getmodule(getattr(keras.applications, name)).preprocess_input
    pixels = keras.Input((8, 8, 3))
    inside = keras.Model(pixels, backbones._PREPROCESS[kind](pixels))
    np.testing.assert_allclose(inside(draw_pixels(8)), own(draw_pixels(8)), atol=2e-6)


@pytest.mark.parametrize("name", FAMILIES)
def test_each_family_has_the_kind_of_its_own_preprocessing(name):
    own = inspect.getmodule(getattr(keras.applications, name)).preprocess_input
    red = own(np.array([[[[255.0, 0, 0]]]], np.float32)).ravel()
    deviations = {"tf": 1, "torch": (1 - 0.485) / 0.229, "caffe": -103.939, "inside": 255}
    np.testing.assert_allclose(red[0], deviations[FAMILIES[name].kind], rtol=1e-5)


def last_of(kind: type, model: keras.Model) -> keras.layers.Layer:
    return [layer for layer in model.layers if isinstance(layer, kind)][-1]


def test_efficientnet_normalises_as_keras_does_for_its_own_weights(monkeypatch, tmp_path):
    path = tmp_path / "efficientnetb0_notop.weights.h5"
    file_utils = importlib.import_module("keras.src.utils.file_utils")
    with monkeypatch.context() as instead:  # of the download: the random weights it has
        instead.setattr(file_utils, "get_file", lambda *_, **__: path)
        instead.setattr(keras.Model, "load_weights", lambda *_, **__: None)
        kerass = keras.applications.EfficientNetB0(
            include_top=False, weights="imagenet", input_shape=(32, 32, 3)
        )
    normalization = last_of(keras.layers.Normalization, kerass)
    normalization.set_weights(
        [np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225]), np.array(0)]
    )
    normalization.finalize_state()
    kerass.save_weights(path)
    ours = build_backbone(replace(untrained("EfficientNetB0"), weights=path), 32)
    pixels = draw_pixels(32)
    expected = keras.Model(kerass.input, last_of(keras.layers.Rescaling, kerass).output)(pixels)
    scaled = keras.Model(ours.input, last_of(keras.layers.Normalization, ours).output)(pixels)
    np.testing.assert_allclose(scaled, expected, atol=1e-5)
    kernels = [model.get_layer("stem_conv").kernel for model in (ours, kerass)]
    np.testing.assert_array_equal(*kernels)


def test_preprocessing_and_probabilities_keep_all_digits_in_mixed_precision():
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        model = build_backbone(untrained("MobileNetV2", top=True), 32)
    finally:
        keras.mixed_precision.set_global_policy(before)
    assert model.get_layer("scale").compute_dtype == "float32"
    assert model.get_layer("Conv1").compute_dtype == "bfloat16"
    assert model.output.dtype == "float32"


# Finding: cache, mirror, download, and what stands in.


@pytest.mark.parametrize("place", ["", "weights"])
def test_cache_comes_before_mirror(folders, small_file, place):
    cache, mirror = folders
    (mirror / place / INCEPTION).write_bytes(GOOD)
    found = find_backbone("auto", "InceptionV3", cache=cache, mirror=mirror)
    assert (found.origin, found.weights) == ("mirror", mirror / place / INCEPTION)
    (cache / INCEPTION).write_bytes(GOOD)
    found = find_backbone("auto", "InceptionV3", cache=cache, mirror=mirror)
    assert (found.origin, found.reason, found.checked) == ("cache", "", "md5")
    assert found.line == (
        "Backbone: InceptionV3 with ImageNet weights from Keras's cache folder (md5 checked)."
    )


def test_keras_home_and_the_course_mirror_are_where_it_looks(folders, small_file, monkeypatch):
    cache, mirror = folders
    monkeypatch.setenv("COURSE_MIRROR", str(mirror))
    (mirror / INCEPTION).write_bytes(GOOD)
    assert find_backbone("InceptionV3").origin == "mirror"
    (cache / INCEPTION).write_bytes(GOOD)
    assert find_backbone("InceptionV3").origin == "cache"


def test_a_damaged_file_is_named_left_alone_and_not_used(folders, small_file):
    cache, mirror = folders
    (cache / INCEPTION).write_bytes(BAD)
    (mirror / INCEPTION).write_bytes(GOOD)
    found = find_backbone("auto", "InceptionV3", cache=cache, mirror=mirror)
    assert found.origin == "mirror"
    assert f"because {INCEPTION} in Keras's cache folder is damaged" in found.line
    (mirror / INCEPTION).write_bytes(BAD)
    found = find_backbone("auto", "InceptionV3", cache=cache, mirror=mirror)
    assert found.name == ALWAYS_THERE
    assert f"{INCEPTION} in the mirror folder is damaged" in found.line
    assert (cache / INCEPTION).read_bytes() == (mirror / INCEPTION).read_bytes() == BAD


def test_auto_takes_the_network_that_is_always_there_and_says_why(folders):
    cache, mirror = folders
    found = find_backbone("auto", "InceptionV3", cache=cache, mirror=mirror)
    assert (found.name, found.origin, found.checked) == (ALWAYS_THERE, "package", "sha256")
    assert found.line == (
        "Backbone: EfficientNetLite0 with ImageNet weights from its package, "
        "efficientnet-lite0-57934424.pth (sha256 checked), because the weights of InceptionV3 "
        f"cannot be had: the mirror folder does not hold {INCEPTION}; "
        "storage.googleapis.com could not be reached (connection refused)."
    )


def test_a_cache_folder_that_cannot_be_written_to_is_a_reason(web, tmp_path):
    (tmp_path / "file").touch()
    found = find_backbone("auto", "InceptionV3", cache=tmp_path / "file" / "models")
    assert found.name == ALWAYS_THERE and "models could not be written to" in found.reason


def test_a_name_insists_and_says_which_file_to_put_where(folders):
    cache, _ = folders
    with pytest.raises(FileNotFoundError) as failure:
        find_backbone("InceptionV3", cache=cache)
    text = str(failure.value)
    assert f"put {INCEPTION} into {cache}" in text and "COURSE_MIRROR" in text
    assert "storage.googleapis.com could not be reached" in text


def test_the_file_with_the_classes_is_another_one(folders):
    cache, _ = folders
    with pytest.raises(FileNotFoundError, match=r"put vgg19_\w+_kernels\.h5 into"):
        find_backbone("VGG19", top=True, cache=cache)


def test_the_network_that_is_always_there_can_be_asked_for():
    found = find_backbone(ALWAYS_THERE, "InceptionV3")
    assert found.origin == "package" and "because" not in found.line


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [("inceptionv3", r"did you mean InceptionV3\?"), ("VGG-16", r"did you mean VGG16\?"), ("", "")],
)
def test_an_unknown_name_is_refused_with_the_right_ones(wanted, hint):
    with pytest.raises(ValueError, match=rf"{hint}.*allowed: auto, InceptionV3, VGG16"):
        find_backbone(wanted, "VGG16")


def test_a_network_tells_the_sizes_it_takes():
    sizes = {name: (untrained(name).size, untrained(name).smallest) for name in BACKBONES}
    assert sizes["InceptionV3"] == (299, 75)
    assert sizes["VGG16"] == sizes[ALWAYS_THERE] == (224, 32)


def test_random_weights_are_called_random():
    assert untrained("VGG16").line == "Backbone: VGG16 with random weights, as asked for."


class Web:
    """A web server on this machine that answers every path with the same bytes."""

    def __init__(self) -> None:
        self.body, self.promised, self.status = GOOD, len(GOOD), 200
        self.times = 1  # that the body is sent
        self.asked = 0
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.asked += 1
                self.send_response(web.status)
                self.send_header("Content-Length", str(web.promised))
                self.end_headers()
                for _ in range(web.times):
                    self.wfile.write(web.body)

            def log_message(self, *_) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_) -> None:  # who hangs up is part of the tests
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()


@pytest.fixture
def web(monkeypatch):
    web = Web()
    monkeypatch.setattr(requests, "get", GET)
    address = f"http://127.0.0.1:{web.server.server_port}/"
    monkeypatch.setattr(backbones, "ADDRESS", address)
    yield web
    web.server.shutdown()
    web.server.server_close()


def test_a_download_lands_in_keras_cache(web, folders, small_file):
    cache, _ = folders
    (cache / INCEPTION).write_bytes(BAD)
    found = find_backbone("InceptionV3", cache=cache)
    assert (found.origin, found.weights.read_bytes()) == ("download", GOOD)
    assert find_backbone("InceptionV3", cache=cache).origin == "cache"


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        (
            "InceptionV3",
            {"body": BAD, "promised": len(BAD)},
            r"as it came from 127\.0\.0\.1\S* is damaged",
        ),
        ("InceptionV3", {"body": BAD}, "the transfer of .* broke off"),
        ("MobileNetV2", {"body": BAD}, "the transfer of .* broke off"),  # Keras has no md5 of it
        ("MobileNetV2", {}, "is damaged or does not fit MobileNetV2"),
        ("MobileNetV2", {"status": 404}, "answered 404 for mobilenet_v2"),
    ],
)
def test_what_did_not_come_whole_is_not_kept(web, folders, small_file, name, changes, reason):
    cache, _ = folders
    for key, value in changes.items():
        setattr(web, key, value)
    with pytest.raises(FileNotFoundError, match=reason):
        find_backbone(name, cache=cache)
    assert list(cache.iterdir()) == []


def test_a_download_of_weights_has_a_bound(web, folders, monkeypatch):
    cache, _ = folders
    monkeypatch.setattr(backbones, "WEIGHTS_AT_MOST", 1_000_000)
    web.body, web.times, web.promised = bytes(10_000), 500, 5_000_000
    with pytest.raises(FileNotFoundError, match=r"sends more than the 1,000,000 bytes of mobile"):
        find_backbone("MobileNetV2", cache=cache)
    assert list(cache.iterdir()) == []


# Weight files, in both of Keras's formats.


def test_inception_runs_from_a_file_in_keras_own_format(monkeypatch, folders):
    _, mirror = folders
    pixels = draw_pixels(150)
    plain = keras.applications.InceptionV3(
        include_top=False, weights=None, input_shape=(150, 150, 3)
    )
    mixed7 = keras.Model(plain.input, plain.get_layer("mixed7").output)
    expected = mixed7(keras.applications.inception_v3.preprocess_input(pixels.copy()))
    plain.save(mirror / INCEPTION)
    md5 = hashlib.md5((mirror / INCEPTION).read_bytes()).hexdigest()
    expect_md5(monkeypatch, md5)

    found = find_backbone("auto", "InceptionV3", mirror=mirror)
    assert (found.name, found.origin, found.checked) == ("InceptionV3", "mirror", "md5")
    model = build_backbone(found, 150)
    assert is_flat(model) and cut_points(model)["mixed7"] == (7, 7, 768)
    lower, _ = split(model, "mixed7")
    np.testing.assert_allclose(lower(pixels), expected, atol=1e-5)


def test_inception_is_cut_trained_and_saved(tmp_path):
    lower, _ = split(build_backbone(untrained("InceptionV3"), 150), "mixed7")
    freeze(lower)
    model = join(lower, flat_head((7, 7, 768), 3, 8))
    model.compile("rmsprop", "sparse_categorical_crossentropy", run_eagerly=True)
    frozen, learning = lower.layers[2].kernel, model.get_layer("dense").kernel
    before = [np.array(weights) for weights in (frozen, learning)]
    pixels = draw_pixels(150, 2)
    model.fit(pixels, np.array([0, 2]), verbose=0)
    assert np.array_equal(frozen, before[0]) and not np.array_equal(learning, before[1])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(pixels), model(pixels), atol=1e-6)


def test_saved_weights_in_the_mirror_are_checked_by_their_shapes(folders):
    cache, mirror = folders
    file = mirror / "weights" / "vgg16_notop.weights.h5"
    plain = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
    plain.save_weights(file)
    found = find_backbone("VGG16", cache=cache, mirror=mirror)
    assert (found.weights, found.checked) == (file, "shapes")
    ours, pixels = build_backbone(found, 32), draw_pixels(32)
    expected = plain(keras.applications.vgg16.preprocess_input(pixels.copy()))
    np.testing.assert_allclose(ours(pixels), expected, atol=1e-5)

    file.rename(file.with_name("vgg19_notop.weights.h5"))
    with pytest.raises(FileNotFoundError, match="does not fit VGG19"):
        find_backbone("VGG19", cache=cache, mirror=mirror)


def test_saved_weights_that_are_cut_off_are_not_used(folders):
    cache, mirror = folders
    file = mirror / "vgg16_notop.weights.h5"
    build_backbone(untrained("VGG16"), 32).save_weights(file)
    assert find_backbone("auto", "VGG16", cache=cache, mirror=mirror).weights == file
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    found = find_backbone("auto", "VGG16", cache=cache, mirror=mirror)
    assert found.name == ALWAYS_THERE
    assert f"{file.name} in the mirror folder is damaged" in found.line


def change(values: np.ndarray | float, kind: str = "kernel"):
    """Return what puts values into the last weight of a kind."""

    def put(model: keras.Model) -> None:
        weight = [weight for weight in model.weights if weight.name == kind][-1]
        weight.assign(np.broadcast_to(values, weight.shape))

    return put


def change_one(value: float, kind: str = "kernel"):
    def put(model: keras.Model) -> None:
        weight = next(weight for weight in model.weights if weight.name == kind)
        values = weight.numpy()
        values.flat[-1] = value
        weight.assign(values)

    return put


def fill(value: float):
    return lambda model: model.set_weights([np.full_like(w, value) for w in model.get_weights()])


SENSELESS = {
    "one NaN": (change_one(np.nan), "NaN or infinite"),
    "one NaN in a bias": (change_one(np.nan, "beta"), "NaN or infinite"),
    "one infinite": (change_one(-np.inf, "moving_mean"), "NaN or infinite"),
    "all NaN": (fill(np.nan), "NaN or infinite"),
    "all zero": (fill(0), "one and the same value"),
    "all one": (fill(1), "one and the same value"),
    "one kernel of zeros": (change(0.0), "one and the same value"),
    "one constant kernel": (change(0.3), "one and the same value"),
    "far too large": (change(np.linspace(1e37, 3e38, 1280)), "answers no picture"),
    "negative variance": (change(-4.0, "moving_variance"), "answers no picture"),
    "nothing goes through": (change(0.0, "gamma"), "answers no picture"),
}


@pytest.mark.parametrize("kind", [None, *SENSELESS])
def test_weights_that_no_trained_network_has_are_told(kind):
    layers = keras.layers
    model = keras.Sequential([keras.Input((32, 32, 3))])
    for maps in (4, 1280):
        model.add(layers.Conv2D(maps, 3, strides=2))
        model.add(layers.BatchNormalization())
        model.add(layers.ReLU())
    spoil, complaint = SENSELESS[kind] if kind else (lambda model: None, "")
    spoil(model)
    fault = backbones._find_senseless(model)
    assert complaint in fault and bool(fault) == bool(kind)


@pytest.fixture(scope="module")
def mobilenet() -> keras.Model:
    return keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3))


def say_of_mobilenet(folders) -> str:
    """Look for MobileNetV2 in vain; return why."""
    cache, mirror = folders
    found = find_backbone("auto", "MobileNetV2", cache=cache, mirror=mirror)
    assert found.name == ALWAYS_THERE
    return found.reason


def test_a_file_of_senseless_weights_is_not_used(folders, mobilenet):
    born = mobilenet.get_weights()
    fill(np.nan)(mobilenet)
    mobilenet.save_weights(folders[1] / "mobilenetv2_notop.weights.h5")
    mobilenet.set_weights(born)
    reason = say_of_mobilenet(folders)
    assert "mobilenetv2_notop.weights.h5 in the mirror folder holds NaN or infinite" in reason


def test_weights_without_a_checksum_are_said_to_be_of_unknown_origin(folders, mobilenet):
    cache, mirror = folders
    name = FAMILIES["MobileNetV2"].file_names(top=False)[0]
    mobilenet.save_weights(mirror / "mobilenetv2_notop.weights.h5")
    found = find_backbone("auto", "MobileNetV2", cache=cache, mirror=mirror)
    assert found.line == (
        "Backbone: MobileNetV2 with weights of unknown origin from the mirror folder, "
        "mobilenetv2_notop.weights.h5 (shapes and values checked)."
    )
    mobilenet.save(cache / name)
    found = find_backbone("auto", "MobileNetV2", cache=cache, mirror=mirror)
    assert "with weights of unknown origin from Keras's cache folder (shapes" in found.line


def put_without_a_layer(file, mobilenet) -> None:
    mobilenet.save_weights(file)
    with h5py.File(file, "r+") as opened:
        layers = opened["layers"]
        del layers[sorted(name for name in layers if "batch_norm" in name)[3]]


WRONG_FILES = {
    "text": lambda file, _: file.write_text("<html>please log in</html>"),
    "h5 without content": lambda file, _: h5py.File(file, "w").close(),
    "a layer too few": put_without_a_layer,
    "folder": lambda file, _: file.mkdir(),
    "dangling link": lambda file, _: file.symlink_to("nowhere"),
}


@pytest.mark.parametrize("kind", WRONG_FILES)
def test_a_file_that_holds_no_such_weights_is_named_and_left_alone(folders, mobilenet, kind):
    file = folders[1] / "mobilenetv2_notop.weights.h5"
    WRONG_FILES[kind](file, mobilenet)
    reason = say_of_mobilenet(folders)
    assert f"{file.name} in the mirror folder is " in reason
    assert ("is not a file" in reason) == (kind in ("folder", "dangling link"))
    assert file.is_symlink() or file.exists()


def test_a_folder_in_the_caches_place_is_said_before_a_download(web, folders):
    name = FAMILIES["MobileNetV2"].file_names(top=False)[0]
    (folders[0] / name).mkdir()
    reason = say_of_mobilenet(folders)
    assert f"{name} in Keras's cache folder is not a file" in reason
    assert web.asked == 0


# Building.


def is_flat(model: keras.Model) -> bool:
    return not any(isinstance(layer, keras.Model) for layer in model.layers)


@pytest.mark.parametrize("name", ["VGG19", "DenseNet121", ALWAYS_THERE])
def test_every_backbone_is_one_flat_graph_from_pixels_to_maps(name):
    model = build_backbone(untrained(name), 75)
    assert model.input_shape == (None, 75, 75, 3) and len(model.output_shape) == 4
    assert is_flat(model) and cut_points(model)


@pytest.mark.parametrize("factor", [1.0, 1 / 255])
def test_plain_scaling_feeds_a_network_as_the_walkthroughs_do(factor):
    ours, pixels = build_backbone(untrained("VGG16"), 48), draw_pixels(48, 2)
    plain = keras.applications.VGG16(include_top=False, weights=None, input_shape=(48, 48, 3))
    plain.set_weights(ours.get_weights())
    fed = with_plain_scaling(ours, factor)
    np.testing.assert_allclose(fed(pixels), plain(pixels * np.float32(factor)), rtol=1e-4)
    assert np.abs(np.asarray(fed(pixels)) - np.asarray(ours(pixels))).max() > 1e-3
    assert is_flat(fed) and fed.count_params() == ours.count_params()
    assert fed.get_layer("block5_conv1") is ours.get_layer("block5_conv1")


def test_plain_scaling_replaces_all_of_the_preprocessing():
    ours, pixels = build_backbone(untrained("EfficientNetB0"), 32), draw_pixels(32)
    fed = with_plain_scaling(ours, 1 / 255)
    last = [one.name for one in ours.layers if isinstance(one, keras.layers.Normalization)]
    _, upper = split(ours, last[-1])
    np.testing.assert_allclose(fed(pixels), upper(pixels / 255), rtol=1e-4, atol=1e-10)
    assert [layer.name for layer in fed.layers[:3]] == ["pixels", "scale", "stem_conv_pad"]


@pytest.mark.parametrize(
    ("name", "top", "size", "message"),
    [
        ("InceptionV3", False, 74, "75 pixels or more, not 74"),
        ("EfficientNetLite0", True, 31, "32 pixels or more, not 31"),
        ("VGG16", True, 150, "224 pixels only, not 150"),
    ],
)
def test_a_size_the_network_does_not_take_is_refused(name, top, size, message):
    with pytest.raises(ValueError, match=message):
        build_backbone(untrained(name, top), size)


def test_a_backbone_is_saved_with_nothing_but_keras_own_layers(tmp_path):
    model, pixels = build_backbone(untrained("VGG16"), 32), draw_pixels(32)
    path = tmp_path / "vgg.keras"
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        config = archive.read("config.json").decode()
    assert "helpers" not in config and "Lambda" not in config
    np.testing.assert_array_equal(keras.models.load_model(path)(pixels), model(pixels))
