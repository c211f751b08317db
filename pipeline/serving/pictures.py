"""A picture from anywhere → the array that a model takes, and a note of what was done to it.

Pillow decodes PNG, JPEG and WebP, numpy decodes NPY; the first bytes tell which it is, not the name. A picture keeps
its proportions: it is made to fit, and where it does not fill the shape, the colour of its border goes on. An object on
a plain background becomes as large as those of the training images are.
"""

import base64
import io
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy
from PIL import Image
from PIL.Image import Resampling

from pipeline.core.errors import UserError
from pipeline.data import pictures
from pipeline.data.appearance import Appearance, border, is_light, object_box

FORMATS = ("PNG", "JPEG", "WEBP")
SKETCH = 256  # pixels of the longer side at which an object is looked for


def read(file: BinaryIO, shape: tuple[int, int, int], wanted: Appearance) -> tuple[np.ndarray, str]:
    """An open file → (uint8 array of `shape`: height, width, channels; what was done to the picture, in words).

    `wanted` is how the training images look. A grey picture with the opposite background is inverted; the colours of
    others are left. Raises UserError, which does not name the file, for what is no picture.
    """
    done: list[str] = []
    with pictures.refusing("PNG, JPEG, WebP or NPY"):
        picture = _open(file)
        size = pictures.check_size(*picture.size)
        pictures.draft(picture, shape)
        with pictures.turn(*picture.size):
            picture = pictures.upright(picture, done)
            if wanted.fill and picture.size != (shape[1], shape[0]):
                picture = _cut_out(picture, shape, wanted.fill, done)
            picture = pictures.resized(picture, (shape[1], shape[0]), "fit")
        if size != (shape[1], shape[0]):
            done.append(f"resized from {size[0]} × {size[1]}")
    return _adapted(picture, shape, wanted.background, done), "; ".join(done)


def _open(file: BinaryIO) -> Image.Image:
    """The picture in a file. Only its header has been read, except of an NPY file."""
    is_array = file.read(len(npy.MAGIC_PREFIX)) == npy.MAGIC_PREFIX
    file.seek(0)
    if not is_array:
        return Image.open(file, formats=FORMATS)
    header = npy.read_array_header_1_0 if npy.read_magic(file) == (1, 0) else npy.read_array_header_2_0
    shape, _, kind = header(file)
    if len(shape) not in (2, 3) or min(shape) < 1 or (*shape, 1)[2] not in (1, 3, 4) or kind.kind not in "buf":
        raise UserError(
            f"is an array {shape} of {kind}; a picture is (height, width) or (height, width, channels), with 1, 3 or 4 "
            "channels of uint8, or of numbers from 0 to 1"
        )
    file.seek(0)
    with pictures.turn(*pictures.check_size(shape[1], shape[0])):
        array = np.load(file, allow_pickle=False)
        if array.dtype != np.uint8:
            if not (array.min() >= 0 and array.max() <= 1):  # NaN is neither
                raise UserError(f"is an array of {kind} with values outside 0 to 1; uint8 has 0 to 255")
            array = np.rint(array.astype(np.float32) * 255).astype(np.uint8)
    return Image.fromarray(array[..., 0] if array.shape[2:] == (1,) else array)


def _cut_out(picture: Image.Image, shape: tuple[int, int, int], filled: float, done: list[str]) -> Image.Image:
    """A picture of the size of `shape`, in which the object on it takes the share `filled`; else as it is."""
    factor = max(1, max(picture.size) // SKETCH)
    sketch = np.asarray(picture.reduce(factor))
    sketch = sketch.reshape(*sketch.shape[:2], -1)
    if (found := object_box(sketch)) is None:
        return picture
    left, high, right, low = (edge * factor for edge in found)
    part = picture.crop((left, high, min(right, picture.width), min(low, picture.height)))
    scale = filled * min(shape[1] / part.width, shape[0] / part.height)
    part = part.resize(
        (max(1, round(part.width * scale)), max(1, round(part.height * scale))), Resampling.LANCZOS, reducing_gap=3.0
    )
    paper = [int(level) for level in np.median(border(sketch), axis=0)]
    whole = Image.new(picture.mode, (shape[1], shape[0]), paper[0] if len(paper) == 1 else tuple(paper))
    whole.paste(part, ((whole.width - part.width) // 2, (whole.height - part.height) // 2))
    done.append("cut out")
    return whole


def _adapted(picture: Image.Image, shape: tuple[int, int, int], wanted: str | None, done: list[str]) -> np.ndarray:
    """A small picture with the channels, the background and the margins of `shape`, as an array."""
    image = pictures.as_array(picture, shape[2], done)
    has = "light" if is_light(image) else "dark"
    if wanted and has != wanted:
        grey = shape[2] == 1
        done.append(f"inverted: its background is {has}" if grey else f"its background is {has}")
        image = 255 - image if grey else image
    return pictures.framed(image, shape, done)


def as_png(image: np.ndarray) -> str:
    """An image uint8 (height, width, channels) as a data: URL."""
    file = io.BytesIO()
    Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
