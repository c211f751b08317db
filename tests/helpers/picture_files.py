"""Files of pictures and arrays, as users have them."""

import io

import numpy as np
from PIL import Image

from pipeline.data.appearance import Appearance
from pipeline.serving import pictures

GREY, COLOUR = (8, 8, 1), (8, 8, 3)
RANDOM = np.random.default_rng(1)
IMAGE = np.zeros((8, 8), np.uint8)
IMAGE[2:6, 3:5] = RANDOM.integers(100, 256, (4, 2), dtype=np.uint8)  # something bright on a dark background


def encoded(picture: Image.Image, kind: str, **settings) -> io.BytesIO:
    file = io.BytesIO()
    picture.save(file, kind, **settings)
    file.seek(0)
    return file


def array_file(array: np.ndarray) -> io.BytesIO:
    file = io.BytesIO()
    np.save(file, array)
    file.seek(0)
    return file


def read(file: io.BytesIO, shape=GREY, wanted: str | None = "dark") -> tuple[np.ndarray, str]:
    image, note = pictures.read(file, shape, Appearance(wanted))
    assert image.shape == shape and image.dtype == np.uint8
    return image, note


GREY_PICTURE = Image.fromarray(IMAGE)
LARGE = Image.fromarray(np.kron(IMAGE, np.ones((20, 20), np.uint8)))
