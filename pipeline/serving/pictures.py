"""A picture from anywhere → the array that a model takes, and a note of what was done to it.

Pillow decodes PNG, JPEG and WebP, numpy decodes NPY; the first bytes tell which it is, not the name. A picture keeps
its proportions: it is made to fit, and where it does not fill the shape, the colour of its border goes on.
"""

import contextlib
import threading
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.Image import Resampling

from pipeline.core.errors import UserError

FORMATS = ("PNG", "JPEG", "WEBP")
PIXELS = 89_478_485  # more are refused; from here on Pillow, too, suspects a file that is made to fill the memory
LARGE = 4_000_000  # pixels, above which one picture at a time is decoded, however many threads there are
LIGHT = 128  # a border of this mean brightness, of 255, or more is light
SURE = 0.95  # the share of training images that have to agree on what a background is
ORIENTATION = 0x0112  # in EXIF: how the camera was held; 1 is upright

_one_large = threading.Lock()


def background(images: np.ndarray) -> str | None:
    """The background of training images, uint8 (n, height, width, channels): "dark" or "light"; None where they differ.

    Two thousand of them, evenly spread, are looked at.
    """
    some = images[:: max(1, len(images) // 2000)]
    light = np.mean([_is_light(image) for image in some])
    return "light" if light >= SURE else "dark" if light <= 1 - SURE else None


def read(file: BinaryIO, shape: tuple[int, int, int], wanted: str | None) -> tuple[np.ndarray, str]:
    """An open file → (uint8 array of `shape`: height, width, channels; what was done to the picture, in words).

    `wanted`: the background of the training images. A grey picture with the opposite one is inverted; the colours of
    others are left. Raises UserError, which does not name the file, for what is no picture.
    """
    done: list[str] = []
    try:
        picture = _open(file)
        size, side = _check_size(*picture.size), 2 * max(shape[:2])
        if not picture.info.get("progressive"):  # which takes the memory of all pixels, however it is decoded
            picture.draft("RGB", (side, side))  # no JPEG is decoded larger than is needed
        with _turn(*picture.size):
            picture = _small(picture, shape, done)
        if size != (shape[1], shape[0]):
            done.append(f"resized from {size[0]} × {size[1]}")
    except UserError:
        raise
    except UnidentifiedImageError:
        raise UserError("is no PNG, JPEG, WebP or NPY picture") from None
    except Exception as error:  # decoders raise nearly anything for bytes that are cut off or tampered with
        reason, _, _ = (str(error) or type(error).__name__).partition("\n")
        raise UserError(f"cannot be decoded: {reason}") from None
    return _adapted(picture, shape, wanted, done), "; ".join(done)


def _open(file: BinaryIO) -> Image.Image:
    """The picture in a file. Only its header has been read, except of an NPY file."""
    is_array = file.read(len(npy.MAGIC_PREFIX)) == npy.MAGIC_PREFIX
    file.seek(0)
    if not is_array:
        return Image.open(file, formats=FORMATS)
    header = npy.read_array_header_1_0 if npy.read_magic(file) == (1, 0) else npy.read_array_header_2_0
    shape, _, kind = header(file)
    if len(shape) not in (2, 3) or 0 in shape or (*shape, 1)[2] not in (1, 3, 4) or kind.kind not in "buf":
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


def _small(picture: Image.Image, shape: tuple[int, int, int], done: list[str]) -> Image.Image:
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
    scale = min(shape[1] / picture.width, shape[0] / picture.height)
    fitting = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    if picture.size != fitting:
        picture = picture.resize(fitting, Resampling.LANCZOS, reducing_gap=3.0)
    return picture


def _adapted(picture: Image.Image, shape: tuple[int, int, int], wanted: str | None, done: list[str]) -> np.ndarray:
    """A small picture with the channels, the background and the margins of `shape`, as an array."""
    height, width, channels = shape
    if picture.mode == "RGBA" and channels != 4:
        picture = _opaque(picture, done)
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    if picture.mode != mode and "L" in (picture.mode, mode):
        done.append("colours made grey" if mode == "L" else "grey taken for colour")
    image = np.asarray(picture.convert(mode)).reshape(picture.height, picture.width, channels)
    has = "light" if _is_light(image) else "dark"
    if wanted and has != wanted:
        done.append(f"inverted: its background is {has}" if channels == 1 else f"its background is {has}")
        image = 255 - image if channels == 1 else image
    if image.shape == shape:
        return image
    whole = np.empty(shape, np.uint8)
    whole[:] = np.median(_border(image), axis=0)
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


def _is_light(image: np.ndarray) -> bool:
    """Whether the border of an image (height, width, channels) is light, by its mean. Transparency does not count."""
    return bool(_border(image)[:, :3].mean() >= LIGHT)


def _border(image: np.ndarray) -> np.ndarray:
    """The outermost pixels (n, channels) of an image (height, width, channels)."""
    return np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
