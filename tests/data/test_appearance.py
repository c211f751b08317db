"""What training images have in common decides what is done to other pictures."""

import numpy as np

from pipeline.data.appearance import Appearance, common

RANDOM = np.random.default_rng(1)


def with_object(count: int) -> np.ndarray:
    images = np.zeros((count, 8, 8, 1), np.uint8)
    images[:, 2:6, 3:5] = 200
    return images


def test_the_background_is_what_nearly_all_training_images_agree_on():
    dark = with_object(200)
    assert common(dark) == Appearance("dark", 0.5)
    assert common(255 - dark) == Appearance("light", 0.5)
    assert common(np.concatenate([dark, 255 - dark])).background is None
    assert common(np.concatenate([dark, 255 - dark[:5]])).background == "dark"


def test_transparency_is_no_brightness():
    see_through = np.concatenate([np.zeros((9, 8, 8, 3), np.uint8), np.full((9, 8, 8, 1), 255, np.uint8)], axis=-1)
    assert common(see_through) == Appearance("dark", None)


def test_how_much_of_the_frame_objects_take_is_measured_where_most_backgrounds_are_plain():
    images = with_object(10)
    images[6:, 1:7] = 200
    images[6:, :, [0, -1]] = 0
    assert common(images).fill == 0.5, "the median"
    images[:5] = RANDOM.integers(0, 256, (5, 8, 8, 1), dtype=np.uint8)
    assert common(images).fill is None
