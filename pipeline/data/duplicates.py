"""Images that are in the data twice: exactly, within a part; and nearly, across train and test."""

from typing import NamedTuple

import numpy as np

from pipeline.data import frequencies, sampling

SIMILAR = 0.995  # correlation of the pixels from which on two images are nearly the same
NEIGHBOURS = 4  # the nearest images that are looked at closely; a copy is the very nearest
NUMBERS = 25  # by which neighbours are found, of all channels together


class Twins(NamedTuple):
    """Places in the two parts of images that are nearly the same, int (n,) each, and their correlation, float (n,)."""

    test: np.ndarray
    train: np.ndarray
    correlation: np.ndarray


def copies(hashes: np.ndarray) -> list[tuple[int, int]]:
    """(Place, place of the first one like it) of each image that is a copy, by the hashes of their pixels (n,)."""
    _, first, group = np.unique(hashes, return_index=True, return_inverse=True)
    same = first[group]
    return [(int(place), int(same[place])) for place in np.flatnonzero(same != np.arange(len(hashes)))]


def twins(train: np.ndarray, test: np.ndarray) -> Twins:
    """The most similar training image of each test image that has one as similar as SIMILAR; the most similar first.

    Images uint8 (n, height, width, channels). Candidates come from a k-d tree of low frequencies (frequencies.py),
    where no two images lie further apart than they are; then all pixels are compared. Plain images have no twin.
    """
    from scipy.spatial import KDTree

    count = max(2, round((NUMBERS / train.shape[-1]) ** 0.5))
    (known, seen), (asked, wanted) = frequencies.structure(train, count), frequencies.structure(test, count)
    train_places, test_places = np.flatnonzero(seen), np.flatnonzero(wanted)
    if not len(train_places) or not len(test_places):
        return Twins(np.empty(0, int), np.empty(0, int), np.empty(0))
    furthest = (2 * (1 - SIMILAR)) ** 0.5
    tree = KDTree(known[seen])
    distance, nearest = tree.query(asked[wanted], k=min(NEIGHBOURS, tree.n), distance_upper_bound=furthest)
    distance = distance.reshape(len(test_places), -1)
    row, column = np.nonzero(np.isfinite(distance))
    here, there = test_places[row], train_places[nearest.reshape(distance.shape)[row, column]]
    correlation = _correlations(test, here, train, there)
    order = np.lexsort((there, -correlation, here))  # of each test image, the most similar first
    order = order[np.unique(here[order], return_index=True)[1]]
    order = order[correlation[order] >= SIMILAR]
    order = order[np.argsort(-correlation[order], kind="stable")]
    return Twins(here[order], there[order], np.round(correlation[order], 5))


def _correlations(images: np.ndarray, here: np.ndarray, others: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Pearson's correlation of the pixels of pairs of images, float (pairs,)."""
    step = max(1, sampling.PIXELS // int(np.prod(images.shape[1:])))
    found = np.empty(len(here))
    for start in range(0, len(here), step):
        pair = slice(start, start + step)
        a, b = (each.astype(np.float32) for each in (images[here[pair]], others[there[pair]]))
        a, b = a - a.mean(axis=(1, 2), keepdims=True), b - b.mean(axis=(1, 2), keepdims=True)
        norms = np.square(a).sum(axis=(1, 2, 3)) * np.square(b).sum(axis=(1, 2, 3))
        found[pair] = (a * b).sum(axis=(1, 2, 3)) / np.sqrt(norms)
    return found
