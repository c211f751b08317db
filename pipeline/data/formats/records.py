"""Files of records of one size: the label, then the pixels of an image, one channel after the other."""

from pathlib import Path

import numpy as np

from pipeline.config.schema import Dataset, RecordFiles
from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data.arrays import Split
from pipeline.data.scratch import room_for


def read(half: RecordFiles, dataset_config: Dataset) -> Split:
    """Reads the files one after the other, each memory-mapped. The form of https://www.cs.toronto.edu/~kriz/cifar.html.

    Raises UserError with a line for each file that is missing, or is no whole number of records.
    """
    height, width, channels = dataset_config.image_shape
    record = np.dtype([("label", "u1", (half.label_bytes,)), ("pixels", "u1", (channels, height, width))])
    files = [paths.RAW / each.name for each in half.files]
    if problems := [problem for path in files if (problem := _problem(path, record.itemsize))]:
        raise UserError("\n".join(problems))
    ends = np.cumsum([path.stat().st_size // record.itemsize for path in files])
    images, labels = room_for((int(ends[-1]), height, width, channels)), np.empty(ends[-1], np.uint8)
    for path, start, end in zip(files, [0, *ends], ends, strict=False):
        records = np.memmap(path, record, "r")
        images[start:end] = np.moveaxis(records["pixels"], 1, -1)
        labels[start:end] = records["label"][:, -1]
    return Split(images, labels)


def _problem(path: Path, size: int) -> str | None:
    """Why a file cannot be records of `size` bytes; None where it can."""
    if not path.is_file():
        return f"{path} is missing; `dvc repro download` fetches it"
    length = path.stat().st_size
    if not length or length % size:
        return f"{path}: has {length:,} bytes; a record has {size:,}, by label_bytes, height, width and channels"
    return None
