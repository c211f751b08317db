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
        list[tuple[tuple[str, str], Callable[[np.ndarray], np.ndarray]]] = [
            (("dark", "bright"), brightness),
            (("sparse", "full"), filling),
        ]
