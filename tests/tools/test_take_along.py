"""A page to take along: its forward pass equals Keras, its pixels Pillow's; what it refuses."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from helpers.environment import PROJECT
from helpers.photos import open_photo, to_square_array
from helpers.pretrained.efficientnet_lite import build_efficientnet_lite0, packaged_weights
from helpers.samples import draw_picture
from tools import take_along, take_along_page
from tools.site import NETWORK
from tools.take_along import PageError, find_classes, main, write_page

CLASSES = ("paper", "rock", "scissors")
RUN = """
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { Network } from "./network.mjs";
const { operations, size } = JSON.parse(readFileSync("given.json"));
const packed = Buffer.from(readFileSync("weights.txt", "utf8"), "base64");
const bytes = new Uint8Array(gunzipSync(packed));
const network = new Network(operations, bytes.buffer);
const pictures = readFileSync("pictures.bin");
const [step, answers] = [size * size * 3, []];
for (let at = 0; at < pictures.length; at += step) {
  answers.push(network.run(pictures.subarray(at, at + step)));
}
console.log(JSON.stringify(answers));
"""
RESIZE = """
import { readFileSync, writeFileSync } from "node:fs";
import { toSquare } from "./network.mjs";
const jobs = JSON.parse(readFileSync("jobs.json"));
for (const { name, width, height, size } of jobs) {
  const data = readFileSync(`${name}.bin`);
  writeFileSync(`${name}.out`, toSquare({ data, width, height }, size));
}
"""
CHECK = """
import { execFileSync } from "node:child_process";
execFileSync("node", ["--check", "whole.mjs"]);
"""


@pytest.fixture
def node(tmp_path) -> Callable[[str], str]:
    """Return a function that runs JavaScript in a folder which has the page's network."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("Node is missing, which runs the page's code: install your system's nodejs")
    shutil.copy(take_along_page.HERE / "take_along_network.mjs", tmp_path / "network.mjs")

    def run(code: str) -> str:
        (tmp_path / "run.mjs").write_text(code)
        done = subprocess.run(
            [program, "run.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def parts(page: str) -> dict[str, str]:
    """Return what stands in a page's script elements, by id; the code by "module"."""
    found = re.findall(
        r'<script type="[^"]*?(\w+)"(?: id="(\w+)")?>(.*?)</script>', page, re.DOTALL
    )
    return {name or kind: text for kind, name, text in found}


def pictures_of(size: int, number: int = 6) -> np.ndarray:
    random = np.random.default_rng(1)
    drawn = [
        draw_picture("rock_paper_scissors", n % 3, n).resize((size, size)) for n in range(number)
    ]
    return np.concatenate([np.stack(drawn), random.integers(0, 256, (number, size, size, 3))])


def write_inputs(folder: Path, operations: list, weights: str, pictures: np.ndarray) -> None:
    """Write what RUN reads."""
    given = {"operations": operations, "size": pictures.shape[1]}
    (folder / "given.json").write_text(json.dumps(given))
    (folder / "weights.txt").write_text(weights)
    (folder / "pictures.bin").write_bytes(pictures.astype(np.uint8).tobytes())


def shake(network: keras.Model, seed: int = 0) -> keras.Model:
    """Give every layer weights as after a training: no bias or moving average stays at 0 or 1."""
    random = np.random.default_rng(seed)
    for layer in network._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            for each in layer.weights:
                low = 0.5 if "variance" in each.path or "gamma" in each.path else -0.3
                each.assign(random.uniform(low, low + 0.8, each.shape))
        elif getattr(layer, "bias", None) is not None:
            layer.bias.assign(random.normal(0, 0.1, layer.bias.shape))
    return network


def every_layer() -> keras.Model:
    """A functional network that has each layer the page knows, and a Sequential head in it."""
    pixels = keras.Input((33, 33, 3))
    x = layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    x = layers.ZeroPadding2D(((0, 1), (2, 1)))(x)
    x = layers.Conv2D(6, 5, strides=2, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.Conv2D(7, (3, 2), activation="relu", padding="valid")(x)
    x = layers.BatchNormalization(scale=False)(x)  # after an activation: not to be folded
    before = layers.Conv2D(9, 1, activation="silu")(x)
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(before)
    x = layers.BatchNormalization(center=False)(x)
    x = layers.ReLU(6.0)(x)
    x = layers.DepthwiseConv2D(5, padding="same", activation="tanh")(x)
    x = layers.Identity()(layers.Add()([x, before]))
    y = layers.LeakyReLU(negative_slope=0.2)(x)
    x = layers.Concatenate()([x, y, layers.Activation("relu6")(x)])
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = layers.DepthwiseConv2D(3, strides=2, padding="valid")(x)
    x = layers.AveragePooling2D(2, strides=1, padding="same")(x)
    x = layers.SpatialDropout2D(0.1)(x)
    flat = layers.Flatten()(x)
    pooled = layers.GlobalAveragePooling2D()(x)
    highest = layers.Flatten()(layers.GlobalMaxPooling2D(keepdims=True)(x))
    x = layers.Concatenate()([flat, pooled, highest])
    wide = keras.initializers.RandomNormal(stddev=1)
    head = keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            layers.Dense(10, activation="sigmoid", kernel_initializer=wide),
            layers.Dropout(0.2),
            layers.Dense(3, kernel_initializer=wide),
            layers.Softmax(),
        ]
    )
    return shake(keras.Model(pixels, head(x)))


def preprocessing() -> keras.Model:
    """A network that begins as Keras's guides do: augmentation, resizing, scaling."""
    normal = layers.Normalization()
    normal.adapt(np.random.default_rng(2).uniform(0, 1, (9, 4, 4, 3)) * (0.9, 0.5, 0.2))
    augment = [layers.RandomFlip(), layers.RandomRotation(0.2), layers.RandomContrast(0.5)]
    augment += [layers.RandomBrightness(0.5), layers.RandomTranslation(0.2, 0.2)]
    return shake(
        keras.Sequential(
            [
                keras.Input((40, 40, 3)),
                keras.Sequential([*augment, layers.RandomZoom(0.2)]),
                layers.Resizing(17, 61),
                layers.Rescaling(1 / 255),
                normal,
                layers.GaussianNoise(0.5),
                layers.Conv2D(9, 3, activation="relu"),
                layers.Normalization(mean=0.2, variance=0.3),
                layers.GlobalMaxPooling2D(),
                layers.Dense(3, activation="softmax"),
            ]
        )
    )


def published(size: int = 62) -> keras.Model:
    """Lesson 1's published network, smaller."""
    return shake(
        keras.Sequential(
            [
                keras.Input((size, size, 3)),
                layers.Rescaling(1 / 255),
                layers.Conv2D(16, 3, activation="relu"),
                layers.MaxPooling2D(),
                layers.Conv2D(32, 3, activation="relu"),
                layers.MaxPooling2D(),
                layers.Flatten(),
                layers.Dropout(0.5),
                layers.Dense(32, activation="relu"),
                layers.Dense(3, activation="softmax", dtype="float32"),
            ]
        )
    )


def one_sigmoid() -> keras.Model:
    return shake(
        keras.Sequential(
            [
                keras.Input((16, 16, 3)),
                layers.Rescaling(1 / 255),
                layers.Conv2D(5, 3),
                layers.GlobalAveragePooling2D(),
                layers.Dense(1, activation="sigmoid"),
            ]
        )
    )


def lite() -> keras.Model:
    """EfficientNet-Lite0 at 64 pixels with a new head, as lesson 0 puts them together."""
    base = build_efficientnet_lite0(64, weights=packaged_weights())
    head = keras.Sequential(
        [
            keras.Input(base.output_shape[1:]),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.2),
            layers.Dense(3, activation="softmax"),
        ]
    )
    return keras.Model(base.input, head(base.output))


def functional_head() -> keras.Model:
    """A network that ends in a functional model, as lesson 4's does."""
    features, pixels = keras.Input((8, 8, 4)), keras.Input((10, 10, 3))
    pooled = layers.GlobalAveragePooling2D()(features)
    head = keras.Model(features, layers.Dense(3, activation="softmax")(pooled))
    return shake(keras.Model(pixels, head(layers.Conv2D(4, 3)(layers.Rescaling(1 / 255)(pixels)))))


@pytest.mark.parametrize(
    "build", [every_layer, preprocessing, published, one_sigmoid, lite, functional_head]
)
def test_the_page_computes_what_keras_computes(build, node, tmp_path):
    keras.utils.set_random_seed(0)
    network, size = build(), build().input_shape[1]
    number = max(2, network.output_shape[1])
    network.save(tmp_path / "network.keras")
    page = write_page(tmp_path / "network.keras", tmp_path / "p.html", [*"abc"[:number]])
    inside, pictures = parts(page.read_text(encoding="utf-8")), pictures_of(size)
    write_inputs(tmp_path, json.loads(inside["given"])["operations"], inside["weights"], pictures)
    answers = np.array(json.loads(node(RUN)))
    wanted = network.predict_on_batch(pictures.astype(np.float32))
    if wanted.shape[1] == 1:
        wanted = np.concatenate([1 - wanted, wanted], axis=1)
    assert answers.shape == wanted.shape
    assert np.abs(answers - wanted).max() < 1e-3
    assert len(np.unique(wanted.round(2), axis=0)) > 1, "the pictures must differ to the network"


@pytest.mark.skipif(not (PROJECT / NETWORK).is_file(), reason="data/networks/ keeps no network")
def test_the_network_of_the_site_reads_drawn_hands(node, tmp_path):
    given, weights = take_along_page.read_kept(PROJECT / NETWORK)
    size, packed = given["operations"][0]["shape"][0], base64.b64encode(gzip.compress(weights))
    drawn = [draw_picture("rock_paper_scissors", n % 3, 700 + n) for n in range(60)]
    pictures = np.stack([to_square_array(each, size) for each in drawn])
    write_inputs(tmp_path, given["operations"], packed.decode(), pictures)
    said = np.array(json.loads(node(RUN))).argmax(axis=1)
    assert given["classes"] == [*CLASSES] and len(given["drawn"]) == take_along.DRAWN
    right = (said == np.arange(60) % 3).mean()
    print(f"{right:.0%} of 60 drawn hands are read correctly.")
    assert right > 0.7


def test_what_can_be_folded_is():
    keras.utils.set_random_seed(0)
    kinds = [each.kind for each in take_along.Graph(lite()).operations]
    assert kinds.count("affine") == 1 and "clip" not in kinds


def test_16_bits_are_taken_only_where_they_change_no_probability(monkeypatch):
    keras.utils.set_random_seed(0)
    network = published()
    assert take_along.choose_precision(network, take_along.Graph(network)) == 0
    sizes = [len(take_along.pack(take_along.Graph(network), n)[1]) for n in (0, 3000, math.inf)]
    assert sizes == sorted(sizes) and 1.9 < sizes[2] / sizes[0] < 2
    network = published()  # the other one is rounded now
    monkeypatch.setattr(take_along, "TOLERANCE", 1e-6)
    assert take_along.choose_precision(network, take_along.Graph(network)) == math.inf


def test_a_network_of_another_precision_becomes_float32(tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        normal = layers.Normalization()
        normal.adapt(np.arange(48.0).reshape(1, 4, 4, 3))
        network = wrapped(layers.Identity(), normal)
        network.save(tmp_path / "n.keras")
    finally:
        keras.config.set_dtype_policy("float32")
    read = take_along.read_network(tmp_path / "n.keras")
    assert np.array_equal(read.layers[1].mean, network.layers[1].adapt_mean[None, None, None])
    assert {layer.compute_dtype for layer in read.layers} == {"float32"}
    for one, other in zip(read.get_weights(), network.get_weights(), strict=True):
        assert np.array_equal(one, other)


# (width, height, size): down, up, both, one axis only, none, odd, over 2048 pixels
SIZES = [
    (300, 300, 150),
    (480, 480, 96),
    (37, 37, 96),
    (64, 64, 64),
    (640, 480, 160),
    (101, 333, 80),
    (2, 5, 7),
    (1, 1, 3),
    (2500, 30, 64),
    (31, 3001, 48),
]


def test_pixels_are_pillows_to_the_bit(node, tmp_path):
    random, jobs, wanted = np.random.default_rng(0), [], {}
    for number, (width, height, size) in enumerate(SIZES):
        pixels = random.integers(0, 256, (height, width, 3), np.uint8)
        pixels[:, : width // 2] //= 64  # dark and bright parts, too
        name = f"job{number}"
        (tmp_path / f"{name}.bin").write_bytes(pixels.tobytes())
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
        wanted[name] = to_square_array(open_photo(tmp_path / f"{name}.png"), size)
        jobs.append({"name": name, "width": width, "height": height, "size": size})
    (tmp_path / "jobs.json").write_text(json.dumps(jobs))
    node(RESIZE)
    for name, array in wanted.items():
        got = np.frombuffer((tmp_path / f"{name}.out").read_bytes(), np.uint8)
        assert np.array_equal(got.reshape(array.shape), array), name


@pytest.fixture
def saved(tmp_path) -> Path:
    """A small network, named after a data set of the catalog."""
    keras.utils.set_random_seed(0)
    path = tmp_path / "rock_paper_scissors_small.keras"
    published(30).save(path)
    return path


def test_the_page_lets_nothing_out_and_runs_only_its_own_code(saved, tmp_path, node):
    page = write_page(saved, tmp_path / "page.html").read_text(encoding="utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["connect-src"] == "'none'"
    assert "http" not in policy and "unsafe" not in policy and "*" not in policy
    code, style = parts(page)["module"], re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    for text, rule in ((code, "script-src"), (style, "style-src")):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    assert not re.search(r"\b(fetch|XMLHttpRequest|WebSocket|sendBeacon|import)\b *\(", code)
    assert not re.search(r"""(src|href)=["'](?!data:)""", page)
    assert "<title>paper, rock or scissors?</title>" in page
    (tmp_path / "whole.mjs").write_text(code)
    node(CHECK)


def test_names_of_classes_cannot_break_out_of_the_page(saved, tmp_path):
    names = ["</script><b>", "$weights", 'a "quote" & more']
    page = write_page(saved, tmp_path / "page.html", names).read_text(encoding="utf-8")
    assert json.loads(parts(page)["given"])["classes"] == names
    assert page.count("<b>") == 0 and "wins" not in json.loads(parts(page)["given"])


def test_where_the_names_of_the_classes_come_from(saved, tmp_path, monkeypatch):
    network = published(30)
    assert find_classes(saved, network) == CLASSES
    assert find_classes(saved, network, ["x", "y", "z"]) == ("x", "y", "z")
    other = tmp_path / "other.keras"
    with pytest.raises(
        PageError, match=r"3 classes of other\.keras are not known.*--classes a,b,c"
    ):
        find_classes(other, network)
    (tmp_path / "other.classes.txt").write_text("one\n two \n\nthree\n", encoding="utf-8")
    assert find_classes(other, network) == ("one", "two", "three")
    (tmp_path / "other.classes.txt").write_text("Käse\nBrot\nTee\n", encoding="cp1252")
    with pytest.raises(PageError, match=r"other\.classes\.txt is not in UTF-8; save it"):
        find_classes(other, network)
    with pytest.raises(PageError, match="3 classes apart, and given are x, y; name each"):
        find_classes(other, network, ["x", "y"])
    with pytest.raises(PageError, match="name each of its classes once"):
        find_classes(other, network, ["x", "y", "x"])


@keras.saving.register_keras_serializable("tests")
class Strange(layers.Layer):
    """A layer that nobody knows."""

    def call(self, inputs):
        return inputs


def wrapped(*middle: layers.Layer) -> keras.Model:
    end = [layers.GlobalAveragePooling2D(), layers.Dense(3, activation="softmax")]
    return keras.Sequential([keras.Input((16, 16, 3)), *middle, *end])


REFUSED = {
    "unknown": (
        lambda: wrapped(layers.SeparableConv2D(4, 3, name="apart")),
        "The layer 'apart' is a SeparableConv2D, which the page cannot compute; it knows Resc",
    ),
    "unknown within": (
        lambda: wrapped(
            keras.Sequential([keras.Input((16, 16, 3)), layers.LayerNormalization(name="deep")])
        ),
        "The layer 'deep' is a LayerNormalization",
    ),
    "own": (lambda: wrapped(Strange(name="own")), "The layer 'own' is a Strange"),
    "dilated": (
        lambda: wrapped(layers.Conv2D(4, 3, dilation_rate=2, name="wide")),
        "The layer 'wide' is a Conv2D with a dilation or groups",
    ),
    "cropped": (
        lambda: wrapped(layers.Resizing(8, 8, crop_to_aspect_ratio=True, name="cut")),
        "The layer 'cut' is a Resizing with an aspect ratio to keep",
    ),
    "smoothed": (
        lambda: wrapped(layers.Resizing(8, 8, antialias=True, name="smooth")),
        "The layer 'smooth' is a Resizing with another interpolation than plain bilinear",
    ),
    "a mean a pixel": (
        lambda: wrapped(layers.Normalization(axis=(1, 2, 3), name="each")),
        "The layer 'each' is a Normalization with another axis than the last",
    ),
    "random in use": (
        lambda: wrapped(layers.RandomCrop(8, 8, name="window")),
        "The layer 'window' is a RandomCrop, which the page cannot compute",
    ),
    "activation": (
        lambda: wrapped(layers.Conv2D(4, 3, activation="gelu", name="odd")),
        "The layer 'odd' is a Conv2D with the activation gelu",
    ),
    "logits": (
        lambda: keras.Sequential(
            [keras.Input((16, 16, 3)), layers.GlobalAveragePooling2D(), layers.Dense(3)]
        ),
        "must end in a softmax",
    ),
    "any size": (
        lambda: keras.Sequential(
            [keras.Input((None, None, 3)), *wrapped(layers.Conv2D(4, 3)).layers]
        ),
        "shape is (None, None, None, 3); it must be one RGB picture, square and",
    ),
    "two outputs": (
        lambda: keras.Model(
            pixels := keras.Input((8, 8, 3)),
            [layers.Softmax()(layers.GlobalAveragePooling2D()(pixels)) for _ in range(2)],
        ),
        "The network has several outputs; the page shows one",
    ),
    "grey": (
        lambda: keras.Sequential(
            [keras.Input((8, 8, 1)), *wrapped().layers[:-1], layers.Softmax()]
        ),
        "shape is (None, 8, 8, 1); it must be one RGB picture",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_page_cannot_do_is_refused_before_anything_is_written(case, tmp_path, capsys):
    build, sentence = REFUSED[case]
    network = build()
    network.save(tmp_path / "n.keras")
    page = tmp_path / "n.html"
    page.write_text("an older page")
    before = sorted(tmp_path.iterdir())
    assert main([str(tmp_path / "n.keras"), "--classes", "a,b,c", "--out", str(page)]) == 1
    said = capsys.readouterr().err
    assert sentence in said and said.count("\n") == 1, said
    assert sorted(tmp_path.iterdir()) == before and page.read_text() == "an older page"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "There is no file"),
        (b"no network", "is not a network that Keras saved"),
        ([], "is not a network that Keras saved"),
        ({"class_name": "Functional", "module": "keras", "config": []}, "is not a network that"),
    ],
    ids=["missing", "text", "list", "odd layers"],
)
def test_a_file_that_is_no_network_is_refused(content, sentence, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if isinstance(content, bytes):
        (tmp_path / "n.keras").write_bytes(content)
    elif content is not None:
        with zipfile.ZipFile(tmp_path / "n.keras", "w") as file:
            file.writestr("config.json", json.dumps(content))
    assert main(["n.keras", "--classes", "a,b"]) == 1
    assert sentence in capsys.readouterr().err and not (tmp_path / "n.html").exists()


def test_the_command_writes_a_page(saved, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([str(saved)]) == 0
    page = tmp_path / f"{saved.stem}.html"
    assert capsys.readouterr().out.startswith(f"{page.name}, ")
    weights = gzip.decompress(base64.b64decode(parts(page.read_text())["weights"]))
    assert len(weights) < 2.2 * published(30).count_params()  # 16 bits
    assert main([str(saved), "--out", "page.txt"]) == 1
    assert "must end in .html" in capsys.readouterr().err


def test_what_is_kept_gives_the_very_page(saved, tmp_path, capsys):
    page = write_page(saved, tmp_path / "page.html").read_text(encoding="utf-8")
    one, two = tmp_path / "one.zip", tmp_path / "two.zip"
    assert [main([str(saved), "--out", str(each)]) for each in (one, two)] == [0, 0]
    assert capsys.readouterr().out.count("make site") == 2
    assert one.read_bytes() == two.read_bytes()
    assert take_along_page.fill_template(*take_along_page.read_kept(one)) == page
    content = bytearray(one.read_bytes())
    name = take_along_page.GIVEN.encode()
    content[content.index(name) + len(name)] = 0xFF  # a kind of block that deflate does not have
    one.write_bytes(content)
    with pytest.raises(ValueError, match=r"one\.zip keeps no network; write it again"):
        take_along_page.read_kept(one)


def test_the_page_uses_what_the_panel_has():
    """Names of helpers/webcam.js that the page's code relies on, whatever else changes there."""
    panel = (PROJECT / "helpers" / "webcam.js").read_text()
    used: Sequence[str] = ("Panel", "GamePanel", "Camera", "Upload", "Bar")
    assert all(re.search(rf"^(export )?class {name}\b", panel, re.MULTILINE) for name in used)
    page = take_along_page.fill_template({"classes": ["a", "b"], "operations": []}, b"")
    assert not re.search(r"^export\b", page, re.MULTILINE)
