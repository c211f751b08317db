"""Pictures of all kinds become arrays of one shape; what is no picture is refused in words."""

import base64
import io

import numpy as np
import pytest
from helpers.picture_files import COLOUR, GREY, GREY_PICTURE, IMAGE, LARGE, RANDOM, array_file, encoded, read
from PIL import Image

from pipeline.data.appearance import Appearance
from pipeline.data.pictures import ORIENTATION
from pipeline.serving import pictures


@pytest.mark.parametrize(
    "file",
    [
        encoded(GREY_PICTURE, "png"),
        encoded(GREY_PICTURE.convert("RGB"), "png"),
        encoded(GREY_PICTURE.convert("P"), "png"),
        encoded(GREY_PICTURE.convert("LA"), "png"),
        encoded(Image.fromarray(IMAGE.astype(np.uint16) * 257), "png"),
        encoded(GREY_PICTURE.convert("RGB"), "webp", lossless=True),
        array_file(IMAGE),
        array_file(IMAGE[..., None]),
        array_file(np.asfortranarray(IMAGE / 255)),
        array_file((IMAGE / 255).astype(np.float32)),
    ],
)
def test_a_picture_of_the_right_size_keeps_every_pixel(file):
    file.seek(0)
    image, note = read(file)
    assert np.array_equal(image[..., 0], IMAGE)
    assert "inverted" not in note and "resized" not in note


@pytest.mark.parametrize(
    "file",
    [
        encoded(LARGE, "jpeg", quality=95),
        encoded(LARGE.convert("CMYK"), "jpeg", quality=95),
        encoded(LARGE.convert("RGB"), "webp", quality=95),
        encoded(LARGE, "png"),
        array_file(np.asarray(LARGE)),
    ],
)
def test_a_larger_picture_is_made_smaller_and_that_is_said(file):
    image, note = read(file)
    assert np.abs(image[..., 0].astype(int) - IMAGE).max() < 60
    assert "resized from 160 × 160" in note


def test_one_bit_pictures_and_arrays_have_two_brightnesses():
    bits = IMAGE > 0
    for file in (encoded(Image.fromarray(bits), "png"), array_file(bits)):
        assert np.array_equal(read(file)[0][..., 0], bits * np.uint8(255))


def test_a_light_background_is_inverted_where_those_of_the_training_images_are_dark_and_the_other_way_round():
    light = encoded(Image.fromarray(255 - IMAGE), "png")
    image, note = read(light)
    assert np.array_equal(image[..., 0], IMAGE) and note == "inverted: its background is light"
    dark, note = read(encoded(GREY_PICTURE, "png"), wanted="light")
    assert np.array_equal(dark[..., 0], 255 - IMAGE) and note == "inverted: its background is dark"


def test_nothing_is_inverted_where_the_training_images_differ_and_no_colours_ever():
    light = Image.fromarray(255 - IMAGE)
    image, note = read(encoded(light, "png"), wanted=None)
    assert np.array_equal(image[..., 0], 255 - IMAGE) and note == ""
    image, note = read(encoded(light.convert("RGB"), "png"), COLOUR)
    assert np.array_equal(image[..., 0], 255 - IMAGE) and note == "its background is light"


def test_grey_and_colour_become_what_the_model_takes():
    colours = Image.merge("RGB", [GREY_PICTURE, GREY_PICTURE.point(lambda value: value // 2), GREY_PICTURE])
    assert "colours made grey" in read(encoded(colours, "png"))[1]
    image, _ = read(encoded(colours, "png"), COLOUR)
    assert np.array_equal(image, np.asarray(colours))
    image, note = read(encoded(GREY_PICTURE, "png"), COLOUR)
    assert np.array_equal(image, np.stack([IMAGE] * 3, axis=-1)) and "grey taken for colour" in note
    image, _ = read(encoded(GREY_PICTURE, "png"), (8, 8, 4))
    assert np.array_equal(image[..., 3], np.full((8, 8), 255))


def test_a_picture_is_turned_as_the_camera_was_held():
    arrow = np.kron(np.tril(np.full((8, 8), 200, np.uint8)), np.ones((20, 20), np.uint8))
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # to be turned by 90° clockwise
    turned, note = read(encoded(Image.fromarray(np.rot90(arrow)), "jpeg", exif=exif, quality=95), wanted=None)
    upright, _ = read(encoded(Image.fromarray(arrow), "jpeg", quality=95), wanted=None)
    assert np.abs(turned.astype(int) - upright).max() < 10 and "turned upright" in note


@pytest.mark.parametrize(("size", "inside"), [((160, 80), np.s_[2:6, :]), ((80, 160), np.s_[:, 2:6])])
def test_proportions_are_kept_and_the_border_goes_on_at_two_sides(size, inside):
    image, note = read(encoded(Image.new("L", size, 230), "png"), wanted="light")
    assert (image == 230).all() and "with a margin" in note
    bright = np.full((size[1], size[0]), 30, np.uint8)
    bright[25:-25, 25:-25] = 250
    image, _ = read(encoded(Image.fromarray(bright), "png"))
    outside = image.copy()
    outside[inside] = image[0, 0]
    assert image[inside].max() > 200 and outside.max() < 60


@pytest.mark.parametrize("colour", [20, 240])
def test_what_stands_on_nothing_is_put_on_a_paper_on_which_it_is_seen(colour):
    alpha = Image.fromarray((IMAGE > 0).astype(np.uint8) * 255)
    file = encoded(Image.merge("LA", [Image.new("L", (8, 8), colour), alpha]), "png")
    image, note = read(file)
    assert image[3, 3] > 200 and image[0, 0] < 20, "light on dark, as the training images are"
    assert "transparent" in note


def test_of_a_moving_picture_the_first_frame_is_taken():
    file = encoded(GREY_PICTURE, "png", save_all=True, append_images=[Image.new("L", (8, 8))])
    image, note = read(file)
    assert np.array_equal(image[..., 0], IMAGE) and note == "the first of 2 frames"


def photo(size: tuple[int, int], at: tuple[int, int], paper: int = 240) -> Image.Image:
    """Something dark, twice as high as wide, on plain paper."""
    picture = Image.new("L", size, paper)
    picture.paste(Image.fromarray(255 - np.repeat(np.repeat(IMAGE[2:6, 3:5], 20, axis=0), 20, axis=1)), at)
    return picture


@pytest.mark.parametrize(("size", "at"), [((400, 300), (50, 100)), ((90, 700), (0, 610)), ((120, 120), (40, 20))])
def test_an_object_on_plain_paper_becomes_as_large_as_those_of_the_training_images(size, at):
    image, note = pictures.read(encoded(photo(size, at), "PNG"), GREY, Appearance("dark", 0.5))
    assert "cut out" in note and "inverted" in note
    assert np.abs(image[..., 0].astype(int) - np.where(IMAGE, IMAGE, 15)).max() <= 20
    image, note = pictures.read(encoded(photo(size, at), "PNG"), GREY, Appearance("dark"))
    assert "cut out" not in note


def test_nothing_is_cut_out_of_what_has_the_right_size_or_no_plain_background():
    right = encoded(Image.fromarray(255 - IMAGE), "PNG")
    noise = encoded(Image.fromarray(RANDOM.integers(0, 256, (90, 60), dtype=np.uint8)), "PNG")
    blank = encoded(Image.new("L", (30, 20), 200), "PNG")
    assert not any("cut out" in pictures.read(file, GREY, Appearance("dark", 0.5))[1] for file in (right, noise, blank))


def test_transparent_paper_is_plain_too():
    picture = Image.new("RGBA", (300, 200), (10, 200, 30, 0))
    picture.paste((250, 20, 20, 255), (100, 60, 120, 100))
    image, note = pictures.read(encoded(picture, "PNG"), (8, 8, 3), Appearance(None, 1.0))
    assert "cut out" in note and (image[:, 2:6] == (250, 20, 20)).all(-1).mean() > 0.7


@pytest.mark.parametrize("shape", [GREY, COLOUR, (8, 8, 4)])
def test_what_the_model_saw_is_shown_pixel_by_pixel(shape):
    image = RANDOM.integers(0, 256, shape, dtype=np.uint8)
    kind, _, content = pictures.as_png(image).partition(",")
    assert kind == "data:image/png;base64"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(content)))).reshape(shape), image)
