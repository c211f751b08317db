"""Arrays as large as all images of a part: in files without a name, since they may be larger than the memory."""

import math
import os
import shutil
import tempfile

import numpy as np
from numpy.typing import DTypeLike

from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data import sampling


def room_for(shape: tuple[int, ...], dtype: DTypeLike = np.uint8) -> np.ndarray:
    """An array of zeros on the disk that data/ is on, memory-mapped. Raises UserError where less is free there.

    The file has no name, so the system removes it when nothing reads it any more, and when the process is killed.
    """
    folder = paths.DATA if paths.DATA.is_dir() else None
    size, free = math.prod(shape) * np.dtype(dtype).itemsize, shutil.disk_usage(folder or tempfile.gettempdir()).free
    if size > free:
        sizes = " × ".join(f"{each:,}" for each in shape)
        raise UserError(f"images of {sizes} take {size / 1e9:,.1f} GB of disk; {free / 1e9:,.1f} GB are free")
    with tempfile.TemporaryFile(dir=folder) as file:
        if hasattr(os, "posix_fallocate"):  # where it is missing, a disk that gets full later ends the process
            os.posix_fallocate(file.fileno(), 0, size)
        return np.asarray(np.memmap(file, dtype, "r+", shape=shape))  # a view: slices of a memmap are slow to make


def copied(images: np.ndarray, places: np.ndarray | None = None) -> np.ndarray:
    """A copy with room of its own, whose last axis is fastest: of all images, or of those at these places."""
    count = len(images) if places is None else len(places)
    found = room_for((count, *images.shape[1:]), images.dtype)
    for some in sampling.slices(count, images.shape[1:]):
        found[some] = images[some if places is None else places[some]]
    return found
