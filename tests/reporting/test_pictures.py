import base64
import io

import numpy as np
import pytest
from PIL import Image

from pipeline.reporting import pictures

RANDOM = np.random.default_rng(1)


def decoded(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))))


def test_small_grey_images_stand_side_by_side_pixel_by_pixel():
    images = RANDOM.integers(0, 256, (3, 5, 4, 1), dtype=np.uint8)
    row = decoded(pictures.data_uri(images))
    assert row.shape == (5, 14)
    for number, image in enumerate(images):
        assert np.array_equal(row[:, number * 5 : number * 5 + 4], image[..., 0])


@pytest.mark.parametrize("shape", [(2, 300, 200, 1), (2, 300, 200, 3), (2, 300, 200, 4)])
def test_large_images_are_made_smaller_and_keep_their_shape(shape):
    row = decoded(pictures.data_uri(np.full(shape, 90, dtype=np.uint8)))
    assert row.shape[:2] == (56, 2 * 37 + 1)
    assert abs(int(row[28, 10].max()) - 90) < 4


def test_equal_images_give_equal_text():
    images = RANDOM.integers(0, 256, (2, 9, 9, 3), dtype=np.uint8)
    assert pictures.data_uri(images) == pictures.data_uri(images.copy())
