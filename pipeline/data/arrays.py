"""Images and labels as arrays: splitting off validation data, prepared arrays on disk.

Everywhere in the project, images are uint8 arrays (count, height, width, channels) and labels uint8 arrays (count,).
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.core import files
from pipeline.core.errors import UserError


class Split(NamedTuple):
    """Images (n, height, width, channels) uint8 and their labels (n,) uint8."""

    images: np.ndarray
    labels: np.ndarray


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
