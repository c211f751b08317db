"""Images and labels as arrays: splitting off validation data, prepared arrays on disk.

Everywhere in the project, images are uint8 arrays (count, height, width, channels) and labels uint8 arrays (count,).
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.core import files
from pipeline.core.errors import UserError

BLOCK = 1 << 22  # bytes of images copied at one time


class Split(NamedTuple):
    """Images (n, height, width, channels) uint8 and their labels (n,) uint8."""

    images: np.ndarray
    labels: np.ndarray


def stratified_split(labels: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Chooses `count` images to be set aside, the same share of every class, by `seed`.

    Returns the places in the file (of the rest, of those set aside), both in its order. Equal input gives equal output.
    Raises UserError where a class has too few images to be on both sides.
    """
    from sklearn.model_selection import train_test_split

    try:
        rest, aside = train_test_split(np.arange(len(labels)), test_size=count, random_state=seed, stratify=labels)
    except ValueError as error:
        raise UserError(f"{count} validation images cannot be set aside: {error}") from None
    return np.sort(rest), np.sort(aside)


def save(folder: Path, split: Split, places: np.ndarray | None = None) -> None:
    """Writes images.npy and labels.npy into `folder`, atomically: all, or those at these places.

    Equal arrays give equal bytes. No more than a block of images is copied in memory.
    """
    if places is None:
        places = np.arange(len(split.labels))
    with files.replacing(folder) as temporary:
        temporary.mkdir()
        with (temporary / "images.npy").open("wb") as file:
            header = np.lib.format.header_data_from_array_1_0(split.images[:0])
            np.lib.format.write_array_header_1_0(file, header | {"shape": (len(places), *split.images.shape[1:])})
            step = max(1, BLOCK // int(np.prod(split.images.shape[1:])))
            for start in range(0, len(places), step):
                file.write(split.images[places[start : start + step]].data)
        np.save(temporary / "labels.npy", split.labels[places], allow_pickle=False)


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
