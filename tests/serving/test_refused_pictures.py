"""What is no picture, or too large a one, is refused."""

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from helpers.data import edited
from helpers.picture_files import GREY_PICTURE, IMAGE, LARGE, array_file, encoded, read
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import UserError


def png_that_promises(width: int, height: int) -> io.BytesIO:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packed = b"IDAT" + zlib.compress(bytes(1000))
    chunks = (
        struct.pack(">I", len(each) - 4) + each + struct.pack(">I", zlib.crc32(each)) for each in (header, packed)
    )
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def array_that_promises(*shape: int) -> io.BytesIO:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    file.seek(0)
    return file


@pytest.mark.parametrize(
    "file",
    [
        png_that_promises(10_000, 10_000),
        png_that_promises(2**31 - 1, 2**31 - 1),
        array_that_promises(10_000, 10_000),
        array_that_promises(2**40, 2**20),
    ],
)
def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_decoded(file):
    with warnings.catch_warnings(), pytest.raises(UserError, match=r"pixels.*(more than|exceeds)"):
        warnings.simplefilter("ignore")
        read(file)


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((3, 8, 8, 1), np.uint8), r"is an array \(3, 8, 8, 1\) of uint8; a picture is"),
        (np.zeros((8, 8, 2), np.uint8), "1, 3 or 4 channels"),
        (np.zeros((0, 8), np.uint8), "is an array"),
        (np.zeros(8, np.uint8), "is an array"),
        (np.zeros((8, 8), np.int64), "of int64"),
        (np.full((8, 8), 17.0), "outside 0 to 1"),
        (np.full((8, 8), np.nan), "outside 0 to 1"),
        (np.array([[None]]), "of object"),
    ],
)
def test_an_array_that_is_no_picture_is_refused_with_the_reason(array, reason):
    with pytest.raises(UserError, match=reason):
        read(array_file(array))


@pytest.mark.parametrize("content", [b"", b"not a picture", b"GIF89a" + bytes(100), b"%PDF-1.7", b"\x93NUMPY"])
def test_what_is_no_picture_is_refused(content):
    with pytest.raises(UserError):
        read(io.BytesIO(content))


@given(st.sampled_from([encoded(GREY_PICTURE, "png"), encoded(LARGE, "jpeg"), array_file(IMAGE)]), st.data())
def test_damaged_files_are_pictures_or_refused_and_nothing_else(file, data):
    content = data.draw(edited(file.getvalue(), st.binary(max_size=8)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            read(io.BytesIO(content))
        except UserError as error:
            assert "\n" not in str(error)
