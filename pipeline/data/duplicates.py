"""Images that are in the data twice: exactly, within a part; and nearly, across train and test."""

from typing import NamedTuple

import numpy as np

from pipeline.data import frequencies, sampling

SIMILAR = 0.995  # correlation of the pixels from which on two images are nearly the same
NEIGHBOURS = 4  # the nearest images that are looked at closely; a copy is the very nearest
TREE = 50_000  # training images that are held as numbers at one time
NUMBERS = 25  # by which neighbours are found, of all channels together


class Twins(NamedTuple):
    """Places in the two parts of images that are nearly the same, int (n,) each, and their correlation, float (n,);
    `asked`: of how many test images a twin was looked for."""

    test: np.ndarray
    train: np.ndarray
    correlation: np.ndarray
    asked: int


def copies(hashes: np.ndarray) -> list[tuple[int, int]]:
    """(Place, place of the first one like it) of each image that is a copy, by the hashes of their pixels (n,)."""
    _, first, group = np.unique(hashes, return_index=True, return_inverse=True)
    same = first[group]
    return [(int(place), int(same[place])) for place in np.flatnonzero(same != np.arange(len(hashes)))]


def alike(images: np.ndarray) -> float:
    """The share of images that have a twin among the others: how often images of this kind are nearly the same anyway.

    Of at most sampling.MEASURED images uint8 (n, height, width, channels).
    """
    places = sampling.places(len(images), sampling.MEASURED)
    found = frequencies.structure(images, _count(images), places)
    here, there = _candidates(found, found)
    here, there = places[here[here != there]], places[there[here != there]]
    return len(np.unique(here[_correlations(images, here, images, there) >= SIMILAR])) / len(places)


def twins(train: np.ndarray, test: np.ndarray) -> Twins:
    """The most similar training image of each test image that has one as similar as SIMILAR; the most similar first.

    Images uint8 (n, height, width, channels). At most sampling.MEASURED test images are asked, of all training images,
    TREE at one time. Plain images have no twin.
    """
    asked = sampling.places(len(test), sampling.MEASURED)
    best, nearest = np.zeros(len(asked)), np.zeros(len(asked), int)
    count = _count(train)
    structure = frequencies.structure(test, count, asked)
    for start in range(0, len(train), TREE):
        block = train[start : start + TREE]
        here, there = _candidates(frequencies.structure(block, count), structure)
        correlation = _correlations(test, asked[here], block, there)
        for place, other, similarity in zip(here, there, correlation, strict=True):
            if similarity > best[place]:
                best[place], nearest[place] = similarity, start + other
    found = np.flatnonzero(best >= SIMILAR)
    found = found[np.argsort(-best[found], kind="stable")]
    return Twins(asked[found], nearest[found], np.round(best[found], 5), len(asked))


def _count(images: np.ndarray) -> int:
    """How many frequencies each way make about NUMBERS numbers, of images with so many channels."""
    return max(2, round((NUMBERS / images.shape[-1]) ** 0.5))


Structure = tuple[np.ndarray, np.ndarray]  # as frequencies.structure gives it


def _candidates(known: Structure, asked: Structure) -> tuple[np.ndarray, np.ndarray]:
    """Places of pairs (asked, known) that may be as similar as SIMILAR, int (pairs,) each.

    They come from a k-d tree of low frequencies, where no two images lie further apart than they are.
    """
    from scipy.spatial import KDTree

    known_places, asked_places = np.flatnonzero(known[1]), np.flatnonzero(asked[1])
    if not len(known_places) or not len(asked_places):
        return np.empty(0, int), np.empty(0, int)
    tree = KDTree(known[0][known[1]])
    furthest = (2 * (1 - SIMILAR)) ** 0.5
    distance, nearest = tree.query(asked[0][asked[1]], k=min(NEIGHBOURS, tree.n), distance_upper_bound=furthest)
    distance, nearest = (each.reshape(len(asked_places), -1) for each in (distance, nearest))
    row, column = np.nonzero(np.isfinite(distance))
    return asked_places[row], known_places[nearest[row, column]]


def _correlations(images: np.ndarray, here: np.ndarray, others: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Pearson's correlation of the pixels of pairs of images, float (pairs,)."""
    found = np.empty(len(here))
    for pair in sampling.slices(len(here), images.shape[1:]):
        a, b = (each.astype(np.float32) for each in (images[here[pair]], others[there[pair]]))
        a, b = a - a.mean(axis=(1, 2), keepdims=True), b - b.mean(axis=(1, 2), keepdims=True)
        norms = np.square(a).sum(axis=(1, 2, 3)) * np.square(b).sum(axis=(1, 2, 3))
        found[pair] = (a * b).sum(axis=(1, 2, 3)) / np.sqrt(norms)
    return found
