"""What some images are like, in numbers: small enough to be kept with a run, and no picture of anybody.

Two of them can be held against each other (drift.py) when the images are long gone.
"""

import math
from typing import Annotated, Literal, NamedTuple, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.data import sampling

QUANTILES = 201  # of each measure, from the least to the greatest value
MEAN_SIDE = 16  # pixels of the longer side of a mean image, at most
MANY = 20  # images from which on their mean shows none of them

Numbers = list[Annotated[float, Field(allow_inf_nan=False)]]
MEASURES = {
    "brightness": "mean of the pixels",
    "contrast": "standard deviation of the pixels",
    "sharpness": "mean difference of neighbouring pixels, for each level of contrast",
    "edges": "share of the differences that go from left to right, and not from top to bottom",
}


class Means(BaseModel):
    """Mean images of at least MANY images each, flat (height · width · channels); None where there are fewer."""

    model_config = ConfigDict(strict=True, frozen=True)

    shape: tuple[int, int, int]
    all: Numbers | None
    classes: list[Numbers | None]
    variance: float = Field(ge=0, allow_inf_nan=False)  # of a pixel, over the images; the mean of all pixels


class Profile(BaseModel):
    """What images are like."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    version: Literal[1]
    shape: tuple[int, int, int]  # height, width, channels
    images: int = Field(ge=1)
    measured: int = Field(ge=1)  # how many of them the quantiles, levels and means are of
    quantiles: dict[str, Annotated[Numbers, Field(min_length=QUANTILES, max_length=QUANTILES)]]
    levels: Annotated[Numbers, Field(min_length=256, max_length=256)]  # share of the pixels of each level
    brightest: int = Field(ge=0, le=255)  # the brightest pixel of an image, as 99 of 100 images have it at most
    classes: list[Annotated[int, Field(ge=0)]] | None  # images of each; None where there are no labels
    means: Means

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        pixels = math.prod(self.means.shape)
        if self.quantiles.keys() != MEASURES.keys():
            raise ValueError(f"quantiles: should be of {', '.join(MEASURES)}")
        if any(each is not None and len(each) != pixels for each in (self.means.all, *self.means.classes)):
            raise ValueError(f"means: each should have {pixels} pixels")
        return self


class _Sums(NamedTuple):
    """What a look at each image has added up."""

    measures: np.ndarray  # float64 (n, measures)
    brightest: np.ndarray  # (n,)
    levels: np.ndarray  # (256,)
    small: np.ndarray  # float32 (n, height, width, channels), shrunk


def profile(images: np.ndarray, labels: np.ndarray | None, classes: int) -> Profile:
    """Looks at images uint8 (n, height, width, channels), n ≥ 1, at most sampling.MEASURED of them."""
    places = sampling.places(len(images), sampling.MEASURED)
    looked_at = _look(images, places)
    points = np.quantile(looked_at.measures, np.linspace(0, 1, QUANTILES), axis=0)
    counts = None if labels is None else np.bincount(labels, minlength=classes)[:classes].tolist()
    return Profile(
        version=1,
        shape=images.shape[1:],
        images=len(images),
        measured=len(places),
        quantiles={name: _rounded(points[:, column]) for column, name in enumerate(MEASURES)},
        levels=_rounded(looked_at.levels / looked_at.levels.sum(), 8),
        brightest=int(np.quantile(looked_at.brightest, 0.99, method="lower")),
        classes=counts,
        means=_means(looked_at.small, None if labels is None else labels[places], classes),
    )


def as_json(found: Profile) -> str:
    """A profile as text, by which a run keeps it; Profile.model_validate_json reads it."""
    return found.model_dump_json() + "\n"


def _look(images: np.ndarray, places: np.ndarray) -> _Sums:
    measures, brightest, small, levels = [], [], [], np.zeros(256, np.int64)
    for some in sampling.slices(len(places), images.shape[1:]):
        block = images[places[some]]
        levels += np.bincount(block.ravel(), minlength=256)
        brightest.append(block.max(axis=(1, 2, 3)))
        measures.append(_measures(block.astype(np.float32)))
        small.append(_shrunk(block.astype(np.float32)))
    return _Sums(np.concatenate(measures), np.concatenate(brightest), levels, np.concatenate(small))


def _measures(block: np.ndarray) -> np.ndarray:
    """The MEASURES of float32 images (n, height, width, channels), in their order: float64 (n, 4)."""
    every = (1, 2, 3)
    across = np.abs(np.diff(block, axis=2)).mean(axis=every, dtype=np.float64)
    down = np.abs(np.diff(block, axis=1)).mean(axis=every, dtype=np.float64)
    contrast = block.std(axis=every, dtype=np.float64)
    sharpness = (across + down) / 2 / np.maximum(contrast, 1e-9)
    edges = np.where(across + down > 0, across / np.maximum(across + down, 1e-9), 0.5)
    return np.stack([block.mean(axis=every, dtype=np.float64), contrast, sharpness, edges], axis=1)


def _shrunk(block: np.ndarray) -> np.ndarray:
    """Images at most MEAN_SIDE pixels large, each the mean of a rectangle."""
    for axis in (1, 2):
        size = block.shape[axis]
        edges = np.linspace(0, size, min(size, MEAN_SIDE) + 1).round().astype(int)
        sums = np.add.reduceat(block, edges[:-1], axis=axis)
        block = sums / np.diff(edges).reshape([-1 if each == axis else 1 for each in range(4)])
    return block.astype(np.float32)


def _means(small: np.ndarray, labels: np.ndarray | None, classes: int) -> Means:
    def mean(some: np.ndarray) -> list[float] | None:
        return _rounded(some.mean(axis=0, dtype=np.float64).ravel(), 3) if len(some) >= MANY else None

    return Means(
        shape=small.shape[1:],
        all=mean(small),
        classes=[] if labels is None else [mean(small[labels == label]) for label in range(classes)],
        variance=round(float(small.var(axis=0, dtype=np.float64).mean()), 6),
    )


def _rounded(values: np.ndarray, digits: int = 6) -> list[float]:
    return [float(value) for value in np.round(values, digits)]
