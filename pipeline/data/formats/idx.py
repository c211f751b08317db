"""IDX files, the format of MNIST and its relatives: one of images and one of labels."""

import contextlib
import gzip
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.config.schema import Dataset, IdxFiles
from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data import scratch
from pipeline.data.arrays import Split


def read(half: IdxFiles, dataset_config: Dataset) -> Split:
    """Reads a file of images, with a fourth dimension for several channels, and one of labels.

    Raises UserError for a damaged or missing file.
    """
    if missing := [name for name in half.hashes if not (paths.RAW / name).is_file()]:
        raise UserError("\n".join(f"{paths.RAW / n} is missing; `dvc repro download` fetches it" for n in missing))
    grey = dataset_config.channels == 1
    images, labels = _both((half.images, 3 if grey else 4), (half.labels, 1))
    if half.transposed:
        images = scratch.copied(images.swapaxes(1, 2))
    if half.first_label:
        if labels.min() < half.first_label:
            place = int(np.argmax(labels < half.first_label))
            raise UserError(
                f"{paths.RAW / half.labels}[{place}] is {labels[place]}, less than first_label, {half.first_label}"
            )
        labels = labels - np.uint8(half.first_label)
    return Split(images[..., np.newaxis] if grey else images, labels)


def _both(*wanted: tuple[str, int]) -> list[np.ndarray]:
    """Reads files with so many dimensions. Raises UserError with a line for each that is damaged."""
    found: list[np.ndarray] = []
    problems: list[str] = []
    for name, dimensions in wanted:
        try:
            found.append(read_idx(paths.RAW / name, dimensions))
        except UserError as error:
            problems.append(str(error))
    if problems:
        raise UserError("\n".join(problems))
    return found


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Yields a file; where its name ends in .gz, a temporary one with what is in it. Raises UserError where damaged."""
    if path.suffix != ".gz":
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / path.stem
        try:
            with gzip.open(path) as packed, plain.open("wb") as output:
                shutil.copyfileobj(packed, output)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise UserError(f"{path}: is damaged: {error}") from None
        yield plain


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """Opens an IDX file of unsigned bytes, the format of MNIST and its relatives; one that ends in .gz, unpacked.

    The format, after http://yann.lecun.com/exdb/mnist/: two zero bytes, a type code (8 for unsigned bytes), the number
    of dimensions, then each size as a big-endian uint32, then the values, the last dimension fastest. Sizes are held
    against the length of the file first.

    Returns a read-only uint8 array with `dimensions` axes, memory-mapped. Raises UserError for any other content.
    """
    with unpacked(path) as plain:
        return _read_plain(plain, path, dimensions)


def _read_plain(plain: Path, path: Path, dimensions: int) -> np.ndarray:
    """Reads the file `plain`, called `path` in what is said."""
    length = plain.stat().st_size
    header = 4 + 4 * dimensions
    with plain.open("rb") as file:
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
    return np.asarray(np.memmap(plain, np.uint8, "r", header, shape))  # a view: slices of a memmap are slow to make
