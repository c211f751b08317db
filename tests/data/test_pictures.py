"""Pictures of training data; tests/serving/test_pictures.py has what they share with pictures to predict."""

import io
import struct
import zlib

import numpy as np
import pytest
from helpers.data import edited
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.core.errors import UserError
from pipeline.data import pictures

SHAPE = (8, 12, 3)
IMAGE = np.random.default_rng(1).integers(0, 256, SHAPE, dtype=np.uint8)
SMOOTH = np.stack(np.broadcast_arrays(np.arange(0, 240, 30)[:, None], np.arange(0, 240, 20), 128), axis=-1).astype("u1")


def encoded(picture: Image.Image, kind: str, **settings) -> io.BytesIO:
    file = io.BytesIO()
    picture.save(file, kind, **settings)
    file.seek(0)
    return file


def read(picture: Image.Image, kind="png", shape=SHAPE, resize="stretch", **settings) -> np.ndarray:
    found = pictures.read(encoded(picture, kind, **settings), shape, resize)
    assert found.shape == shape and found.dtype == np.uint8
    return found


@pytest.mark.parametrize("kind", ["png", "bmp", "webp"])
def test_a_picture_of_the_right_size_keeps_every_pixel(kind):
    settings = {"lossless": True} if kind == "webp" else {}
    for resize in ("fit", "crop", "stretch"):
        assert np.array_equal(read(Image.fromarray(IMAGE), kind, resize=resize, **settings), IMAGE)


def test_the_first_frame_of_a_gif_counts():
    frames = [Image.new("RGB", (12, 8), colour) for colour in ("red", "blue")]
    for kind in ("gif", "webp"):
        found = read(frames[0], kind, save_all=True, append_images=frames[1:])
        assert abs(found[4, 6].astype(int) - (255, 0, 0)).max() < 5


def test_palettes_cmyk_grey_and_16_bits_become_what_is_wanted():
    picture = Image.fromarray(SMOOTH)
    assert np.abs(read(picture.convert("P", palette=Image.Palette.ADAPTIVE)).astype(int) - SMOOTH).max() < 40
    assert np.abs(read(picture.convert("CMYK"), "jpeg", quality=100, subsampling=0).astype(int) - SMOOTH).max() < 30
    grey = np.arange(96, dtype=np.uint8).reshape(8, 12)
    for one in (Image.fromarray(grey), Image.fromarray(grey.astype(np.uint16) * 256 + 7)):
        assert np.array_equal(read(one), np.repeat(grey[..., None], 3, axis=-1))
        assert np.array_equal(read(one, shape=(8, 12, 1))[..., 0], grey)
    assert np.array_equal(read(picture, shape=(8, 12, 1))[..., 0], np.asarray(picture.convert("L")))


def test_alpha_is_kept_by_four_channels_and_put_on_a_paper_else():
    alpha = np.full((8, 12, 1), 255, np.uint8)
    alpha[:4] = 0
    picture = Image.fromarray(np.concatenate([np.full_like(SMOOTH, 20), alpha], axis=-1))
    assert np.array_equal(read(picture, shape=(8, 12, 4)), np.asarray(picture))
    found = read(picture)
    assert (found[:4] == 255).all() and (found[4:] == 20).all()


def test_fit_keeps_all_crop_the_middle_and_stretch_the_frame():
    wide = np.zeros((16, 48, 3), np.uint8)
    wide[:, :12], wide[:, -12:], wide[:, 12:-12] = (250, 0, 0), (0, 0, 250), (0, 250, 0)
    found = {resize: read(Image.fromarray(wide), resize=resize) for resize in ("fit", "crop", "stretch")}
    red, blue = (found[name][4, 0] for name in ("fit", "stretch")), (found[name][4, -1] for name in ("fit", "stretch"))
    assert all(pixel[0] > 200 for pixel in red) and all(pixel[2] > 200 for pixel in blue)
    assert (found["crop"][..., 1] > 200).all(), "only the middle, which is green"
    assert np.array_equal(found["stretch"][0], found["stretch"][-1])
    plain = read(Image.new("RGB", (48, 16), (30, 60, 90)), resize="fit")
    assert (plain == (30, 60, 90)).all(), "the colour of the border goes on above and below"


def test_a_picture_is_turned_as_the_camera_was_held():
    exif = Image.Exif()
    exif[pictures.ORIENTATION] = 6
    turned = encoded(Image.fromarray(np.rot90(SMOOTH)), "jpeg", exif=exif, quality=100, subsampling=0)
    assert np.abs(pictures.read(turned, SHAPE, "stretch").astype(int) - SMOOTH).max() < 12
    turned.seek(0)
    assert pictures.size(turned) == SHAPE


@pytest.mark.parametrize(
    ("mode", "kind", "channels"),
    [
        *((mode, "png", 1) for mode in ("L", "1", "I;16")),
        *((mode, "jpeg", 3) for mode in ("RGB", "CMYK")),
        ("P", "gif", 3),
        *((mode, "png", 4) for mode in ("RGBA", "LA")),
    ],
)
def test_the_size_is_told_without_decoding(mode, kind, channels):
    assert pictures.size(encoded(Image.new(mode, (12, 8)), kind)) == (8, 12, channels)


def png_that_claims(width: int, height: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    header = struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + header + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (encoded(Image.fromarray(IMAGE).resize((90, 60)), "jpeg").getvalue()[:-300], "^cannot be decoded: .*truncated"),
        (b"", "^is no PNG, JPEG, WebP, BMP or GIF picture$"),
        (b"only text", "^is no PNG, JPEG, WebP, BMP or GIF picture$"),
        (encoded(Image.fromarray(IMAGE), "tiff").getvalue(), "^is no PNG"),
        (png_that_claims(30_000, 30_000), "^has too many pixels, more than 89,478,485$"),
        (png_that_claims(10_000, 10_000), "^has 10,000 × 10,000 pixels, more than 89,478,485$"),
    ],
)
def test_what_is_no_whole_picture_is_refused(content, message):
    with pytest.raises(UserError, match=message):
        pictures.read(io.BytesIO(content), SHAPE, "fit")


@given(
    edited(encoded(Image.fromarray(IMAGE), "png").getvalue(), st.binary(max_size=5))
    | edited(encoded(Image.fromarray(IMAGE), "gif").getvalue(), st.binary(max_size=5))
    | st.binary(max_size=60)
)
def test_any_bytes_are_a_picture_or_a_user_error(content):
    try:
        assert pictures.read(io.BytesIO(content), SHAPE, "fit").shape == SHAPE
    except UserError as error:
        assert len(str(error).splitlines()) == 1
