"""Whether labels fit their images, asked of the nearest neighbours of each image, which have labels too.

The k nearest neighbours (Cover and Hart, Nearest Neighbor Pattern Classification, 1967) vote on images that they do not
hold. This classifier is thrown away. It compares data, and no model is chosen by what it says of test images.
"""

from typing import NamedTuple

import numpy as np

from pipeline.data import frequencies, sampling
from pipeline.data.arrays import Split
from pipeline.data.change import Change

NEIGHBOURS = 10  # fewer where classes are small
FREQUENCIES = 8  # each way, by which images are compared
CERTAIN = 3.3  # standard deviations that chance does not reach: once in a thousand times


class Votes(NamedTuple):
    """Some images of a part and what neighbours say of them: places (n,), labels (n,), shares of votes (n, classes)."""

    places: np.ndarray
    labels: np.ndarray
    shares: np.ndarray

    @property
    def accuracy(self) -> float:
        """The share of images whose label most neighbours have; 0 of none."""
        return float((self.shares.argmax(axis=1) == self.labels).sum() / max(len(self.labels), 1))

    @property
    def confusion(self) -> np.ndarray:
        """Row: the label; column: what neighbours say; each row sums up to 1, or is 0 where a class is not there."""
        counts = np.zeros((self.shares.shape[1],) * 2)
        np.add.at(counts, (self.labels, self.shares.argmax(axis=1)), 1)
        return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


class Agreement(NamedTuple):
    """What the neighbours of images say: of train about train and of test about test, without the image itself; and of
    train about test. All three ask equally many images, so that they can be held against each other."""

    train: Votes
    test: Votes
    across: Votes


def agreement(train: Split, test: Split, classes: int, undo: Change | None = None) -> Agreement:
    """Asks the neighbours of at most sampling.COMPARED images of each part. Equal input gives equal output.

    `undo`: a change by which test images are brought back first, so that labels are judged by themselves.
    """
    count = min(sampling.COMPARED, len(train.labels), len(test.labels))
    chosen = [(split, sampling.places(len(split.labels), count)) for split in (train, test)]
    points = [_points(*each, change) for each, change in zip(chosen, (None, undo), strict=True)]
    labels = [split.labels[places] for split, places in chosen]
    (train_places, test_places), (a, b), (known, asked) = [places for _, places in chosen], points, labels
    return Agreement(
        _among_others(Votes(train_places, known, _votes(a, known, a, classes, is_same=True))),
        _among_others(Votes(test_places, asked, _votes(b, asked, b, classes, is_same=True))),
        Votes(test_places, asked, _votes(a, known, b, classes, is_same=False)),
    )


def _among_others(votes: Votes) -> Votes:
    """Those of images with another one of their class beside them: of a single one neighbours know nothing."""
    is_known = np.bincount(votes.labels)[votes.labels] > 1
    return Votes(*(each[is_known] for each in votes))


def _points(split: Split, places: np.ndarray, undo: Change | None) -> np.ndarray:
    """What some images are coarsely, float32 (n, numbers)."""
    rows = []
    for some in sampling.slices(len(places), split.images.shape[1:]):
        block = split.images[places[some]]
        rows.append(frequencies.lowest(undo.undone(block) if undo else block, FREQUENCIES))
    return np.concatenate(rows)


def _votes(known: np.ndarray, labels: np.ndarray, asked: np.ndarray, classes: int, is_same: bool) -> np.ndarray:
    """Shares of the votes, float (n, classes). Where the images asked about are the known ones, none asks itself."""
    from sklearn.neighbors import NearestNeighbors

    count = max(1, min(NEIGHBOURS, len(known) // (2 * classes)))  # no more than half a class has
    count = min(count + is_same, len(known))
    nearest = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(known).kneighbors(asked, return_distance=False)
    others = np.ones(nearest.shape, bool)
    if is_same:
        others = nearest != np.arange(len(asked))[:, np.newaxis]
        others[others.all(axis=1), -1] = False  # so many copies that the image is not among its own neighbours
    weights = others / np.maximum(others.sum(axis=1, keepdims=True), 1)
    return np.einsum("nk,nkc->nc", weights, np.eye(classes)[labels[nearest]])


def misfit(asked: Votes, other: Votes) -> tuple[float, float]:
    """(How much less neighbours agree with the labels `asked` than with `other`, how much of that chance may do).

    Chance: the difference of two shares of so many images, by the binomial distribution.
    """
    if not (len(asked.labels) and len(other.labels)):
        return 0.0, 0.0
    sizes = np.array([len(asked.labels), len(other.labels)])
    both = float(np.average([asked.accuracy, other.accuracy], weights=sizes))  # one share, if it is chance alone
    variance = max(both * (1 - both), 0.05) * float((1 / sizes).sum())
    return max(0.0, other.accuracy - asked.accuracy), CERTAIN * variance**0.5


class Exchange(NamedTuple):
    """`share`: of what neighbours know, how much other names of the classes explain and the right ones do not, 0 to 1;
    `chance`: how much of that chance may do. `names`: label in test → label of the same images in train, of the classes
    that differ."""

    share: float
    chance: float
    names: dict[int, int]


def exchange(found: Agreement) -> Exchange:
    """The names of the classes under which train and test agree best.

    By the assignment of Kuhn (The Hungarian Method for the Assignment Problem, 1955) on the confusion of test images
    with the classes of train.
    """
    from scipy.optimize import linear_sum_assignment

    confusion, known = found.across.confusion, found.test.confusion
    label, name = linear_sum_assignment(-confusion)
    gain = confusion[label, name] - confusion[label, label]
    moved = label[(label != name) & (gain > 0)]
    if not len(moved):
        return Exchange(0.0, 0.0, {})
    images = int(np.isin(found.across.labels, moved).sum())
    whole = max(float(known[moved, moved].mean()), 1e-9)
    chance = CERTAIN * 0.5 / max(images, 1) ** 0.5 / whole
    return Exchange(min(float(gain[moved].mean()) / whole, 1.0), chance, {int(each): int(name[each]) for each in moved})


def doubtful(votes: Votes, count: int) -> list[tuple[int, int, int]]:
    """(Place, label, what the neighbours say) of the images with the most doubtful labels, at most `count`.

    By cleanlab (Northcutt, Jiang and Chuang, Confident Learning, 2021, https://arxiv.org/abs/1911.00068).
    """
    from cleanlab.rank import get_label_quality_scores

    shares = (votes.shares + 1e-3) / (votes.shares + 1e-3).sum(axis=1, keepdims=True)
    scores = get_label_quality_scores(votes.labels.astype(int), shares, method="normalized_margin")
    said = votes.shares.argmax(axis=1)
    order = [place for place in np.argsort(scores, kind="stable") if said[place] != votes.labels[place]][:count]
    return [(int(votes.places[each]), int(votes.labels[each]), int(said[each])) for each in order]
