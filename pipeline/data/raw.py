"""Reads the raw files that params.yaml describes, strictly."""

from pathlib import Path

import numpy as np

from pipeline.config.schema import Dataset, IdxFiles
from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data.arrays import Split


def read(dataset_config: Dataset) -> dict[str, Split]:
    """Reads both halves from data/raw. Returns {"train": Split, "test": Split}.

    Raises UserError for a damaged or missing file.
    """
    halves = {"train": dataset_config.train, "test": dataset_config.test}
    return {name: READERS[half.format](half, dataset_config.channels) for name, half in halves.items()}


def read_idx_files(half: IdxFiles, channels: int) -> Split:
    """Reads half of a data set: a file of images, with a fourth dimension for several channels, and one of labels."""
    for name in half.sha256:
        if not (paths.RAW / name).is_file():
            raise UserError(f"{paths.RAW / name} is missing; `dvc repro download` fetches it")
    images = read_idx(paths.RAW / half.images, 3 if channels == 1 else 4)
    return Split(images[..., np.newaxis] if channels == 1 else images, read_idx(paths.RAW / half.labels, 1))


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """Reads a whole IDX file of unsigned bytes, the format of MNIST and its relatives.

    The format, after http://yann.lecun.com/exdb/mnist/: two zero bytes, a type code (8 for unsigned bytes), the number
    of dimensions, then each size as a big-endian uint32, then the values, the last dimension fastest. Sizes are held
    against the length of the file before any memory is asked for.

    Returns a read-only uint8 array with `dimensions` axes. Raises UserError for any other content.
    """
    length = path.stat().st_size
    header = 4 + 4 * dimensions
    with path.open("rb") as file:
        start, sizes = file.read(4), file.read(header - 4)
    wanted = bytes([0, 0, 8, dimensions])
    if start != wanted or length < header:
        raise UserError(
            f"{path}: {length} bytes that start with {start.hex(' ') or 'nothing'}; an IDX file of unsigned bytes "
            f"in {dimensions} dimensions starts with {wanted.hex(' ')}, and has {header} bytes of header"
        )
    shape = tuple(int(size) for size in np.frombuffer(sizes, dtype=">u4"))
    expected = header + int(np.prod(shape, dtype=object))
    if 0 in shape or length != expected:
        raise UserError(f"{path}: {' × '.join(map(str, shape))} values make {expected} bytes; this file has {length}")
    values = np.fromfile(path, dtype=np.uint8, offset=header).reshape(shape)
    values.flags.writeable = False
    return values


READERS = {"idx": read_idx_files}  # format in params.yaml → its reader
