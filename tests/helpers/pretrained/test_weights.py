"""Weights of pretrained networks: found, checked, and said where they come from."""

import hashlib
import importlib
import inspect
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import MagicMock

import h5py
import keras
import numpy as np
import pytest
import requests

from helpers.messages import OneSentence
from helpers.pretrained import weights
from helpers.pretrained.weights import ALWAYS_THERE, FAMILIES, find_weights

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
def folders(tmp_path, monkeypatch):
    """Keras's cache folder and the mirror folder, both empty."""
    cache, mirror = tmp_path / "keras" / "models", tmp_path / "mirror"
    cache.mkdir(parents=True)
    (mirror / "weights").mkdir(parents=True)
    monkeypatch.setenv("COURSE_MIRROR", str(mirror))
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


@pytest.fixture
def asked_of_keras(monkeypatch):
    """Return a function that tells what Keras would fetch for a network without its top."""
    file_utils = importlib.import_module("keras.src.utils.file_utils")

    def get_file(name, address, file_hash=None, **_):
        raise Asked(name, address, file_hash or "")

    monkeypatch.setattr(file_utils, "get_file", get_file)

    def ask(name):
        for costly in ("layers", "Functional"):  # Keras builds a network before it fetches
            monkeypatch.setattr(
                inspect.getmodule(getattr(keras.applications, name)), costly, MagicMock()
            )
        size = FAMILIES[name].smallest
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
    assert family.md5[0] in inspect.getsource(inspect.getmodule(getattr(keras.applications, name)))


def test_keras_cache_is_the_folder_that_keras_uses(monkeypatch):
    monkeypatch.delenv("KERAS_HOME")
    assert str(weights.keras_cache().parent) == keras.src.backend.config.keras_home()


# Finding: cache, mirror, download, and what stands in.


@pytest.mark.parametrize(
    ("wanted", "place"), [("auto", ""), ("auto", "weights"), ("InceptionV3", "")]
)
def test_cache_comes_before_mirror(folders, small_file, wanted, place):
    cache, mirror = folders
    (mirror / place / INCEPTION).write_bytes(GOOD)
    found = find_weights(wanted, "InceptionV3")
    assert (found.origin, found.weights) == ("mirror", mirror / place / INCEPTION)
    (cache / INCEPTION).write_bytes(GOOD)
    found = find_weights(wanted, "InceptionV3")
    assert (found.origin, found.reason, found.checked) == ("cache", "", "md5")
    assert found.line == (
        "Backbone: InceptionV3 with ImageNet weights from Keras's cache folder (md5 checked)."
    )


def test_a_damaged_file_is_named_left_alone_and_not_used(folders, small_file):
    cache, mirror = folders
    (cache / INCEPTION).write_bytes(BAD)
    (mirror / INCEPTION).write_bytes(GOOD)
    found = find_weights("auto", "InceptionV3")
    assert found.origin == "mirror"
    assert f"because {INCEPTION} in Keras's cache folder is damaged" in found.line
    (mirror / INCEPTION).write_bytes(BAD)
    found = find_weights("auto", "InceptionV3")
    assert found.name == ALWAYS_THERE
    assert f"{INCEPTION} in the mirror folder is damaged" in found.line
    assert (cache / INCEPTION).read_bytes() == (mirror / INCEPTION).read_bytes() == BAD


def test_auto_takes_the_network_that_is_always_there_and_says_why(folders):
    found = find_weights("auto", "InceptionV3")
    assert (found.name, found.origin, found.checked) == (ALWAYS_THERE, "package", "sha256")
    assert found.line == (
        "Backbone: EfficientNetLite0 with ImageNet weights from its package, "
        "efficientnet-lite0-57934424.pth (sha256 checked), because the weights of InceptionV3 "
        f"are unavailable: the mirror folder does not hold {INCEPTION}; "
        "storage.googleapis.com could not be reached (connection refused)."
    )


def test_a_cache_folder_that_cannot_be_written_to_is_a_reason(web, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file"))
    found = find_weights("auto", "InceptionV3")
    assert found.name == ALWAYS_THERE and "models could not be written to" in found.reason


def test_a_name_insists_and_says_which_file_to_put_where(folders):
    cache, _ = folders
    with pytest.raises(FileNotFoundError) as failure:
        find_weights("InceptionV3", "InceptionV3")
    text = str(failure.value)
    assert f"put {INCEPTION} into {cache}" in text and "COURSE_MIRROR" in text
    assert "storage.googleapis.com could not be reached" in text


def test_the_file_with_the_classes_is_another_one(folders):
    with pytest.raises(FileNotFoundError, match=r"put vgg19_\w+_kernels\.h5 into"):
        find_weights("VGG19", "VGG19", top=True)


def test_pictures_too_small_for_a_network_are_said_before_anything_is_fetched(folders):
    found = find_weights("auto", "InceptionV3", size=74)
    assert found.name == "EfficientNetLite0"
    assert "because InceptionV3 takes pictures of 75 pixels or more, not 74" in found.line
    with pytest.raises(OneSentence, match="75 pixels or more, not 48: enlarge them, or set"):
        find_weights("InceptionV3", "InceptionV3", size=48)
    assert find_weights("EfficientNetLite0", "InceptionV3", size=48).reason == ""


def test_the_network_that_is_always_there_can_be_asked_for():
    found = find_weights(ALWAYS_THERE, "InceptionV3")
    assert found.origin == "package" and "because" not in found.line


@pytest.mark.parametrize("wanted", ["inceptionv3", "InceptionV3", "VGG19", ""])
def test_a_name_that_is_not_the_lessons_is_refused_with_those_that_are(wanted):
    with pytest.raises(ValueError, match="here it may be auto, VGG16, EfficientNetLite0"):
        find_weights(wanted, "VGG16")


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
    monkeypatch.setattr(weights, "ADDRESS", address)
    yield web
    web.server.shutdown()
    web.server.server_close()


def test_a_download_lands_in_keras_cache(web, folders, small_file):
    cache, _ = folders
    (cache / INCEPTION).write_bytes(BAD)
    found = find_weights("InceptionV3", "InceptionV3")
    assert (found.origin, found.weights.read_bytes()) == ("download", GOOD)
    assert find_weights("InceptionV3", "InceptionV3").origin == "cache"


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        (
            "InceptionV3",
            {"body": BAD, "promised": len(BAD)},
            r"as it came from 127\.0\.0\.1\S* is damaged",
        ),
        ("InceptionV3", {"body": BAD}, "the transfer of .* broke off"),
        ("VGG16", {}, "as it came from .* is damaged"),
        ("VGG16", {"status": 404}, "answered 404 for vgg16"),
    ],
)
def test_what_did_not_come_whole_is_not_kept(web, folders, small_file, name, changes, reason):
    cache, _ = folders
    for key, value in changes.items():
        setattr(web, key, value)
    with pytest.raises(FileNotFoundError, match=reason):
        find_weights(name, name)
    assert list(cache.iterdir()) == []


def test_a_download_of_weights_has_a_bound(web, folders, monkeypatch):
    cache, _ = folders
    monkeypatch.setattr(weights, "WEIGHTS_AT_MOST", 1_000_000)
    web.body, web.times, web.promised = bytes(10_000), 500, 5_000_000
    with pytest.raises(FileNotFoundError, match=r"sends more than the 1,000,000 bytes of vgg16"):
        find_weights("VGG16", "VGG16")
    assert list(cache.iterdir()) == []


# Weight files, in both of Keras's formats.


def test_inception_runs_from_a_file_in_keras_own_format(monkeypatch, folders):
    _, mirror = folders
    pixels = draw_pixels(75)
    plain = keras.applications.InceptionV3(include_top=False, weights=None, input_shape=(75, 75, 3))
    mixed7 = keras.Model(plain.input, plain.get_layer("mixed7").output)
    expected = mixed7(keras.applications.inception_v3.preprocess_input(pixels.copy()))
    plain.save(mirror / INCEPTION)
    expect_md5(monkeypatch, hashlib.md5((mirror / INCEPTION).read_bytes()).hexdigest())

    found = find_weights("auto", "InceptionV3")
    assert (found.name, found.origin, found.checked) == ("InceptionV3", "mirror", "md5")
    taken = keras.Input((75, 75, 3))
    scaled = keras.applications.inception_v3.preprocess_input(taken)
    base = keras.applications.InceptionV3(
        weights=found.weights, include_top=False, input_tensor=scaled
    )
    truncated = keras.Model(taken, base.get_layer("mixed7").output)
    np.testing.assert_allclose(truncated(pixels), expected, atol=1e-5)


@pytest.fixture(scope="module")
def vgg16() -> keras.Model:
    return keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))


def test_saved_weights_in_the_mirror_are_checked_and_of_unknown_origin(folders, vgg16, tmp_path):
    _, mirror = folders
    file = mirror / "weights" / "vgg16_notop.weights.h5"
    vgg16.save_weights(file)
    found = find_weights("VGG16", "VGG16")
    assert (found.weights, found.checked) == (file, "shapes")
    assert found.line == (
        "Backbone: VGG16 with weights of unknown origin from the mirror folder, "
        "vgg16_notop.weights.h5 (shapes and values checked)."
    )
    taken, pixels = keras.Input((32, 32, 3)), draw_pixels(32)
    base = keras.applications.VGG16(
        weights=found.weights,
        include_top=False,
        input_tensor=keras.applications.vgg16.preprocess_input(taken),
    )
    expected = vgg16(keras.applications.vgg16.preprocess_input(pixels.copy()))
    np.testing.assert_allclose(base(pixels), expected, atol=1e-5)
    base.save(tmp_path / "base.keras")
    np.testing.assert_array_equal(
        keras.models.load_model(tmp_path / "base.keras")(pixels), base(pixels)
    )

    whole = file.read_bytes()
    file.rename(file.with_name("vgg19_notop.weights.h5"))
    with pytest.raises(FileNotFoundError, match="does not fit VGG19"):
        find_weights("VGG19", "VGG19")
    file.write_bytes(whole[: len(whole) // 2])
    assert f"{file.name} in the mirror folder is damaged" in reason_against_vgg16()


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
    "far too large": (change(np.linspace(1e37, 3e38, 1280)), "computes nothing usable"),
    "negative variance": (change(-4.0, "moving_variance"), "computes nothing usable"),
    "nothing goes through": (change(0.0, "gamma"), "computes nothing usable"),
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
    fault = weights._find_senseless(model)
    assert complaint in fault and bool(fault) == bool(kind)


def reason_against_vgg16() -> str:
    """Look for VGG16 in vain; return why."""
    found = find_weights("auto", "VGG16")
    assert found.name == ALWAYS_THERE
    return found.reason


def test_a_file_of_senseless_weights_is_not_used(folders, vgg16):
    born = vgg16.get_weights()
    fill(np.nan)(vgg16)
    vgg16.save_weights(folders[1] / "vgg16_notop.weights.h5")
    vgg16.set_weights(born)
    reason = reason_against_vgg16()
    assert "vgg16_notop.weights.h5 in the mirror folder holds NaN or infinite" in reason


def put_without_a_layer(file, vgg16) -> None:
    vgg16.save_weights(file)
    with h5py.File(file, "r+") as opened:
        layers = opened["layers"]
        del layers[sorted(name for name in layers if "conv" in name)[3]]


WRONG_FILES = {
    "text": lambda file, _: file.write_text("<html>please log in</html>"),
    "h5 without content": lambda file, _: h5py.File(file, "w").close(),
    "a layer too few": put_without_a_layer,
    "folder": lambda file, _: file.mkdir(),
    "dangling link": lambda file, _: file.symlink_to("nowhere"),
}


@pytest.mark.parametrize("kind", WRONG_FILES)
def test_a_file_that_holds_no_such_weights_is_named_and_left_alone(folders, vgg16, kind):
    file = folders[1] / "vgg16_notop.weights.h5"
    WRONG_FILES[kind](file, vgg16)
    reason = reason_against_vgg16()
    assert f"{file.name} in the mirror folder is " in reason
    assert ("is not a file" in reason) == (kind in ("folder", "dangling link"))
    assert file.is_symlink() or file.exists()


def test_a_folder_in_the_caches_place_is_said_before_a_download(web, folders):
    name = FAMILIES["VGG16"].file_names(top=False)[0]
    (folders[0] / name).mkdir()
    reason = reason_against_vgg16()
    assert f"{name} in Keras's cache folder is not a file" in reason
    assert web.asked == 0
