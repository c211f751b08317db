"""A picture file → an array of one shape, in the steps that training data and pictures to predict have in common.

Pillow decodes; the first bytes tell the format, not the name. A picture keeps its first frame, and is turned as the
camera was held. 16 bits a pixel become 8, palettes and CMYK become RGB.
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import BinaryIO, Literal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.Image import Resampling

from pipeline.core.errors import UserError
from pipeline.data.appearance import LIGHT, border

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
PIXELS = 89_478_485  # more are refused; from here on Pillow, too, suspects a file that is made to fill the memory
LARGE = 4_000_000  # pixels, above which one picture at a time is decoded, however many threads there are
ORIENTATION = 0x0112  # in EXIF: how the camera was held; 1 is upright

_one_large = threading.Lock()


def read(file: BinaryIO, shape: tuple[int, int, int], resize: Literal["fit", "crop", "stretch"]) -> np.ndarray:
    """An open file → uint8 array of `shape`: height, width, channels.

    `resize` says what becomes of other proportions. fit: the whole picture is seen, and the median colour of its border
    goes on at two sides; crop: its middle, as large as possible; stretch: they change. What is transparent is put on a
    paper on which it is seen, unless there are 4 channels. Raises UserError, which does not name the file.
    """
    with refusing("PNG, JPEG, WebP, BMP or GIF"):
        opened = Image.open(file, formats=FORMATS)
        check_size(*opened.size)
        draft(opened, shape)
        with turn(*opened.size):
            picture = resized(upright(opened, []), (shape[1], shape[0]), resize)
        return framed(as_array(picture, shape[2], []), shape, [])


def size(file: BinaryIO) -> tuple[int, int, int]:
    """Height, width and channels (1, 3 or 4) of a picture as it would be seen. Raises UserError, without a name."""
    with refusing("PNG, JPEG, WebP, BMP or GIF"):
        picture = Image.open(file, formats=FORMATS)
        width, height = check_size(*picture.size)
        if picture.getexif().get(ORIENTATION, 1) >= 5:  # the four that exchange both
            width, height = height, width
        return height, width, {"L": 1, "RGB": 3, "RGBA": 4}[_mode(picture)]


@contextlib.contextmanager
def refusing(formats: str) -> Iterator[None]:
    """Turns whatever a decoder raises for a file that is none of these formats, or not whole, into a UserError."""
    try:
        yield
    except UserError:
        raise
    except UnidentifiedImageError:
        raise UserError(f"is no {formats} picture") from None
    except Image.DecompressionBombError:
        raise UserError(f"has too many pixels, more than {PIXELS:,}") from None
    except Exception as error:  # decoders raise nearly anything for bytes that are cut off or tampered with
        reason, _, _ = (str(error) or type(error).__name__).partition("\n")
        raise UserError(f"cannot be decoded: {reason}") from None


def check_size(width: int, height: int) -> tuple[int, int]:
    """The same, or UserError where that is too large to be decoded."""
    if width * height > PIXELS:
        raise UserError(f"has {width:,} × {height:,} pixels, more than {PIXELS:,}")
    return width, height


def turn(width: int, height: int) -> contextlib.AbstractContextManager[object]:
    """What to hold while a picture of this size is decoded: of large ones there is one at a time."""
    return _one_large if width * height > LARGE else contextlib.nullcontext()


def draft(picture: Image.Image, shape: tuple[int, int, int]) -> None:
    """Has a JPEG decoded no larger than is needed."""
    side = 2 * max(shape[:2])
    if not picture.info.get("progressive"):  # which takes the memory of all pixels, however it is decoded
        picture.draft("RGB", (side, side))


def upright(picture: Image.Image, done: list[str]) -> Image.Image:
    """The first frame, as the camera was held, as L, RGB or RGBA. What was done is added to `done`."""
    frames = getattr(picture, "n_frames", 1)
    if frames > 1:
        done.append(f"the first of {frames} frames")
    picture.load()
    if picture.getexif().get(ORIENTATION, 1) != 1:
        ImageOps.exif_transpose(picture, in_place=True)
        done.append("turned upright")
    if picture.mode.startswith("I"):  # 16 bits a pixel
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    mode = _mode(picture)
    return picture if picture.mode == mode else picture.convert(mode)


def _mode(picture: Image.Image) -> str:
    is_grey = picture.mode in ("1", "L") or picture.mode.startswith("I")
    return "RGBA" if picture.has_transparency_data else "L" if is_grey else "RGB"


def resized(picture: Image.Image, wanted: tuple[int, int], resize: Literal["fit", "crop", "stretch"]) -> Image.Image:
    """A picture as large as fits into `wanted` (width, height), for "fit", or of just that size."""
    ratios = wanted[0] / picture.width, wanted[1] / picture.height
    box, new = (0.0, 0.0, float(picture.width), float(picture.height)), wanted
    if resize == "fit":
        new = max(1, round(picture.width * min(ratios))), max(1, round(picture.height * min(ratios)))
    elif resize == "crop":
        width, height = wanted[0] / max(ratios), wanted[1] / max(ratios)
        left, top = (picture.width - width) / 2, (picture.height - height) / 2
        box = (max(0, left), max(0, top), min(left + width, picture.width), min(top + height, picture.height))
    if picture.size == new:
        return picture
    return picture.resize(new, Resampling.LANCZOS, box=box, reducing_gap=3.0)


def as_array(picture: Image.Image, channels: int, done: list[str]) -> np.ndarray:
    """A picture (L, RGB or RGBA) → uint8 (height, width, channels). What was done is added to `done`."""
    if picture.mode == "RGBA" and channels != 4:
        picture = _opaque(picture, done)
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    if picture.mode != mode and "L" in (picture.mode, mode):
        done.append("colours made grey" if mode == "L" else "grey taken for colour")
    picture = picture if picture.mode == mode else picture.convert(mode)  # which copies
    return np.asarray(picture).reshape(picture.height, picture.width, channels)


def framed(image: np.ndarray, shape: tuple[int, int, int], done: list[str]) -> np.ndarray:
    """An image in the middle of `shape`; the median colour of its border goes on."""
    if image.shape == shape:
        return image
    whole = np.empty(shape, np.uint8)
    whole[:] = np.median(border(image), axis=0)
    top, left = (shape[0] - image.shape[0]) // 2, (shape[1] - image.shape[1]) // 2
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
