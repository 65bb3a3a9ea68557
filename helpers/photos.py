"""A picture or a learner's own photo: open it, make it square; classify it, show the answer."""

from __future__ import annotations

import base64
import contextlib
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import matplotlib.pyplot as plt
import numpy as np
from IPython import get_ipython
from IPython.display import display
from PIL import ExifTags, Image, UnidentifiedImageError
from scipy import ndimage

from helpers.data.catalog import pictures_below
from helpers.files import expand_home
from helpers.messages import OneSentence, printable

if TYPE_CHECKING:
    import ipywidgets
    import keras
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Image.init()  # the list below is of those formats that this Pillow reads
COMMON = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
RARE = ("AVIF", "JPEG2000", "PPM", "ICO", "TGA")
FORMATS = tuple(name for name in (*COMMON, *RARE) if name in Image.OPEN)
FORMATS_TEXT = "JPEG, PNG, GIF, WebP, BMP or TIFF"
HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})

LONGEST_SIDE = 2048  # pixels; more than any network here looks at, little to keep in memory
MAX_PIXELS = 120_000_000  # lets a phone's 108 megapixels pass; about 0.5 GB when unpacked
MAX_PHOTOS = 24  # figures shown for one folder
UNOPENED = "cannot be opened"  # begins the reasons that may pass: another try may go well

GARMENT_SIDE = 280  # pixels; ten times what Fashion-MNIST has
STANDS_OUT = 0.12  # share of the way from the ground to black or white

# The white of modes deeper than 8 bits: the first of these that no pixel exceeds.
DEEP_WHITES = {"I": (65535,), "F": (1, 255, 65535)}

_NAMES = "FLIP_LEFT_RIGHT ROTATE_180 FLIP_TOP_BOTTOM TRANSPOSE ROTATE_270 TRANSVERSE ROTATE_90"
TURNS = dict(enumerate((Image.Transpose[name] for name in _NAMES.split()), 2))  # by EXIF's number

WINNER_COLOUR = "#4477aa"
OTHER_COLOUR = "#a9b6c4"
TRACK_COLOUR = "#f3f5f7"
TEXT_COLOUR = "#333333"

HOW_TO = (
    "To classify a photo of your own, run this cell yourself in Jupyter or Colab, "
    "or give the path of a picture or of a folder of pictures."
)


class PhotoError(OneSentence):
    """A photo that cannot be used; the message is one sentence that says why and what to do.

    Attributes:
        reason: why, in a few words, such as "is empty".
    """

    def __init__(self, name: str, reason: str, advice: str = "") -> None:
        super().__init__(f"{name} {reason}; {advice}.")
        self.reason = reason


# Opening ---------------------------------------------------------------------------------------


def open_photo(source: str | Path | bytes, formats: Sequence[str] = FORMATS) -> Image.Image:
    """Open a photo, a path or the bytes of a file, as an upright RGB picture, whatever its format.

    EXIF rotation is applied, transparency is laid on white, deep grey is scaled to 8 bits, and of
    an animation the first frame is taken. Pictures of class folders go the same way.

    Returns:
        The picture in mode RGB, values 0..255, its longer side at most 2048 pixels. Its `info`
        holds the file's `size`, in pixels, and when it was `taken`, as EXIF says it.

    Raises:
        PhotoError: the source is missing, a folder, empty, damaged, over 120 million pixels, or
            no picture in one of the `formats`, which are named as Pillow does.
    """
    # Pillow's warnings concern the size, checked below, and odd metadata, not needed.
    with warnings.catch_warnings(action="ignore"):
        return open_in_thread(source, formats)


def open_in_thread(source: str | Path | bytes, formats: Sequence[str]) -> Image.Image:
    """Do what `open_photo` does, but let warnings be: threads share what is done about them."""
    name = "The uploaded photo" if isinstance(source, bytes) else printable(source)
    with _open_file(source, name) as file:
        try:
            with Image.open(file, formats=formats) as image:
                if image.width * image.height > MAX_PIXELS:  # by its header, before it is unpacked
                    raise Image.DecompressionBombError
                return _upright_rgb(image)
        except Image.DecompressionBombError:
            many = f"has more than {MAX_PIXELS // 1_000_000} million pixels"
            advice = f"save a smaller copy, {LONGEST_SIDE} pixels wide for example, and use that"
            raise PhotoError(name, many, advice) from None
        except MemoryError:
            advice = f"close other programs, or save a smaller copy, {LONGEST_SIDE} pixels wide"
            raise PhotoError(name, f"{UNOPENED} (too little memory)", advice) from None
        except Exception as error:  # on damaged files Pillow's readers raise errors of many kinds
            raise _unreadable(file, name, error) from None


def _open_file(source: str | Path | bytes, name: str) -> BinaryIO:
    """Open a source for reading; refuse what is missing, a folder or empty."""
    give = f"give a picture ({FORMATS_TEXT})"
    try:
        path = None if isinstance(source, bytes) else Path(source).expanduser()
        if path and path.is_dir():
            raise PhotoError(name, "is a folder", f"give one picture ({FORMATS_TEXT})")
        if path and not path.is_file():  # checked first: opening a pipe would wait for ever
            raise PhotoError(name, "is not a file", give)
        if not (path.stat().st_size if path else source):
            again = f"copy it again, or {give.replace(' a ', ' another ')}"
            raise PhotoError(name, "is empty", again)
        return path.open("rb") if path else BytesIO(source)
    except (OSError, RuntimeError) as error:  # RuntimeError: an unknown ~user
        why = getattr(error, "strerror", None) or error
        raise PhotoError(name, f"{UNOPENED} ({why})", f"{give} that you may read") from None


def _unreadable(file: BinaryIO, name: str, error: Exception) -> PhotoError:
    """Say what is wrong with a file of which Pillow's readers could make nothing."""
    file.seek(0)
    head = file.read(12)
    heic = head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS
    if heic or isinstance(error, UnidentifiedImageError):
        what = "is a HEIC picture" if heic else "is not a picture that can be read"
        advice = f"it must be {FORMATS_TEXT}: save or export it as JPEG or PNG"
        return PhotoError(name, what, advice)
    advice = "copy it again, or save it anew as JPEG or PNG"
    return PhotoError(name, "is damaged, cut short or of a rare kind", advice)


def _upright_rgb(image: Image.Image) -> Image.Image:
    """Unpack an opened file, make it small, turn it upright and lay it on white."""
    size, longest = image.size, max(image.size)
    # A JPEG is unpacked at a half, a quarter or an eighth of its size, never below the one wanted.
    if longest > LONGEST_SIDE:
        image.draft(None, tuple(max(1, side * LONGEST_SIDE // longest) for side in size))
    image.load()
    turn, taken = _exif(image)  # after loading, which turns a TIFF by itself
    if image.mode.startswith(("I", "F")):
        image = _deep_grey_to_8_bits(image)
    picture = image.convert("RGBA" if image.has_transparency_data else "RGB")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BILINEAR)
    if turn is not None:
        picture = picture.transpose(turn)
    if picture.mode == "RGBA":
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture).convert("RGB")
    picture.info = {"size": size, "taken": taken}
    return picture


def _exif(image: Image.Image) -> tuple[Image.Transpose | None, str]:
    """Return the turn and the time that EXIF tells; damaged EXIF does not spoil a good picture."""
    # ImageOps.exif_transpose also writes the other fields again, and fails if one is damaged.
    turn, taken = None, ""
    with contextlib.suppress(Exception):  # the reader raises errors of many kinds
        exif = image.getexif()
        turn = TURNS.get(exif.get(ExifTags.Base.Orientation))
        own = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal)
        taken = str(own or exif.get(ExifTags.Base.DateTime, ""))
    return turn, taken


def _deep_grey_to_8_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit, 32-bit or float grey to mode L; Pillow alone would clip it to white."""
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        grey = (values >> 8).astype(np.uint8)  # the high byte, as Pillow does for 16-bit colour
    else:
        finite = np.nan_to_num(values.astype(np.float32), posinf=0.0, neginf=0.0).clip(min=0)
        brightest = float(finite.max())
        white = next((top for top in DEEP_WHITES[image.mode] if brightest <= top), brightest)
        grey = (finite * (255 / white)).round().astype(np.uint8)
    transparent = image.info.get("transparency")  # one grey value of a PNG
    if transparent is not None:
        grey[values == transparent] = 255
    return Image.fromarray(grey)


# Making the network's input --------------------------------------------------------------------


def to_square_array(image: Image.Image, size: int) -> np.ndarray:
    """Resize a picture to a square; one that is not square is padded first.

    Returns:
        uint8 array of shape (size, size, 3), RGB, values 0..255. For a square picture exactly
        `image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR)`.
    """
    image = image.convert("RGB")
    if image.width != image.height:
        # Border pixels carry the background on: cropping could cut fingers off, squeezing would
        # change the hand's shape, and a black or white bar is an edge that no training picture has.
        image = _pad_to_square(np.asarray(image), "edge")
    # Pillow's filter widens as it shrinks a picture (antialiasing), so thin fingers don't break up.
    return np.array(image.resize((size, size), Image.Resampling.BILINEAR))


def _pad_to_square(values: np.ndarray, mode: str) -> Image.Image:
    """Add rows above and below, or columns left and right, in a mode of `np.pad`."""
    sides = values.shape[:2]
    missing = [max(sides) - side for side in sides] + [0] * (values.ndim - 2)
    return Image.fromarray(np.pad(values, [(m // 2, m - m // 2) for m in missing], mode))


def garment_on_black(photo: Image.Image) -> Image.Image:
    """Bring a photo of one garment on an even ground to the look of Fashion-MNIST.

    It becomes grey, its negative where the ground is light, is put on black, trimmed and centred,
    so that its longer side fills the picture: square, RGB, 280 pixels at most.

    Raises:
        PhotoError: nothing stands out from the ground.

    Source: H. Xiao, K. Rasul, R. Vollgraf (2017), Fashion-MNIST, figure 1: the shop's photos were
        trimmed, fitted to 28 pixels, centred and negated in this way.
    """
    small = photo.convert("L")
    small.thumbnail((GARMENT_SIDE, GARMENT_SIDE), Image.Resampling.BILINEAR)
    grey = np.asarray(small, np.float32)
    ground = np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]]))
    range_of_ground = ground if ground > 127 else ground - 255  # below 0: keep, do not negate
    shades = np.clip((ground - grey) / range_of_ground, 0, 1)
    garment = ndimage.median_filter(shades, 5) > STANDS_OUT  # no single specks
    rows, columns = np.flatnonzero(garment.any(axis=1)), np.flatnonzero(garment.any(axis=0))
    if not len(rows):
        raise PhotoError(
            "No garment",
            "stands out from its background",
            "lay a dark one on something light, or a light one on something dark",
        )
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    values = (255 * np.where(ndimage.binary_fill_holes(garment), shades, 0)[box]).astype(np.uint8)
    return _pad_to_square(values, "constant").convert("RGB")


# Classifying -----------------------------------------------------------------------------------

Look = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True, eq=False)
class Prediction:
    """A network's answer for one photo: as a cell's value it is its figure, with `alt_text`.

    Attributes:
        label: name of the most probable class.
        probability: its probability, 0..1.
        probabilities: of every class, in their order.
        image: uint8 array of shape (size, size, 3), the photo as the network saw it.
    """

    label: str
    probability: float
    probabilities: dict[str, float]
    image: np.ndarray = field(repr=False)

    @property
    def answer(self) -> str:
        """The label and its probability; JupyterLab shows no alt text, and this line instead."""
        return f"{self.label}, {_percent(self.probability)}"

    @property
    def alt_text(self) -> str:
        """The figure in words."""
        every = ", ".join(f"{name} {_percent(p)}" for name, p in self.probabilities.items())
        return f"A photo, classified as {self.label}. Probabilities: {every}."

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        """Return the figure as Jupyter wants it: data by type, then metadata by type."""
        buffer = BytesIO()
        show_prediction(self).savefig(buffer, format="png", dpi=100)
        png = base64.b64encode(buffer.getvalue()).decode("ascii")
        data = {"image/png": png, "text/plain": self.alt_text}
        return data, {"image/png": {"alt": self.alt_text}}


def classify_photo(
    model: keras.Model, source: str | Path | bytes, classes: Sequence[str], look: Look | None = None
) -> Prediction:
    """Classify one photo.

    Args:
        model: takes (n, size, size, 3) raw pixels 0..255, scales them itself, ends in a softmax.
        source: a path, or the bytes of a file; see `open_photo`.
        classes: class names, in the order of the model's outputs.
        look: brings the photo to the look of the training pictures, as `garment_on_black` does.

    Raises:
        PhotoError: the photo cannot be used; see `open_photo`.
        ValueError: the model's input is not one square RGB picture, or its output does not fit.
    """
    size = _input_size(model, classes)
    photo = open_photo(source)
    image = to_square_array(look(photo) if look else photo, size)
    batch = image[np.newaxis].astype(np.float32)
    # For one picture a call is quicker than `predict`, which sets up a data pipeline. Networks made
    # of those in keras.applications take a list of one input, and warn of an input without a list.
    with warnings.catch_warnings(action="ignore"):
        output = np.asarray(model(batch, training=False), dtype=np.float64)[0]
    if np.isnan(output).any():
        raise OneSentence(
            "The model's output is not a number: its training ran away; train it at a lower "
            "learning rate."
        )
    if not (output.min() >= 0 and abs(output.sum() - 1) < 0.01):
        raise ValueError(
            "The model's output is not a set of probabilities that sum to 1; "
            "its last layer must be a softmax over the classes."
        )
    probabilities = dict(zip(classes, output.tolist(), strict=True))
    label = max(probabilities, key=probabilities.__getitem__)
    return Prediction(label, probabilities[label], probabilities, image)


def _input_size(model: keras.Model, classes: Sequence[str]) -> int:
    """Return the side of the model's input pictures, after checking that it fits the classes."""
    if len(set(classes)) != len(classes):
        raise ValueError(f"Class names must differ from each other; these do not: {list(classes)}.")
    shape = tuple(model.input_shape)
    if len(shape) != 4 or shape[3] != 3 or shape[1] is None or shape[1] != shape[2]:
        raise ValueError(
            f"The model's input shape is {shape}; a photo needs (None, size, size, 3) "
            "with one fixed size."
        )
    outputs = tuple(model.output_shape)[1:]
    if outputs != (len(classes),):
        raise ValueError(
            f"The model's output for one picture has shape {outputs}, but {len(classes)} classes "
            "are named; it must be a softmax with one output for each class."
        )
    return shape[1]


def _percent(probability: float) -> str:
    """Write a probability as a percentage that never rounds doubt away."""
    if 0 < probability < 0.001:
        return "<0.1 %"
    if 0.999 < probability < 1:
        return ">99.9 %"
    return f"{100 * probability:.1f} %"


# Showing ---------------------------------------------------------------------------------------


def show_prediction(prediction: Prediction) -> Figure:
    """Draw the photo as the network saw it, and the class probabilities as bars in class order."""
    size = (5.2, max(2.4, 0.36 * len(prediction.probabilities) + 0.9))
    options = {"width_ratios": (1, 1.5), "layout": "constrained"}
    figure, (left, right) = plt.subplots(ncols=2, figsize=size, **options)
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.08)
    left.imshow(prediction.image, interpolation="nearest")
    left.set(xticks=[], yticks=[])
    left.spines[:].set_visible(False)
    height, width = prediction.image.shape[:2]
    seen = f"what the network sees:\n{width} × {height} pixels"
    left.set_xlabel(seen, color=TEXT_COLOUR, size=8)
    _draw_bars(right, prediction)
    plt.close(figure)  # otherwise a notebook shows it a second time
    return figure


def _draw_bars(axes: Axes, prediction: Prediction) -> None:
    names, values = zip(*prediction.probabilities.items(), strict=True)
    colours = [WINNER_COLOUR if name == prediction.label else OTHER_COLOUR for name in names]
    rows = range(len(names))
    axes.barh(rows, 1, height=0.62, color=TRACK_COLOUR)  # shows where certainty would end
    bars = axes.barh(rows, values, height=0.62, color=colours)
    axes.bar_label(bars, [_percent(value) for value in values], padding=4, color=TEXT_COLOUR)
    # Names are no formulas: a dollar sign in one is a dollar sign.
    axes.set_yticks(rows, [textwrap.fill(name, 20) for name in names], parse_math=False)
    axes.invert_yaxis()
    axes.set(xlim=(0, 1.22), xticks=[])  # room for the longest label beside a full bar
    axes.tick_params(left=False, labelcolor=TEXT_COLOUR)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.spines["left"].set_color(OTHER_COLOUR)
    title = textwrap.fill(f"Prediction: {prediction.label}", 26)
    axes.set_title(title, loc="left", color=TEXT_COLOUR, size=11, parse_math=False)


# In a notebook ---------------------------------------------------------------------------------

Classify = Callable[[Path | bytes], Prediction]


def classify_own_photos(
    model: keras.Model, classes: Sequence[str], path: str | Path = "", look: Look | None = None
) -> None:
    """Classify a learner's own photos and show a figure for each.

    A path wins. Without one, Colab opens its upload dialogue and Jupyter shows an upload button;
    where nobody is there to upload (papermill, nbval, a script), one line says what to do.

    Args:
        model, classes, look: see `classify_photo`.
        path: a picture, or a folder of pictures of which the first 24 by name are shown.

    Raises:
        PhotoError: the path is missing, or none of its pictures can be used.
        ValueError: the model does not fit; see `classify_photo`.
    """
    _input_size(model, classes)
    classify = partial(classify_photo, model, classes=classes, look=look)
    if str(path).strip():
        _classify_path(classify, Path(path))
    elif not _someone_is_there():
        print(HOW_TO)
    elif "google.colab" in sys.modules:
        from google.colab import files

        print("Choose photos, or press Cancel to go on without.")  # the next cells wait
        uploads = files.upload()
        if not uploads:
            print("No photo was chosen; run this cell again to choose one.")
        _show_each(classify, uploads.items())
    else:
        display(photo_widget(classify))


def find_fault(path: str | Path) -> str:
    """Say why `classify_own_photos` would show nothing of a path; "" if it would show something."""
    faults = []
    try:
        for photo in _photos_of(expand_home(path))[:MAX_PHOTOS]:
            try:
                open_photo(photo)
                return ""
            except PhotoError as error:
                faults.append(str(error))
    except (PhotoError, OSError, ValueError) as error:  # too long, a null character
        return str(error)
    return faults[0]


def photo_widget(classify: Classify) -> ipywidgets.VBox:
    """Make an upload button for Jupyter that classifies every photo chosen with it.

    Below it stand the figures; a photo that cannot be used gets its one sentence there.
    """
    import ipywidgets  # only a live notebook needs it

    upload = ipywidgets.FileUpload(
        accept="image/*", multiple=True, description="Choose photos", layout={"width": "12em"}
    )
    output = ipywidgets.Output()

    def classify_uploads(change: dict[str, Any]) -> None:
        output.outputs = ()  # earlier figures give way to the new ones
        for file in change["new"]:
            said, prediction = _try(classify, file["name"], bytes(file["content"]))
            output.append_stdout(f"{said}\n")
            if prediction:
                output.append_display_data(prediction)

    upload.observe(classify_uploads, names="value")
    return ipywidgets.VBox([upload, output])


def _try(classify: Classify, name: str, source: Path | bytes) -> tuple[str, Prediction | None]:
    """Classify a photo; return what to say of it, and the prediction if it can be used."""
    try:
        prediction = classify(source)
    except PhotoError as error:
        return f"{name}\n{error}", None
    return f"{name}: {prediction.answer}", prediction


def _someone_is_there() -> bool:
    """Tell whether a person sent this cell.

    Every request to run a cell says whether its sender can answer questions (`allow_stdin` in
    Jupyter's messaging protocol): JupyterLab, Notebook, VS Code and Colab say yes; papermill,
    nbval and nbconvert say no.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    if not hasattr(kernel, "get_parent"):
        return False
    return bool(kernel.get_parent("shell").get("content", {}).get("allow_stdin", False))


def _photos_of(path: Path) -> list[Path]:
    """Return the pictures of a folder by name, or the one at a path."""
    photos = sorted(pictures_below(path)) if path.is_dir() else [path]
    if not photos:
        raise PhotoError(str(path), "holds no pictures", f"put some there ({FORMATS_TEXT})")
    return photos


def _classify_path(classify: Classify, path: Path) -> None:
    path = expand_home(path)
    photos = _photos_of(path)
    if photos == [path]:
        display(classify(path))
        return
    if len(photos) > MAX_PHOTOS:
        print(f"{path} holds {len(photos)} pictures; the first {MAX_PHOTOS} are shown.")
    named = [(photo.relative_to(path).as_posix(), photo) for photo in photos[:MAX_PHOTOS]]
    if not _show_each(classify, named):
        raise PhotoError(f"None of the pictures in {path}", "can be used", "see the lines above")


def _show_each(classify: Classify, photos: Iterable[tuple[str, Path | bytes]]) -> int:
    """Show each photo's answer and figure, or its sentence; return how many were classified."""
    shown = 0
    for name, source in photos:
        said, prediction = _try(classify, name, source)
        print(said)
        if prediction:
            display(prediction)
            shown += 1
    return shown
