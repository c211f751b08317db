"""A file of numpy arrays, as numpy.savez and Keras' data sets have it. Nothing in it is unpickled.

What the header of an array says is held against params.yaml and the file before any room is asked for.
"""

import contextlib
import math
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.lib import format as npy

from pipeline.config.schema import Dataset, NpzFile
from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data import labels, sampling, scratch
from pipeline.data.arrays import Split

CHUNK = 1 << 18  # bytes unpacked at one time
NUMBERS = "buif"  # kinds of numpy's types: bool, whole and floating-point numbers


class Header(NamedTuple):
    """What an array in the file says of itself."""

    shape: tuple[int, ...]
    dtype: np.dtype


def read(half: NpzFile, dataset_config: Dataset) -> Split:
    """Reads the arrays of images and of labels. Raises UserError, with a line for all that is not as described."""
    path = paths.RAW / half.file
    if not path.is_file():
        raise UserError(f"{path} is missing; `dvc repro download` fetches it")
    found = headers(path)
    problems = [
        f"{path} has no array {name}; it has {', '.join(found) or 'none'}"
        for name in (half.images, half.labels)
        if name not in found
    ]
    if not problems:
        problems = _problems(half, dataset_config, found[half.images], found[half.labels])
    if problems:
        raise UserError("\n".join(problems))
    try:
        images = unpacked(path, half.images).reshape(-1, *dataset_config.image_shape)
        images = as_bytes(images, half.brightest, f"{path}:{half.images}")
    except UserError as error:
        problems.append(str(error))
    try:
        where, numbers = f"{path}:{half.labels}", array(path, half.labels)
        numbers = labels.from_numbers(numbers, dataset_config.classes, half.first_label, where)
    except UserError as error:
        problems.append(str(error))
    if problems:
        raise UserError("\n".join(problems))
    return Split(images, numbers)


def headers(path: Path) -> dict[str, Header]:
    """Name → shape and type of each array in a .npz file, none of which is read.

    Raises UserError for what is no such file, and for an array of Python objects.
    """
    found = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                with archive.open(member) as file:
                    header, _ = _read_header(file)
                found[member.filename.removesuffix(".npy")] = header
                if header.dtype.hasobject:
                    raise UserError(f"{path}:{member.filename} holds Python objects, which are never unpickled")
    except UserError:
        raise
    except Exception as error:  # zipfile and numpy raise nearly anything for bytes that were tampered with
        raise UserError(f"{path}: is no .npz file: {' '.join(str(error).split()) or type(error).__name__}") from None
    return found


def _read_header(file: IO[bytes]) -> tuple[Header, bool]:
    """The header that an open file begins with, and whether the first axis is the fastest."""
    read = npy.read_array_header_1_0 if npy.read_magic(file) == (1, 0) else npy.read_array_header_2_0
    shape, is_fortran, dtype = read(file)
    return Header(shape, dtype), is_fortran


def _problems(half: NpzFile, dataset_config: Dataset, images: Header, numbers: Header) -> list[str]:
    """A line for each way in which the headers are not as params.yaml says."""
    where, (height, width, channels) = f"{paths.RAW / half.file}:{half.images}", dataset_config.image_shape
    problems = []
    count, *size = images.shape or (0,)
    fitting = [[height, width, channels], [height * width * channels], *([[height, width]] if channels == 1 else [])]
    if size not in fitting or not count:
        wanted = " or ".join(f"(n, {', '.join(map(str, each))})" for each in fitting)
        problems.append(f"{where} is {images.shape}; dataset.height, width and channels in params.yaml make {wanted}")
    if images.dtype.kind not in NUMBERS:
        problems.append(f"{where} is {images.dtype}; pixels are numbers")
    elif images.dtype != np.uint8 and half.brightest is None:
        problems.append(f"{where} is {images.dtype}; brightest in params.yaml has to say which value is white")
    if (numbers.shape or (0,))[0] != count:
        problems.append(f"{paths.RAW / half.file}:{half.labels} is {numbers.shape}, {half.images} is {images.shape}")
    for header, name in ((images, half.images), (numbers, half.labels)):
        if math.prod(header.shape) * header.dtype.itemsize > 2**62:
            problems.append(f"{paths.RAW / half.file}:{name} claims to be {header.shape}, which no file is")
    return problems


def array(path: Path, name: str) -> np.ndarray:
    """An array of a .npz file, whose header was looked at. Raises UserError where it is damaged."""
    with _refusing(path, name), np.load(path, allow_pickle=False) as arrays:
        return arrays[name]


def unpacked(path: Path, name: str) -> np.ndarray:
    """The same in a temporary file, memory-mapped, for an array that may be larger than the memory; last axis fastest.

    Raises UserError where it is damaged, or the disk too small.
    """
    with _refusing(path, name), zipfile.ZipFile(path) as archive:
        member = archive.getinfo(f"{name}.npy" if f"{name}.npy" in archive.namelist() else name)
        with archive.open(member) as file:
            (shape, dtype), is_fortran = _read_header(file)
            size = math.prod(shape) * dtype.itemsize
            if file.tell() + size != member.file_size:
                raise ValueError(f"{shape} of {dtype} are no {member.file_size} bytes")
            found = scratch.room_for(shape[::-1] if is_fortran else shape, dtype)
            room, end = found.reshape(-1).view(np.uint8), 0
            while chunk := file.read(CHUNK):  # to its end, where its checksum is looked at
                start, end = end, end + len(chunk)
                room[start:end] = np.frombuffer(chunk, np.uint8)
            if end < size:
                raise EOFError("it is cut off")
    return scratch.copied(found.T) if is_fortran else found


@contextlib.contextmanager
def _refusing(path: Path, name: str) -> Iterator[None]:
    """Turns what is raised for an array that is damaged, or too large, into a UserError that names it."""
    try:
        yield
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error, MemoryError) as error:
        raise UserError(f"{path}:{name} is damaged: {' '.join(str(error).split())}") from None
    except UserError as error:
        raise UserError(f"{path}:{name}: {error}") from None


def as_bytes(images: np.ndarray, brightest: float | None, where: str) -> np.ndarray:
    """Pixels from 0 to `brightest` → uint8 from 0 to 255, rounded; None: they are uint8. The input may be returned.

    Raises UserError, that begins with `where`, for values outside.
    """
    if brightest is None or (brightest == 255 and images.dtype == np.uint8):
        return images
    parts = list(sampling.slices(len(images), images.shape[1:]))
    low, high = np.min([images[part].min() for part in parts]), np.max([images[part].max() for part in parts])
    if not (low >= 0 and high <= brightest):  # NaN is neither
        raise UserError(
            f"{where} has values from {low} to {high}, where brightest in params.yaml allows 0 to {brightest:g}"
        )
    found = scratch.room_for(images.shape)
    for part in parts:
        found[part] = np.rint(images[part].astype(np.float64) * (255 / brightest))
    return found
