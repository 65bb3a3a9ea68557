"""The camera's panel in a browser, by itself: its page's code, with the kernel's code behind it.

Needs what test_browser.py needs. The page asks `Webcam` through Playwright in place of Jupyter.
Chromium's camera shows a green picture of its own.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator

import pytest
from browsers import CAMERA, press, says
from PIL import Image
from trained import CLASSES, colour_network

from helpers.webcam import Album, Game, Webcam

HOST = "http://localhost:8899/"
MODEL = """([state, code]) => {
  const heard = new Map();
  const model = {
    silent: false,
    sent: 0,
    get: (name) => state[name],
    on: (event, listener) => heard.set(listener, event),
    off: (event, listener) => heard.delete(listener),
    hear: (message) => [...heard.keys()].forEach((listener) => listener(message)),
    send(question, _, buffers) {
      if (model.lost) throw new Error("no kernel");
      model.answer(question, buffers);
    },
    async answer(question, buffers) {
      model.sent++;
      if (model.silent) return;
      const bytes = buffers.length ? [...new Uint8Array(buffers[0])] : null;
      const text = bytes && btoa(bytes.map((byte) => String.fromCharCode(byte)).join(""));
      model.hear(JSON.parse(await window.kernel(JSON.stringify(question), text)));
    },
  };
  const media = navigator.mediaDevices;
  window.streams = [];
  if (media) {
    const open = media.getUserMedia.bind(media);
    media.getUserMedia = async (wanted) => {
      const stream = await open(wanted);
      window.streams.push(stream);
      return stream;
    };
  }
  window.model = model;
  const tracks = () => window.streams.flatMap((stream) => stream.getTracks());
  window.live = () => tracks().filter((track) => track.readyState == "live").length;
  const file = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  return import(file).then((module) => {
    window.leave = module.default.render({ model, el: document.body });
  });
}"""


@pytest.fixture(scope="module")
def network():
    """Reads green as rock, and is sure of it; of grey it is unsure."""
    return colour_network(1 / 10)


@pytest.fixture(scope="module")
def with_camera(launch) -> Iterator:
    started = launch(*CAMERA)
    yield started
    started.close()


@pytest.fixture
def shown() -> Iterator[Callable]:
    """Return a function that shows the panel of a game or an album in a browser."""
    contexts = []

    def show(browser, what: Game | Album, host: str = HOST, clock: bool = False):
        context = browser.new_context(viewport={"width": 800, "height": 900})
        contexts.append(context)
        page = context.new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.route(
            "**/*", lambda route: route.fulfill(body="<body></body>", content_type="text/html")
        )
        panel = Webcam(what)
        replies: list[dict] = []
        panel.send = replies.append

        def kernel(question: str, frame: str | None) -> str:
            buffers = [memoryview(base64.b64decode(frame))] if frame else []
            panel._handle_custom_msg(json.loads(question), buffers)
            return json.dumps(replies[-1])

        page.expose_function("kernel", kernel)
        if clock:
            page.clock.install()
        page.goto(host)
        state = {name: getattr(panel, name) for name in ("kind", "classes", "start")}
        page.evaluate(MODEL, [state, str(Webcam._esm)])
        page.add_style_tag(content=str(Webcam._css))
        page.errors = errors
        return page

    yield show
    for context in contexts:
        context.close()


def switch_on(page) -> None:
    press(page, "camera")
    page.locator(".wc-best").wait_for()


def live(page) -> int:
    return page.evaluate("live()")


def test_a_game_is_played_and_stop_frees_the_camera(shown, with_camera, network):
    game = Game(network, CLASSES, seed=0)
    page = shown(with_camera, game)
    press(page, "camera")
    page.locator(".wc-best .wc-name", has_text="rock").wait_for()
    for _ in range(5):
        press(page, "play")
        says(page, "I read rock")
        press(page, "showed-paper")
        page.locator("button[name=showed-paper][aria-pressed=true]").wait_for()
    assert [one.read for one in game.rounds] == ["rock"] * 5 and len(game.told) == 5
    won, lost = game.score
    assert page.locator(".wc-numbers").inner_text() == f"{won} : {lost}"
    assert page.locator("td.wc-mistake").inner_text() == "5"
    assert page.locator("button[name=play]").inner_text() == "New game"
    assert live(page) == 1
    press(page, "stop")
    says(page, "The camera is off")
    assert live(page) == 0 and page.errors == []


def test_the_move_is_hidden_until_the_hand_was_read(shown, with_camera, network):
    game = Game(network, CLASSES, seed=0)
    page = shown(with_camera, game)
    press(page, "camera")
    press(page, "play")
    page.locator(".wc-count", has_text="3").wait_for()
    (dealt,) = game.rounds
    assert not dealt.frame
    assert page.locator(".wc-move").inner_text() == "?"
    assert page.locator("figcaption").last.inner_text() == f"sealed {dealt.seal[:8]}"
    says(page, "I read rock")
    assert page.locator("figcaption").last.inner_text() == f"the computer: {dealt.move}"


def test_a_second_click_opens_no_second_camera(shown, with_camera, network):
    page = shown(with_camera, Game(network, CLASSES))
    page.evaluate("""() => {
        const button = document.querySelector('[name=camera]');
        button.click(); button.click(); button.click();
    }""")
    page.locator(".wc-best").wait_for()
    assert live(page) == 1


def test_a_cell_that_is_run_again_or_closed_frees_the_camera(shown, with_camera, network):
    page = shown(with_camera, Game(network, CLASSES))
    switch_on(page)
    page.evaluate("leave()")
    assert live(page) == 0 and page.locator(".wc").count() == 1
    sent = page.evaluate("model.sent")
    page.wait_for_timeout(600)
    assert page.evaluate("model.sent") == sent, "nothing is sent any more"


def test_while_the_browser_asks_the_page_may_be_left(shown, with_camera, network):
    page = shown(with_camera, Game(network, CLASSES))
    page.evaluate("() => { document.querySelector('[name=camera]').click(); leave(); }")
    page.wait_for_function("streams.length == 1")
    page.wait_for_function("live() == 0")


def test_the_kernel_can_switch_the_camera_off(shown, with_camera, network):
    page = shown(with_camera, Game(network, CLASSES))
    switch_on(page)
    page.evaluate("model.hear({ stop: true })")
    assert live(page) == 0


def test_one_picture_at_a_time_and_after_a_minute_without_an_answer_none(
    shown, with_camera, network
):
    page = shown(with_camera, Game(network, CLASSES), clock=True)
    switch_on(page)
    page.evaluate("model.silent = true")
    page.wait_for_timeout(500)
    sent = page.evaluate("model.sent")
    page.clock.fast_forward(5_000)
    assert page.evaluate("model.sent") == sent
    assert page.locator(".wc-busy").count() == 1 and live(page) == 1
    page.clock.fast_forward(60_000)
    says(page, "No answer for a minute: is the kernel still running")
    assert live(page) == 0


def test_a_kernel_that_was_restarted_is_told(shown, with_camera, network):
    page = shown(with_camera, Game(network, CLASSES))
    switch_on(page)
    page.evaluate("model.lost = true")
    says(page, "lost its kernel: run its cell again. The camera is off")
    assert live(page) == 0


def test_the_network_that_is_not_sure_says_so_and_asks_again(shown, with_camera, network):
    never = Game(network, CLASSES, seed=0)
    never.margin = 1  # only certainty would do
    page = shown(with_camera, never)
    press(page, "camera")
    press(page, "play")
    says(page, "Not sure: rock or (paper|scissors)")
    says(page, "Not sure of this hand")
    assert never.rounds[0].unsure == 3 and never.rounds[0].outcome == ""
    assert page.locator(".wc-move").inner_text() == "?"


def test_without_a_camera_a_sentence_says_what_else_there_is(shown, browser, network, tmp_path):
    page = shown(browser, Game(network, CLASSES, seed=0))
    press(page, "camera")
    says(page, "There is no camera here: .* or the drawn hands")
    with page.expect_file_chooser() as chooser:
        press(page, "upload")
    green = tmp_path / "green.png"
    Image.new("RGB", (48, 48), (0, 255, 0)).save(green)
    chooser.value.set_files(green)
    page.locator(".wc-best .wc-name", has_text="rock").wait_for()
    press(page, "play")
    says(page, "I read rock")
    with page.expect_file_chooser() as chooser:
        press(page, "upload")
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    chooser.value.set_files(tmp_path / "broken.jpg")
    says(page, "is not a picture that can be read")
    press(page, "drawn")
    page.locator(".wc-best").wait_for()
    press(page, "play")
    says(page, "I read|Not sure")
    assert page.errors == []


def test_a_camera_that_is_not_allowed_is_told(shown, launch, network):
    started = launch(CAMERA[1], "--deny-permission-prompts")
    page = shown(started, Game(network, CLASSES))
    press(page, "camera")
    says(page, "The camera was not allowed: allow it beside the page's address")
    started.close()


def test_a_page_that_is_not_secure_is_told(shown, with_camera, network):
    page = shown(with_camera, Game(network, CLASSES), host="http://course.example/")
    press(page, "camera")
    says(page, "only to pages from localhost or by https")
    assert "wherever that runs" in page.locator(".wc-note").inner_text()


def test_thirty_pictures_are_taken_in_five_goes(shown, with_camera, tmp_path):
    album = Album("hands", "rock, paper", tmp_path)
    page = shown(with_camera, album)
    assert page.locator("button[name=take-rock]").is_disabled()
    press(page, "camera")
    press(page, "take-rock")
    says(page, r"That was rock\. Now paper\?")
    assert album.count() == {"paper": 0, "rock": 30}
    names = [path.name for path in (tmp_path / "hands" / "rock").iterdir()]
    assert {name[:6] for name in names} == {f"take0{take}" for take in range(1, 6)}
    press(page, "take-paper")
    page.wait_for_function("document.querySelector('.wc-value').textContent > 3")
    press(page, "stop")
    assert live(page) == 0
    some = album.count()["paper"]
    assert 3 < some < 30
    press(page, "camera")
    press(page, "take-paper")
    says(page, "All there")
    assert album.count() == {"paper": 30, "rock": 30} and page.errors == []


@pytest.mark.parametrize("width", [390, 1280])
def test_a_panel_fits_its_page(shown, with_camera, network, tmp_path, width):
    for what in (Game(network, CLASSES), Album("hands", "a long name, another, third", tmp_path)):
        page = shown(with_camera, what)
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
