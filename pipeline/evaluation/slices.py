"""Accuracy on parts of the test images: each class, bright and dark pictures, full and sparse ones."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pipeline.evaluation import intervals


class Slice(NamedTuple):
    """A part of the test images, and how often the model is right there."""

    name: str
    accuracy: intervals.Share


def by_class(labels: np.ndarray, right: np.ndarray, classes: list[str]) -> list[Slice]:
    """One slice for each class, in the order of `classes`. `labels` (n,), `right` bool (n,)."""
    return [Slice(name, intervals.share(right[labels == number])) for number, name in enumerate(classes)]


def by_look(images: np.ndarray, right: np.ndarray) -> list[Slice]:
    """Two slices, below and above the median, for each of `LOOKS`. `images` uint8 (n, h, w, channels)."""
    found = []
    for names, measure in LOOKS:
        values = measure(images)
        above = values > np.median(values)
        found += [Slice(name, intervals.share(right[part])) for name, part in zip(names, (~above, above), strict=True)]
    return found


def brightness(images: np.ndarray) -> np.ndarray:
    """Mean pixel of each image, 0 to 255."""
    return images.mean(axis=(1, 2, 3))


def filling(images: np.ndarray) -> np.ndarray:
    """Share of the pixels of each image that differ from its background: how much of it is the object.

    The background is taken to be the median of the four corners.
    """
    corners = images[:, [0, 0, -1, -1], [0, -1, 0, -1]].astype("int16")
    background = np.median(corners, axis=1)[:, None, None, :]
    return (np.abs(images.astype("int16") - background) > 16).any(axis=3).mean(axis=(1, 2))


LOOKS: list[tuple[tuple[str, str], Callable[[np.ndarray], np.ndarray]]] = [
    (("dark", "bright"), brightness),
    (("sparse", "full"), filling),
]
