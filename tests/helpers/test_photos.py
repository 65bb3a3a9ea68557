"""Tests of helpers/photos.py: every kind of photo, a model with known answers, the notebook."""

import base64
import datetime
import sys
import types
import warnings
from functools import partial
from io import BytesIO

import numpy as np
import pytest
from bombs import bomb
from kernels import kernel_in, run_cell
from PIL import Image, ImageOps

from helpers import photos
from helpers.environment import PROJECT
from helpers.photos import PhotoError
from helpers.samples import draw_picture

COLOURS = ("red", "green", "blue")


def encoded(image: Image.Image, format: str = "PNG", **options) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def arrow() -> Image.Image:
    """A picture that looks different in each of the eight orientations: four grey quarters."""
    quarters = np.array([[0, 80, 80], [160, 240, 240]], np.uint8)
    return Image.fromarray(np.kron(quarters, np.ones((16, 16), np.uint8))).convert("RGB")


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    bands = len(Image.new(mode, (1, 1)).getbands())
    shape = (height, width) if bands == 1 else (height, width, bands)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return Image.frombytes(mode, (width, height), pixels.tobytes())


def corner(image: Image.Image) -> tuple:
    return image.getpixel((0, 0))


# Modes and formats -------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha, expected", [(255, (200, 0, 0)), (0, (255,) * 3)])
def test_rgba_is_laid_on_white(alpha, expected):
    photo = photos.open_photo(encoded(Image.new("RGBA", (5, 4), (200, 0, 0, alpha))))
    assert (photo.mode, photo.size, corner(photo)) == ("RGB", (5, 4), expected)


def test_half_transparency_is_mixed_with_white():
    photo = photos.open_photo(encoded(Image.new("RGBA", (3, 3), (200, 0, 0, 51))))
    np.testing.assert_allclose(corner(photo), (244, 204, 204), atol=1)


@pytest.mark.parametrize("alpha, expected", [(255, 70), (0, 255)])
def test_grey_with_alpha_is_laid_on_white(alpha, expected):
    photo = photos.open_photo(encoded(Image.new("LA", (3, 3), (70, alpha))))
    assert corner(photo) == (expected,) * 3


def test_grey_becomes_three_equal_channels():
    grey = noise(6, 5, "L")
    photo = np.asarray(photos.open_photo(encoded(grey)))
    np.testing.assert_array_equal(photo, np.repeat(np.asarray(grey)[..., None], 3, axis=2))


def test_black_and_white():
    photo = np.asarray(photos.open_photo(encoded(noise(16, 8, "L").convert("1"))))
    assert set(np.unique(photo)) == {0, 255}


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_16_bit_grey_keeps_its_greys(format):
    values = np.array([[0, 256, 32768, 65535]], np.uint16)
    photo = photos.open_photo(encoded(Image.fromarray(values), format))
    assert np.asarray(photo)[0, :, 0].tolist() == [0, 1, 128, 255]


def test_16_bit_grey_with_a_transparent_value():
    values = np.array([[0, 32768]], np.uint16)
    photo = photos.open_photo(encoded(Image.fromarray(values), transparency=0))
    assert np.asarray(photo)[0, :, 0].tolist() == [255, 128]


def test_32_bit_grey_of_16_bit_values():
    values = np.array([[0, 32768, 65535]], np.int32)
    photo = photos.open_photo(encoded(Image.fromarray(values), "TIFF"))
    assert np.asarray(photo)[0, :, 1].tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    "values, expected",
    [
        ([-5, 0, 50_000, 100_000], [0, 0, 128, 255]),
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 100.0, 255.0], [0, 100, 255]),
        ([np.nan, np.inf, 1.0], [0, 0, 255]),
        ([0.0, 0.0], [0, 0]),
    ],
)
def test_other_deep_grey_is_scaled_by_its_range(values, expected):
    dtype = np.float32 if isinstance(values[0], float) else np.int32
    photo = photos.open_photo(encoded(Image.fromarray(np.array([values], dtype)), "TIFF"))
    assert np.asarray(photo)[0, :, 2].tolist() == expected


def test_palette():
    colours = Image.new("RGB", (4, 2), (10, 200, 30))
    photo = photos.open_photo(encoded(colours.convert("P", palette=Image.Palette.ADAPTIVE)))
    assert corner(photo) == (10, 200, 30)


@pytest.mark.parametrize("transparency", [1, bytes([255, 0])])
def test_palette_with_transparency(transparency):
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putdata([0, 1])
    photo = photos.open_photo(encoded(image, transparency=transparency))
    assert [photo.getpixel((x, 0)) for x in (0, 1)] == [(10, 20, 30), (255, 255, 255)]


def test_rgb_with_one_transparent_colour():
    image = Image.new("RGB", (2, 1), (9, 8, 7))
    image.putpixel((0, 0), (1, 2, 3))
    photo = photos.open_photo(encoded(image, transparency=(1, 2, 3)))
    assert [photo.getpixel((x, 0)) for x in (0, 1)] == [(255, 255, 255), (9, 8, 7)]


@pytest.mark.parametrize("colour", ["red", "white", "black"])
def test_cmyk_jpeg_as_adobe_writes_it(colour):
    rgb = Image.new("RGB", (16, 16), colour)
    data = encoded(rgb.convert("CMYK"), "JPEG", quality=95)
    assert b"Adobe" in data[:200]  # the marker that says the four channels are inverted
    np.testing.assert_allclose(corner(photos.open_photo(data)), corner(rgb), atol=4)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_every_allowed_format_from_a_file_and_from_bytes(format, tmp_path):
    image = Image.new("RGB", (20, 10), (0, 0, 255))
    path = tmp_path / "photo"  # the content decides, not the name
    path.write_bytes(encoded(image, format))
    for source in (path, str(path), path.read_bytes()):
        photo = photos.open_photo(source)
        assert (photo.mode, photo.size) == ("RGB", (20, 10))
        np.testing.assert_allclose(corner(photo), (0, 0, 255), atol=3)


def test_phone_jpeg_of_several_pictures():
    first, second = Image.new("RGB", (16, 8), "red"), Image.new("RGB", (16, 8), "blue")
    data = encoded(first, "MPO", save_all=True, append_images=[second])
    np.testing.assert_allclose(corner(photos.open_photo(data)), (254, 0, 0), atol=2)


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_first_frame_of_an_animation(format):
    frames = [Image.new("RGB", (8, 8), colour) for colour in COLOURS]
    lossless = {"lossless": True} if format == "WEBP" else {}
    data = encoded(frames[0], format, save_all=True, append_images=frames[1:], **lossless)
    assert corner(photos.open_photo(data)) == (255, 0, 0)


# Orientation and size ----------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation(format, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    # As a camera stores it: the pixels turned so that the tag turns them back.
    inverse = {6: 8, 8: 6}.get(orientation, orientation)
    turn = photos.TURNS.get(inverse)
    stored = arrow() if turn is None else arrow().transpose(turn)
    options = {} if format == "TIFF" else {"quality": 95}
    photo = photos.open_photo(encoded(stored, format, exif=exif, **options))
    assert photo.size == arrow().size
    np.testing.assert_allclose(np.asarray(photo, int), np.asarray(arrow(), int), atol=6)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_size_and_time_of_the_file_come_along(format):
    exif = Image.Exif()
    exif[0x0132] = "2024:01:31 10:00:00"
    photo = photos.open_photo(encoded(noise(3000, 20), format, exif=exif))
    assert photo.info == {"size": (3000, 20), "taken": "2024:01:31 10:00:00"}
    exif.get_ifd(0x8769)[0x9003] = "2024:01:30 09:00:00"
    photo = photos.open_photo(encoded(noise(30, 20), format, exif=exif))
    if format != "TIFF":  # Pillow does not write the inner list there
        assert photo.info["taken"] == "2024:01:30 09:00:00"
    assert photos.open_photo(encoded(noise(3, 2), format)).info["taken"] == ""


def test_orientation_agrees_with_pillow():
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = encoded(arrow(), exif=exif)
        with Image.open(BytesIO(data)) as image:
            expected = np.asarray(ImageOps.exif_transpose(image))
        np.testing.assert_array_equal(np.asarray(photos.open_photo(data)), expected)


@pytest.mark.parametrize(
    "old, new, turned",
    [
        (b"\x01\x0f\x00\x02", b"\x01\x00\x00\x02", True),  # a width that is a text
        (b"MM\x00*", b"MM\x00\x00", False),  # no EXIF header any more
    ],
)
def test_damaged_exif_does_not_spoil_a_good_picture(old, new, turned):
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Maker", 6
    assert exif.tobytes().count(old) == 1
    data = encoded(arrow(), exif=exif.tobytes().replace(old, new))
    width, height = arrow().size
    assert photos.open_photo(data).size == ((height, width) if turned else (width, height))


def test_one_pixel():
    data = encoded(Image.new("RGB", (1, 1), (1, 2, 3)))
    assert corner(photos.open_photo(data)) == (1, 2, 3)
    assert (photos.to_square_array(photos.open_photo(data), 7) == (1, 2, 3)).all()


def test_huge_jpeg_is_unpacked_small(monkeypatch):
    data = encoded(Image.new("RGB", (8000, 6000), (200, 100, 50)), "JPEG")
    unpacked = []
    convert = Image.Image.convert
    monkeypatch.setattr(
        Image.Image, "convert", lambda self, *a: unpacked.append(self.size) or convert(self, *a)
    )
    photo = photos.open_photo(data)
    assert photo.size == (2048, 1536)
    assert unpacked[0] == (4000, 3000)
    np.testing.assert_allclose(corner(photo), (200, 100, 50), atol=3)


def test_huge_palette_png_is_averaged_not_thinned():
    stripes = np.tile(np.array([0, 1], np.uint8), (3, 4000))
    image = Image.fromarray(stripes)
    image.putpalette([0, 0, 0, 255, 255, 255])
    photo = np.asarray(photos.open_photo(encoded(image)))
    assert photo.shape == (1, 2048, 3)
    assert 100 < photo.min() <= photo.max() < 155


def test_huge_turned_tiff_keeps_its_shape():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(Image.new("L", (4096, 1024)), "TIFF", exif=exif)
    assert photos.open_photo(data).size == (512, 2048)


# What is refused ---------------------------------------------------------------------------------


def refused(source) -> str:
    """The sentence with which a source is refused: one line, one sentence, no warning."""
    with warnings.catch_warnings(), pytest.raises(PhotoError) as caught:
        warnings.simplefilter("error")
        photos.open_photo(source)
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith(".")
    return sentence


def test_missing_path(tmp_path):
    sentence = refused(tmp_path / "hand.jpg")
    assert "hand.jpg is not a file" in sentence and photos.FORMATS_TEXT in sentence


def test_folder(tmp_path):
    sentence = refused(tmp_path)
    assert "is a folder" in sentence and photos.FORMATS_TEXT in sentence


def test_name_the_system_refuses():
    assert "cannot be opened" in refused("x" * 5000 + ".jpg")


def test_empty(tmp_path):
    path = tmp_path / "empty.jpg"
    path.touch()
    for source in (path, b""):
        sentence = refused(source)
        assert "is empty" in sentence and photos.FORMATS_TEXT in sentence


def test_text_renamed(tmp_path):
    path = tmp_path / "notes.jpg"
    path.write_text("This is no picture.")
    sentence = refused(path)
    assert "notes.jpg is not a picture" in sentence and photos.FORMATS_TEXT in sentence


@pytest.mark.parametrize("format", ["PCX", "EPS", "SGI"])
def test_other_formats(format):
    sentence = refused(encoded(noise(32, 32), format))
    assert "not a picture that can be read" in sentence and photos.FORMATS_TEXT in sentence


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_heic_says_what_to_do(brand):
    sentence = refused(b"\x00\x00\x00\x18ftyp" + brand + bytes(40))
    assert "HEIC" in sentence and "save or export it as JPEG or PNG" in sentence
    assert photos.FORMATS_TEXT in sentence


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_truncated(format):
    data = encoded(noise(64, 64), format)
    assert "The uploaded photo is damaged" in refused(data[: len(data) // 2])


def test_damaged_inside():
    data = bytearray(encoded(noise(64, 64)))
    data[len(data) // 2] ^= 0xFF
    assert "damaged" in refused(bytes(data))


@pytest.mark.parametrize("side", [11_000, 40_000])
def test_decompression_bomb(side):
    sentence = refused(bomb(side))
    assert "more than 120 million pixels" in sentence and "smaller" in sentence


# The network's input -----------------------------------------------------------------------------


@pytest.mark.parametrize("side, size", [(300, 150), (64, 28), (10, 40), (150, 150)])
def test_a_square_picture_is_only_resized(side, size):
    image = noise(side, side)
    expected = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))
    array = photos.to_square_array(photos.open_photo(encoded(image)), size)
    np.testing.assert_array_equal(array, expected)
    assert array.dtype == np.uint8 and array.flags.writeable


@pytest.mark.parametrize("width, height", [(9, 4), (4, 9), (5, 4), (1, 6)])
def test_other_pictures_are_padded_with_their_border(width, height):
    image = noise(width, height)
    side = max(width, height)
    array = photos.to_square_array(photos.open_photo(encoded(image)), side)
    pixels = np.asarray(image)
    top, left = (side - height) // 2, (side - width) // 2
    np.testing.assert_array_equal(array[top : top + height, left : left + width], pixels)
    rows = np.clip(np.arange(side) - top, 0, height - 1)
    columns = np.clip(np.arange(side) - left, 0, width - 1)
    np.testing.assert_array_equal(array, pixels[np.ix_(rows, columns)])


def garment(label: int) -> Image.Image:
    """A drawn garment, trimmed to what stands out clearly, 140 pixels high or less."""
    drawn = draw_picture("fashion_mnist", label, 1)
    return drawn.crop(drawn.point(lambda value: 255 * (value > 60)).getbbox()).resize((70, 140))


def placed(garment: Image.Image, ground: int, place: tuple[int, int] = (30, 90)) -> Image.Image:
    """A colour photo in which the garment lies off the middle, on an even ground."""
    photo = Image.new("L", (260, 270), ground)
    photo.paste(garment, place)
    return photo.convert("RGB")


@pytest.mark.parametrize("negative, ground", [(True, 255), (False, 0)])
def test_a_garment_is_put_on_black_and_fills_the_picture(negative, ground):
    shown = garment(1).point(lambda value: max(value, 60))
    photo = placed(ImageOps.invert(shown) if negative else shown, ground)
    on_black = photos.garment_on_black(photo)
    assert (on_black.mode, on_black.size) == ("RGB", (140, 140))
    values = np.asarray(on_black)[..., 0].astype(int)
    assert not values[:, :35].any() and not values[:, -35:].any()
    rounded = np.abs(values[8:-8, 43:-43] - np.asarray(shown)[8:-8, 8:-8])
    assert rounded.max() <= 1


def test_specks_and_uneven_light_do_not_move_a_garment():
    photo = np.array(placed(ImageOps.invert(garment(1).point(lambda v: max(v, 60))), 240))
    clean = photos.garment_on_black(Image.fromarray(photo))
    photo[5:8, 200:202] = 0
    photo[250:, :] -= 15
    assert photos.garment_on_black(Image.fromarray(photo)).size == clean.size


@pytest.mark.parametrize("ground", [0, 127, 128, 255])
def test_an_empty_ground_is_refused(ground):
    with pytest.raises(PhotoError, match="No garment stands out"):
        photos.garment_on_black(Image.new("RGB", (50, 40), (ground,) * 3))


# Classifying -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keras():
    import keras

    return keras


def colour_model(keras, size: int = 8, last: str = "softmax"):
    """A network that names the strongest of the three colours of raw pixels 0..255."""
    model = keras.Sequential(
        [
            keras.Input((size, size, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3, activation=last),
        ]
    )
    model.layers[-1].set_weights([np.eye(3) * 4, np.zeros(3)])
    return model


@pytest.fixture(scope="module")
def model(keras):
    return colour_model(keras)


def test_a_network_with_a_list_of_one_input_gives_no_warning(keras, model, recwarn):
    """As those made of keras.applications have."""
    listed = keras.Model([model.inputs[0]], model.outputs[0])
    data = encoded(Image.new("RGB", (20, 12), COLOURS[0]))
    assert photos.classify_photo(listed, data, COLOURS).label == COLOURS[0]
    assert not recwarn.list


@pytest.mark.parametrize("colour", COLOURS)
def test_classify(model, colour):
    data = encoded(Image.new("RGB", (20, 12), colour))
    prediction = photos.classify_photo(model, data, COLOURS)
    assert prediction.label == colour
    assert tuple(prediction.probabilities) == COLOURS
    strength = max(Image.new("RGB", (1, 1), colour).getpixel((0, 0))) / 255
    expected = np.exp(4 * strength) / (np.exp(4 * strength) + 2)
    assert prediction.probability == pytest.approx(expected, abs=1e-5)
    assert prediction.probabilities[colour] == prediction.probability
    assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-6)
    assert prediction.image.shape == (8, 8, 3) and prediction.image.dtype == np.uint8


def test_a_look_comes_before_the_model(model, tmp_path, displayed):
    def as_green(photo: Image.Image) -> Image.Image:
        red, green, blue = photo.split()
        return Image.merge("RGB", [red, blue, green])

    Image.new("RGB", (6, 6), "blue").save(tmp_path / "blue.png")
    assert photos.classify_photo(model, tmp_path / "blue.png", COLOURS).label == "blue"
    assert photos.classify_photo(model, tmp_path / "blue.png", COLOURS, as_green).label == "green"
    for path in (tmp_path / "blue.png", tmp_path):
        photos.classify_own_photos(model, COLOURS, path, as_green)
    assert [prediction.label for prediction in displayed] == ["green", "green"]


def test_classes_must_fit_the_model(model):
    data = encoded(noise(4, 4))
    with pytest.raises(ValueError, match="2 classes are named"):
        photos.classify_photo(model, data, ("red", "green"))
    with pytest.raises(ValueError, match="must differ"):
        photos.classify_photo(model, data, ("red", "red", "blue"))


def test_input_must_be_square_rgb(keras):
    model = colour_model(keras, size=None)
    with pytest.raises(ValueError, match="one fixed size"):
        photos.classify_photo(model, encoded(noise(4, 4)), COLOURS)


def test_answer_must_be_probabilities(keras):
    model = colour_model(keras, last="linear")
    with pytest.raises(ValueError, match="softmax"):
        photos.classify_photo(model, encoded(Image.new("RGB", (4, 4), "white")), COLOURS)
    for bias, said in (([np.nan] * 3, "its training ran away"), ([2.0, -0.5, -0.5], "softmax")):
        model.layers[-1].set_weights([np.zeros((3, 3)), np.array(bias)])
        with pytest.raises(ValueError, match=said):
            photos.classify_photo(model, encoded(noise(4, 4)), COLOURS)


# The figure --------------------------------------------------------------------------------------


def make_prediction(**probabilities: float) -> photos.Prediction:
    label = max(probabilities, key=probabilities.get)
    image = np.asarray(noise(150, 150))
    return photos.Prediction(label, probabilities[label], probabilities, image)


GARMENTS = (
    "T-shirt/top Trouser Pullover Dress Coat Sandal Shirt Sneaker Bag Ankle_boot_$lined$_with_wool"
)


@pytest.mark.parametrize(
    "prediction",
    [
        make_prediction(paper=0.0004, rock=0.9996, scissors=0.0),
        make_prediction(cat=1.0, dog=0.0),
        make_prediction(**dict.fromkeys(GARMENTS.split(), 0.1)),
        make_prediction(**{"a rather long name of a class of pictures": 1.0, "b": 0.0}),
    ],
)
def test_figure(prediction):
    figure = photos.show_prediction(prediction)
    photo, bars = figure.axes
    np.testing.assert_array_equal(photo.images[0].get_array(), prediction.image)
    lengths = [bar.get_width() for bar in bars.containers[-1]]
    assert lengths == list(prediction.probabilities.values())
    tick_labels = ["".join(label.get_text().split()) for label in bars.get_yticklabels()]
    assert tick_labels == [name.replace(" ", "") for name in prediction.probabilities]
    assert not any(text.get_parse_math() for text in [*bars.get_yticklabels(), bars._left_title])
    figure.draw_without_rendering()
    heights = [bar.get_window_extent().y0 for bar in bars.containers[-1]]
    assert heights == sorted(heights, reverse=True)  # first class on top
    texts = [text for axes in figure.axes for text in axes.texts]
    texts += [*bars.get_yticklabels(), photo.xaxis.label, bars._left_title]
    boxes = [text.get_window_extent() for text in texts]
    for text, box in zip(texts, boxes, strict=True):
        assert box.x0 >= 0 and box.y0 >= 0, text
        assert box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height, text
        others = [other for other in boxes if other is not box]
        assert box.count_overlaps(others) == 0, text


def test_percentages_keep_doubt():
    values = [0.0, 0.0004, 0.5, 0.9996, 1.0]
    expected = ["0.0 %", "<0.1 %", "50.0 %", ">99.9 %", "100.0 %"]
    assert [photos._percent(value) for value in values] == expected


def test_alt_text_goes_with_the_picture():
    prediction = make_prediction(paper=0.25, rock=0.75)
    data, metadata = prediction._repr_mimebundle_()
    assert Image.open(BytesIO(base64.b64decode(data["image/png"]))).size == (520, 240)
    assert metadata["image/png"]["alt"] == (
        "A photo, classified as rock. Probabilities: paper 25.0 %, rock 75.0 %."
    )


# In a notebook -----------------------------------------------------------------------------------


def upload_of(name: str, content: bytes) -> dict:
    return {
        "name": name,
        "type": "image/png",
        "size": len(content),
        "content": memoryview(content),
        "last_modified": datetime.datetime.now(datetime.UTC),
    }


def widget_of(model):
    classify = partial(photos.classify_photo, model, classes=COLOURS)
    return photos.photo_widget(classify).children


def test_widget_classifies_each_upload(model):
    upload, output = widget_of(model)
    assert upload.accept == "image/*"
    blue, red = (encoded(Image.new("RGB", (9, 5), colour)) for colour in ("blue", "red"))
    upload.value = (upload_of("sky.png", blue), upload_of("rose.png", red))
    texts = [entry["text"] for entry in output.outputs if entry["output_type"] == "stream"]
    figures = [entry for entry in output.outputs if entry["output_type"] == "display_data"]
    assert texts == ["sky.png: blue, 96.5 %\n", "rose.png: red, 96.5 %\n"]
    alts = [figure["metadata"]["image/png"]["alt"] for figure in figures]
    assert ["classified as blue" in alts[0], "classified as red" in alts[1]] == [True, True]


def test_widget_shows_the_sentence_and_goes_on(model):
    upload, output = widget_of(model)
    upload.value = (upload_of("notes.jpg", b"no picture"),)
    (entry,) = output.outputs
    name, sentence = entry["text"].splitlines()
    assert name == "notes.jpg" and "is not a picture" in sentence and "Traceback" not in sentence
    upload.value = (upload_of("leaf.png", encoded(Image.new("RGB", (9, 5), "lime"))),)
    assert output.outputs[0]["text"] == "leaf.png: green, 96.5 %\n"
    assert "classified as green" in output.outputs[1]["data"]["text/plain"]


@pytest.fixture
def displayed(monkeypatch):
    shown = []
    monkeypatch.setattr(photos, "display", shown.append)
    return shown


def test_own_photos_from_a_file(model, tmp_path, displayed):
    path = tmp_path / "rose.png"
    path.write_bytes(encoded(Image.new("RGB", (9, 5), "red")))
    photos.classify_own_photos(model, COLOURS, path)
    assert [prediction.label for prediction in displayed] == ["red"]
    with pytest.raises(PhotoError, match="is not a file"):
        photos.classify_own_photos(model, COLOURS, tmp_path / "other.png")


def test_own_photos_from_a_folder(model, tmp_path, displayed, capsys):
    for name, colour in (("b.PNG", "blue"), ("a.png", "red"), (".c.png", "lime")):
        (tmp_path / name).write_bytes(encoded(Image.new("RGB", (9, 5), colour)))
    (tmp_path / "c.jpg").write_text("no picture")
    (tmp_path / "readme.txt").write_text("no picture, and none expected")
    photos.classify_own_photos(model, COLOURS, str(tmp_path))
    assert [prediction.label for prediction in displayed] == ["red", "blue"]
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["a.png: red, 96.5 %", "b.PNG: blue, 96.5 %", "c.jpg"]
    assert "is not a picture" in lines[3] and len(lines) == 4


def test_folder_with_nothing_to_classify(model, tmp_path, displayed):
    with pytest.raises(PhotoError, match="holds no pictures"):
        photos.classify_own_photos(model, COLOURS, tmp_path)
    (tmp_path / "c.jpg").write_text("no picture")
    with pytest.raises(PhotoError, match="None of the pictures"):
        photos.classify_own_photos(model, COLOURS, tmp_path)
    assert displayed == []


def test_large_folder_is_cut(model, tmp_path, displayed, capsys, monkeypatch):
    monkeypatch.setattr(photos, "MAX_PHOTOS", 2)
    (tmp_path / "trip").mkdir()
    for name in ("a", "b", "trip/c"):
        (tmp_path / f"{name}.png").write_bytes(encoded(noise(4, 4)))
    photos.classify_own_photos(model, COLOURS, tmp_path)
    assert len(displayed) == 2
    assert "holds 3 pictures; the first 2 are shown" in capsys.readouterr().out


def test_own_photos_without_anyone_there(model, displayed, capsys):
    photos.classify_own_photos(model, COLOURS)
    assert capsys.readouterr().out.splitlines() == [photos.HOW_TO]
    assert displayed == []
    with pytest.raises(ValueError, match="2 classes are named"):  # a rerun finds the mistake too
        photos.classify_own_photos(model, ("red", "green"))


def test_a_path_of_an_unknown_user_is_told(model):
    with pytest.raises(PhotoError, match="cannot be opened"):
        photos.classify_own_photos(model, COLOURS, "~no-such-user/x.png")


def test_own_photos_in_colab(model, displayed, capsys, monkeypatch):
    uploads = {"rose.png": encoded(Image.new("RGB", (9, 5), "red")), "bad.jpg": b"no picture"}
    fake_colab(monkeypatch, uploads)
    monkeypatch.setattr(photos, "_someone_is_there", lambda: True)
    photos.classify_own_photos(model, COLOURS)
    assert [prediction.label for prediction in displayed] == ["red"]
    said = capsys.readouterr().out
    assert said.startswith("Choose photos, or press Cancel") and "is not a picture" in said
    fake_colab(monkeypatch, {})
    photos.classify_own_photos(model, COLOURS)
    assert "No photo was chosen" in capsys.readouterr().out


def test_colab_does_not_wait_for_nobody(model, displayed, capsys, monkeypatch):
    fake_colab(monkeypatch, None)  # an upload would fail
    photos.classify_own_photos(model, COLOURS)
    assert capsys.readouterr().out.splitlines() == [photos.HOW_TO]


def fake_colab(monkeypatch, uploads: dict | None) -> None:
    colab = types.ModuleType("google.colab")
    colab.files = types.SimpleNamespace(upload=lambda: dict(uploads))
    monkeypatch.setitem(sys.modules, "google.colab", colab)


IN_KERNEL = """
from types import SimpleNamespace
import numpy as np
from helpers import photos

class Model:
    input_shape, output_shape = (None, 4, 4, 3), (None, 2)
    def __call__(self, batch, training):
        return np.array([[0.25, 0.75]])
"""


def upload_from_front_end(client, widget: str, name: str, content: bytes) -> None:
    """Send a file to an upload widget as Jupyter's front end does."""
    file = {"name": name, "type": "image/png", "size": len(content), "last_modified": 0}
    data = {
        "method": "update",
        "state": {"value": [file]},
        "buffer_paths": [["value", 0, "content"]],
    }
    message = client.session.msg("comm_msg", {"comm_id": widget, "data": data})
    client.session.send(client.shell_channel.socket, message, buffers=[content])


def test_in_a_live_kernel(monkeypatch):
    monkeypatch.delenv("MPLBACKEND", raising=False)  # a notebook's kernel chooses its own
    with kernel_in(PROJECT) as client:
        assert run_cell(client, IN_KERNEL, someone=False) == []
        own_photos = "photos.classify_own_photos(Model(), ('a', 'b'))"
        (line,) = run_cell(client, own_photos, someone=False)
        assert line["text"] == photos.HOW_TO + "\n"
        (widget,) = run_cell(client, own_photos, someone=True)
        assert "application/vnd.jupyter.widget-view+json" in widget["data"]
        code = "classify = lambda file: photos.classify_photo(Model(), file, ('a', 'b'))\n"
        code += "box = photos.photo_widget(classify); print(box.children[0].model_id)"
        (printed,) = run_cell(client, code, someone=True)
        upload_from_front_end(client, printed["text"].strip(), "x.png", encoded(noise(4, 4)))
        code = "print([entry.get('text') for entry in box.children[1].outputs])"
        assert run_cell(client, code, someone=True)[0]["text"] == "['x.png: b, 75.0 %\\n', None]\n"
        prediction = f"photos.classify_photo(Model(), {encoded(noise(4, 4))!r}, ('a', 'b'))"
        (shown,) = run_cell(client, prediction, someone=False)
        assert "classified as b" in shown["metadata"]["image/png"]["alt"]
        (figure,) = run_cell(client, f"photos.show_prediction({prediction})", someone=False)
        assert "image/png" in figure["data"]
