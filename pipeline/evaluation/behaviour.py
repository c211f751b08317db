"""Behaviour tests of a model, as of software: small changes of a picture change few answers, and the obvious is right.

Invariance and minimum functionality after Ribeiro et al., Beyond Accuracy (2020), https://arxiv.org/abs/2005.04118.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pipeline.evaluation import intervals

Predict = Callable[[np.ndarray], np.ndarray]  # images uint8 → probabilities
NOISE = 8  # standard deviation of the noise, of 255
LIGHT = 0.1  # how much brighter and darker


def flipped(images: np.ndarray) -> list[np.ndarray]:
    """Mirrored left to right."""
    return [images[:, :, ::-1]]


def shifted(images: np.ndarray) -> list[np.ndarray]:
    """Moved by one pixel to each of the four sides; the border row or column is repeated."""
    height, width = images.shape[1:3]
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    return [padded[:, y : y + height, x : x + width] for y, x in ((0, 1), (2, 1), (1, 0), (1, 2))]


def relit(images: np.ndarray) -> list[np.ndarray]:
    """A tenth darker, and a tenth brighter."""
    return [_pixels(images * factor) for factor in (1 - LIGHT, 1 + LIGHT)]


def noisy(images: np.ndarray) -> list[np.ndarray]:
    """With a little Gaussian noise, the same each time."""
    return [_pixels(images + np.random.default_rng(0).normal(0, NOISE, images.shape))]


CHANGES: dict[str, tuple[str, Callable[[np.ndarray], list[np.ndarray]]]] = {
    "flip": ("mirrored left to right", flipped),
    "shift": ("moved by one pixel, to any side", shifted),
    "light": ("a tenth darker or brighter", relit),
    "noise": ("with a little noise", noisy),
}


class Invariance(NamedTuple):
    """The share of images whose prediction changes when the image is changed a little; `example` is the first."""

    name: str
    meaning: str
    changed: intervals.Share
    example: int | None


def invariances(predict: Predict, images: np.ndarray, predicted: np.ndarray) -> list[Invariance]:
    """One result for each of `CHANGES`. `predicted` (n,): what the model says of `images` as they are."""
    found = []
    for name, (meaning, change) in CHANGES.items():
        differs = np.any([predict(variant).argmax(axis=1) != predicted for variant in change(images)], axis=0)
        example = int(differs.argmax()) if differs.any() else None
        found.append(Invariance(name, meaning, intervals.share(differs), example))
    return found


def archetypes(images: np.ndarray, labels: np.ndarray, classes: int) -> list[int | None]:
    """For each class the index of its most typical image, that nearest to the mean of the class; None without any."""
    found: list[int | None] = []
    for label in range(classes):
        members = np.flatnonzero(labels == label)
        if not len(members):
            found.append(None)
            continue
        pixels = images[members].reshape(len(members), -1).astype("float32")
        found.append(int(members[((pixels - pixels.mean(axis=0)) ** 2).sum(axis=1).argmin()]))
    return found


def _pixels(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype("uint8")
