"""The warp against Keras's ImageDataGenerator; masks, backgrounds and light."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.spatial.transform import Rotation
from tensorflow.keras.preprocessing.image import ImageDataGenerator

from helpers.augmentation import (
    Chain,
    RandomAffine,
    RandomBackground,
    RandomLight,
    add_masks,
    affine_matrices,
    draw_scenes,
    tilt_matrices,
    warp,
)

SEED = tf.constant([3, 4])


def smooth_picture(height: int = 80, width: int = 80) -> np.ndarray:
    """A picture without hard edges, so that rounding of positions costs little."""
    rows, columns = np.mgrid[:height, :width]
    channels = [np.sin(rows / 9), np.cos(columns / 11), np.sin((rows + columns) / 13)]
    return (127.5 + 120 * np.stack(channels, axis=-1)).astype(np.float32)


def warp_one(picture: np.ndarray, rotation, shift, shear, zoom, flip) -> np.ndarray:
    matrices = affine_matrices(
        *picture.shape[:2],
        rotation=tf.constant([rotation], tf.float32),
        shift=tf.constant([shift], tf.float32),
        shear=tf.constant([shear], tf.float32),
        zoom=tf.constant([zoom], tf.float32),
        flip=tf.constant([float(flip)]),
    )
    return warp(picture[None], matrices)[0].numpy()


@pytest.mark.parametrize(
    ("rotation", "shift", "shear", "zoom", "flip"),
    [
        (0, (0, 0), 0, (1, 1), False),
        (25, (0, 0), 0, (1, 1), False),
        (0, (7, -4), 0, (1, 1), False),
        (0, (0, 0), 15, (1, 1), False),
        (0, (0, 0), 0, (0.8, 1.2), False),
        (0, (0, 0), 0, (1, 1), True),
        (-37, (11, 5.5), 0.2, (1.15, 0.85), True),
        (40, (-16, 12), 10, (0.8, 0.9), False),
    ],
)
def test_the_warp_is_that_of_image_data_generator(rotation, shift, shear, zoom, flip):
    picture = smooth_picture()
    theirs = ImageDataGenerator(fill_mode="nearest").apply_transform(
        picture,
        {
            "theta": rotation,
            "tx": shift[0],
            "ty": shift[1],
            "shear": shear,
            "zx": zoom[0],
            "zy": zoom[1],
            "flip_horizontal": flip,
        },
    )
    ours = warp_one(picture, rotation, shift, shear, zoom, flip)
    assert np.abs(ours - theirs).max() < 1.0
    if (rotation, shear) != (0, 0) or flip:
        assert np.abs(ours - picture).max() > 10


@pytest.mark.parametrize("axis", [0.0, 90.0, 200.0])
@pytest.mark.parametrize("angle", [0.0, 20.0, 50.0])
def test_a_tilted_card_is_seen_where_geometry_says(angle, axis):
    """Turn points of the card in space, project them, and follow the matrix back to the card."""
    size, distance = 80, 160
    turn = Rotation.from_rotvec(
        np.radians(angle) * np.array([np.cos(np.radians(axis)), np.sin(np.radians(axis)), 0])
    )
    card = np.array([[-30, -35, 0], [0, 0, 0], [12, 38, 0], [39, -5, 0]], float)
    in_space = turn.apply(card)
    seen = in_space[:, :2] * distance / (distance + in_space[:, 2:])
    matrix = tilt_matrices(size, size, tf.constant([angle]), tf.constant([axis]))[0].numpy()
    centre = (size - 1) / 2
    read = np.c_[seen + centre, np.ones(4)] @ matrix.T
    np.testing.assert_allclose(read[:, :2] / read[:, 2:], card[:, :2] + centre, atol=0.01)


def test_a_tilt_moves_pictures_within_the_same_warp():
    batch = np.repeat(smooth_picture()[None], 4, axis=0)
    tilted = RandomAffine(tilt=50)(batch, SEED)
    assert np.abs(tilted[0] - batch[0]).max() > 10
    assert np.abs(tilted[0] - tilted[1]).max() > 10
    turned = RandomAffine(rotation=40)(batch, SEED)
    both = RandomAffine(rotation=40, tilt=1e-4)(batch, SEED)
    np.testing.assert_allclose(both, turned, atol=0.5)  # the tilt leaves the other draws alone


@pytest.mark.parametrize("tilt", [-1, 51])
def test_a_tilt_beyond_the_horizon_is_refused(tilt):
    with pytest.raises(ValueError, match="0 to 50"):
        RandomAffine(tilt=tilt)


def test_a_chain_joins_its_steps_and_tells_what_shapes_the_result():
    turn, light = RandomAffine(rotation=40), RandomLight()
    batch = smooth_picture()[None]
    joined = Chain(turn, light)
    np.testing.assert_array_equal(joined(batch, SEED), light(turn(batch, SEED), SEED + 100))
    assert joined.get_config() != Chain(RandomAffine(rotation=41), light).get_config()
    assert joined.get_config() != Chain(light, turn).get_config()


def test_the_whole_chain_runs_on_batches_of_any_length():
    """As when activations are computed: the last batch of a view is shorter."""
    chain = Chain(RandomAffine(tilt=30), RandomBackground(), RandomLight())
    pixels = tf.TensorSpec((None, 24, 24, 4))
    run = tf.function(chain, input_signature=[pixels, tf.TensorSpec((2,), tf.int32)])
    for number in (3, 1):
        images = tf.zeros((number, 24, 24, 4))
        assert run(images, SEED).shape == (number, 24, 24, 3)


def test_without_ranges_nothing_moves():
    batch = smooth_picture()[None]
    np.testing.assert_allclose(RandomAffine()(batch, SEED), batch, atol=1e-3)


def test_the_same_seed_gives_the_same_batch_and_pictures_differ():
    layer = RandomAffine(
        rotation=40, width_shift=0.2, height_shift=0.2, zoom=0.2, horizontal_flip=True
    )
    batch = np.repeat(smooth_picture()[None], 4, axis=0)
    first, again, other = layer(batch, SEED), layer(batch, SEED), layer(batch, SEED + 1)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 10
    assert np.abs(first[0] - first[1]).max() > 10


def test_drawn_values_fill_their_ranges():
    """A shift by 0.2 of the width moves a bright column by up to a fifth, and no further."""
    batch = np.zeros((400, 11, 101, 3), np.float32)
    batch[:, :, 50] = 255
    moved = RandomAffine(width_shift=0.2)(batch, SEED).numpy()
    positions = moved[:, 5, :, 0].argmax(axis=1) - 50
    assert 17 <= positions.max() <= 21
    assert -21 <= positions.min() <= -17


@pytest.mark.parametrize("keep_aspect", [False, True])
def test_zoom_squeezes_unless_the_aspect_is_kept(keep_aspect):
    batch = np.zeros((50, 101, 101, 3), np.float32)
    batch[:, 30:71, 30:71] = 255
    zoomed = RandomAffine(zoom=0.3, keep_aspect=keep_aspect)(batch, SEED).numpy()
    heights = (zoomed[:, :, 50, 0] > 127).sum(axis=1)
    widths = (zoomed[:, 50, :, 0] > 127).sum(axis=1)
    assert np.ptp(widths) > 15
    assert (np.abs(heights - widths).max() <= 1) == keep_aspect


def test_zoom_takes_a_range_of_factors():
    batch = np.zeros((200, 101, 101, 3), np.float32)
    batch[:, 30:71, 30:71] = 255
    zoomed = RandomAffine(zoom=(1.0, 1.3))(batch, SEED).numpy()
    widths = (zoomed[:, 50, :, 0] > 127).sum(axis=1)
    assert 31 <= widths.min() <= 33 and 40 <= widths.max() <= 41


def test_half_of_the_pictures_are_flipped():
    batch = np.repeat(smooth_picture()[None], 400, axis=0)
    flipped = RandomAffine(horizontal_flip=True)(batch, SEED).numpy()
    share = np.mean(np.abs(flipped - batch).max(axis=(1, 2, 3)) > 10)
    assert 0.4 < share < 0.6


def test_layer_works_in_a_data_set_and_survives_saving():
    layer = RandomAffine.from_config(RandomAffine(rotation=40, horizontal_flip=True).get_config())
    assert layer.rotation == 40 and layer.horizontal_flip
    data = tf.data.Dataset.from_tensors(smooth_picture()[None]).map(
        lambda batch: layer(batch, SEED)
    )
    np.testing.assert_allclose(next(iter(data)), layer(smooth_picture()[None], SEED), atol=1e-3)


def hands_on_white() -> np.ndarray:
    images = np.full((6, 40, 40, 3), 250, np.uint8)
    images[:, 10:30, 12:28] = (150, 100, 80)
    images[:, 18:22, 18:22] = 255  # a highlight
    images[:, 33:, :10] = 225  # a soft shadow
    return images


def test_masks_keep_the_hand_with_its_highlight_and_leave_the_shadow_out():
    mask = add_masks(hands_on_white())[..., 3]
    assert (mask[:, 12:28, 14:26] == 255).all()
    assert (mask[:, :8] == 0).all()
    assert (mask[:, 33:, :8] == 0).all()


def test_backgrounds_change_and_hands_stay():
    images = add_masks(hands_on_white()).astype(np.float32)
    changed = RandomBackground(keep=0.0)(images, SEED).numpy()
    assert changed.shape == (6, 40, 40, 3)
    np.testing.assert_allclose(changed[:, 12:28, 14:26], images[:, 12:28, 14:26, :3], atol=0.5)
    corners = changed[:, 2, 2]
    assert np.ptp(corners, axis=0).max() > 30, "every picture has a background of its own"
    assert changed.min() >= 0 and changed.max() <= 255


def test_kept_backgrounds_are_untouched():
    images = add_masks(hands_on_white()).astype(np.float32)
    np.testing.assert_array_equal(RandomBackground(keep=1.0)(images, SEED), images[..., :3])


def test_scenes_fill_the_range():
    scenes = draw_scenes(50, 32, 32, SEED).numpy()
    assert scenes.shape == (50, 32, 32, 3)
    assert scenes.min() >= 0 and scenes.max() <= 255
    assert scenes.mean(axis=(1, 2, 3)).std() > 20


def test_light_changes_each_picture_in_its_own_way_within_the_range():
    batch = np.repeat(smooth_picture()[None], 5, axis=0)
    lit = RandomLight()(batch, SEED).numpy()
    assert lit.min() >= 0 and lit.max() <= 255
    assert lit.mean(axis=(1, 2, 3)).std() > 5
    np.testing.assert_array_equal(lit, RandomLight()(batch, SEED))


def test_a_tilt_does_not_reach_beyond_the_horizon():
    """At 50 degrees it is 2 / tan(50) = 1.68 widths away; a corner at zoom 1.8 is at 1.41."""
    RandomAffine(tilt=50, zoom=(0.8, 1.8), width_shift=0.1, height_shift=0.1)
    with pytest.raises(ValueError, match=r"beyond the horizon at a zoom of 2\.5"):
        RandomAffine(tilt=50, zoom=(0.8, 2.5))
    with pytest.raises(ValueError, match="with this shear"):  # 30 degrees stretch a diagonal to 1.2
        RandomAffine(tilt=50, zoom=(0.8, 1.8), width_shift=0.1, height_shift=0.1, shear=30)
