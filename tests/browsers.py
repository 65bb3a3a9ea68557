"""What the tests in a browser share: a camera and its film, the panel's buttons and words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from helpers.environment import RUNS_FOLDER

CAMERA = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]  # Chromium's


def write_film(file: Path, pictures: Iterable[Image.Image], height: int, rate: int) -> None:
    """Write a film of 4:3 for Chromium's camera: square pictures on nearly white, `rate` a second.

    Each fills the height.
    """
    width = height * 4 // 3
    with file.open("wb") as film:
        film.write(f"YUV4MPEG2 W{width} H{height} F{rate}:1 Ip A1:1 C420jpeg\n".encode())
        for picture in pictures:
            frame = Image.new("RGB", (width, height), (250, 250, 250))
            frame.paste(picture.resize((height, height)), ((width - height) // 2, 0))
            light, blue, red = frame.convert("YCbCr").split()
            small = [plane.resize((width // 2, height // 2)).tobytes() for plane in (blue, red)]
            film.write(b"FRAME\n" + light.tobytes() + b"".join(small))


def camera_of(film: Path) -> list[str]:
    """Return the switches that let Chromium's camera show a film."""
    return [*CAMERA, f"--use-file-for-fake-video-capture={film}"]


def press(page, name: str) -> None:
    """Press a button of the panel once it can be pressed."""
    page.locator(f"button[name={name}]:enabled").click()


def says(page, text: str) -> None:
    """Wait until the panel says what a pattern describes."""
    page.locator(".wc-say", has_text=re.compile(text)).wait_for(timeout=30_000)


def keep_picture(page, name: str, full_page: bool = False) -> None:
    """Leave a picture of what the browser shows in `runs/browser/`."""
    folder = RUNS_FOLDER / "browser"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=full_page)
