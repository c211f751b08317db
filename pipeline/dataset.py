"""Images and labels as arrays: reading IDX files, splitting off validation data, prepared arrays on disk.

Everywhere in the project, images are uint8 arrays (count, height, width, channels) and labels uint8 arrays (count,).
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline import files
from pipeline.console import UserError

UINT8 = 0x08


class Split(NamedTuple):
    """Images (n, height, width, channels) uint8 and their labels (n,) uint8."""

    images: np.ndarray
    labels: np.ndarray


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


def stratified_split(split: Split, count: int, seed: int) -> tuple[Split, Split]:
    """Sets `count` images aside, the same share of every class, chosen by `seed`.

    Returns (the rest, those set aside); both keep the order of the file. Equal input gives equal output. Raises
    UserError where a class has too few images to be on both sides.
    """
    from sklearn.model_selection import train_test_split

    everything = np.arange(len(split.labels))
    try:
        rest, aside = train_test_split(everything, test_size=count, random_state=seed, stratify=split.labels)
    except ValueError as error:
        raise UserError(f"{count} validation images cannot be set aside: {error}") from None
    rest.sort()
    aside.sort()
    return Split(split.images[rest], split.labels[rest]), Split(split.images[aside], split.labels[aside])


def save(folder: Path, split: Split) -> None:
    """Writes images.npy and labels.npy into `folder`, atomically; equal arrays give equal bytes."""
    with files.replacing(folder) as temporary:
        temporary.mkdir()
        np.save(temporary / "images.npy", split.images, allow_pickle=False)
        np.save(temporary / "labels.npy", split.labels, allow_pickle=False)


def load(folder: Path) -> Split:
    """Opens what `save` wrote, memory-mapped and read-only. Raises UserError where it is missing or damaged."""
    try:
        images = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
        labels = np.load(folder / "labels.npy", mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise UserError(f"{error.filename} is missing; `dvc repro preprocess` makes it") from None
    except (ValueError, EOFError) as error:
        raise UserError(f"{folder}: damaged ({error}); `dvc repro --force preprocess` makes it anew") from None
    return Split(images, labels)
