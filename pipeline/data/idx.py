"""Reads IDX files, the format of MNIST and its relatives, strictly."""

from pathlib import Path

import numpy as np

from pipeline.core.errors import UserError

UINT8 = 0x08


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """Reads a whole IDX file of unsigned bytes, strictly.

    The format, after http://yann.lecun.com/exdb/mnist/: two zero bytes, a type code, the number of dimensions,
    then each size as a big-endian uint32, then the values, the last dimension fastest. Sizes are held against the
    length of the file before any memory is asked for.

    Returns a read-only uint8 array with `dimensions` axes. Raises UserError for any other content.
    """
    length = path.stat().st_size
    header = 4 + 4 * dimensions
    with path.open("rb") as file:
        magic = file.read(4)
        if len(magic) < 4 or magic[:2] != b"\0\0":
            raise UserError(f"{path}: starts with {magic.hex(' ') or 'nothing'}; an IDX file starts with 00 00")
        if magic[2] != UINT8:
            raise UserError(f"{path}: holds values of type 0x{magic[2]:02x}; allowed is 0x08, unsigned bytes")
        if magic[3] != dimensions:
            raise UserError(f"{path}: has {magic[3]} dimensions; {dimensions} are expected")
        if length < header:
            raise UserError(f"{path}: {length} bytes are too few for a header of {header}")
        shape = tuple(int(size) for size in np.frombuffer(file.read(header - 4), dtype=">u4"))
    if 0 in shape:
        raise UserError(f"{path}: is empty ({' × '.join(map(str, shape))} values)")
    expected = header + int(np.prod(shape, dtype=object))
    if length != expected:
        difference = f"{abs(length - expected)} {'too few' if length < expected else 'too many'}"
        raise UserError(f"{path}: {' × '.join(map(str, shape))} values make {expected} bytes; {length} is {difference}")
    values = np.fromfile(path, dtype=np.uint8, offset=header).reshape(shape)
    values.flags.writeable = False
    return values


def read_images(path: Path, channels: int) -> np.ndarray:
    """Reads an IDX file of images: three dimensions where images are grey, a fourth for the channels otherwise.

    Returns uint8 (count, height, width, channels). Raises UserError.
    """
    images = read_idx(path, 3 if channels == 1 else 4)
    return images[..., np.newaxis] if channels == 1 else images


def read_labels(path: Path) -> np.ndarray:
    """Reads an IDX file of labels. Returns uint8 (count,). Raises UserError."""
    return read_idx(path, 1)
