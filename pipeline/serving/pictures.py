"""A picture from anywhere → the array that a model takes, and a note of what was done to it.

Pillow decodes PNG, JPEG and WebP, numpy decodes NPY; the first bytes tell which it is, not the name. A picture keeps
its proportions: it is made to fit, and where it does not fill the shape, the colour of its border goes on. An object on
a plain background becomes as large as those of the training images are.
"""

import base64
import contextlib
import io
import threading
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.Image import Resampling

from pipeline.core.errors import UserError
from pipeline.data.appearance import LIGHT, Appearance, border, is_light, object_box

FORMATS = ("PNG", "JPEG", "WEBP")
PIXELS = 89_478_485  # more are refused; from here on Pillow, too, suspects a file that is made to fill the memory
LARGE = 4_000_000  # pixels, above which one picture at a time is decoded, however many threads there are
SKETCH = 256  # pixels of the longer side at which an object is looked for
ORIENTATION = 0x0112  # in EXIF: how the camera was held; 1 is upright

_one_large = threading.Lock()


def read(file: BinaryIO, shape: tuple[int, int, int], wanted: Appearance) -> tuple[np.ndarray, str]:
    """An open file → (uint8 array of `shape`: height, width, channels; what was done to the picture, in words).

    `wanted` is how the training images look. A grey picture with the opposite background is inverted; the colours of
    others are left. Raises UserError, which does not name the file, for what is no picture.
    """
    done: list[str] = []
    try:
        picture = _open(file)
        size, side = _check_size(*picture.size), 2 * max(shape[:2])
        if not picture.info.get("progressive"):  # which takes the memory of all pixels, however it is decoded
            picture.draft("RGB", (side, side))  # no JPEG is decoded larger than is needed
        with _turn(*picture.size):
            picture = _small(picture, shape, wanted.fill, done)
        if size != (shape[1], shape[0]):
            done.append(f"resized from {size[0]} × {size[1]}")
    except UserError:
        raise
    except UnidentifiedImageError:
        raise UserError("is no PNG, JPEG, WebP or NPY picture") from None
    except Exception as error:  # decoders raise nearly anything for bytes that are cut off or tampered with
        reason, _, _ = (str(error) or type(error).__name__).partition("\n")
        raise UserError(f"cannot be decoded: {reason}") from None
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
    with _turn(*_check_size(shape[1], shape[0])):
        array = np.load(file, allow_pickle=False)
        if array.dtype != np.uint8:
            if not (array.min() >= 0 and array.max() <= 1):  # NaN is neither
                raise UserError(f"is an array of {kind} with values outside 0 to 1; uint8 has 0 to 255")
            array = np.rint(array.astype(np.float32) * 255).astype(np.uint8)
    return Image.fromarray(array[..., 0] if array.shape[2:] == (1,) else array)


def _check_size(width: int, height: int) -> tuple[int, int]:
    """The same, or UserError where that is too large to be decoded."""
    if width * height > PIXELS:
        raise UserError(f"has {width:,} × {height:,} pixels, more than {PIXELS:,}")
    return width, height


def _turn(width: int, height: int) -> contextlib.AbstractContextManager[object]:
    """What to hold while a picture of this size is decoded: of large ones there is one at a time."""
    return _one_large if width * height > LARGE else contextlib.nullcontext()


def _small(picture: Image.Image, shape: tuple[int, int, int], filled: float | None, done: list[str]) -> Image.Image:
    """Upright, L, RGB or RGBA, as large as fits into `shape`. What was done is added to `done`."""
    frames = getattr(picture, "n_frames", 1)
    if frames > 1:
        done.append(f"the first of {frames} frames")
    picture.load()
    if picture.getexif().get(ORIENTATION, 1) != 1:
        ImageOps.exif_transpose(picture, in_place=True)
        done.append("turned upright")
    if picture.mode.startswith("I"):  # 16 bits a pixel
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    mode = "RGBA" if picture.has_transparency_data else "L" if picture.mode in ("1", "L") else "RGB"
    if picture.mode != mode:
        picture = picture.convert(mode)
    if filled and picture.size != (shape[1], shape[0]):
        picture = _cut_out(picture, shape, filled, done)
    scale = min(shape[1] / picture.width, shape[0] / picture.height)
    fitting = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    if picture.size != fitting:
        picture = picture.resize(fitting, Resampling.LANCZOS, reducing_gap=3.0)
    return picture


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
    height, width, channels = shape
    if picture.mode == "RGBA" and channels != 4:
        picture = _opaque(picture, done)
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    if picture.mode != mode and "L" in (picture.mode, mode):
        done.append("colours made grey" if mode == "L" else "grey taken for colour")
    image = np.asarray(picture.convert(mode)).reshape(picture.height, picture.width, channels)
    has = "light" if is_light(image) else "dark"
    if wanted and has != wanted:
        done.append(f"inverted: its background is {has}" if channels == 1 else f"its background is {has}")
        image = 255 - image if channels == 1 else image
    if image.shape == shape:
        return image
    whole = np.empty(shape, np.uint8)
    whole[:] = np.median(border(image), axis=0)
    top, left = (height - image.shape[0]) // 2, (width - image.shape[1]) // 2
    whole[top : top + image.shape[0], left : left + image.shape[1]] = image
    done.append("with a margin")
    return whole


def _opaque(picture: Image.Image, done: list[str]) -> Image.Image:
    """A picture without transparency: on white, or on black where what is to be seen is light itself."""
    alpha = np.asarray(picture)[..., 3]
    seen = np.average(np.asarray(picture.convert("L")), weights=alpha) if alpha.any() else 0
    paper = "black" if seen >= LIGHT else "white"
    if alpha.min() < 255:
        done.append(f"put on {paper}, being transparent")
    return Image.alpha_composite(Image.new("RGBA", picture.size, paper), picture).convert("RGB")


def as_png(image: np.ndarray) -> str:
    """An image uint8 (height, width, channels) as a data: URL."""
    file = io.BytesIO()
    Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
