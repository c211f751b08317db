"""How sure a share is, and whether two models differ: intervals and a paired test."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

LEVEL = 0.95
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)


@dataclass(frozen=True)
class Share:
    """A share of images with its 95 % confidence interval."""

    value: float
    low: float
    high: float
    count: int
    total: int


def share(hits: np.ndarray) -> Share:
    """`hits` bool (n,) → their share, with the interval that `counted` gives."""
    return counted(int(np.count_nonzero(hits)), len(hits))


def counted(count: int, total: int) -> Share:
    """`count` of `total` → their share. Of no images, the interval is all that is possible: 0 to 1.

    Wilson's interval, which stays within 0 and 1 and is right for small n (Wilson 1927). Not scipy's, which is the
    same: importing scipy.stats for it took a fifth of the time in which `summary` begins.
    """
    if not total:
        return Share(0.0, 0.0, 1.0, 0, 0)
    middle = (count + Z**2 / 2) / (total + Z**2)
    half = Z * math.sqrt(count * (total - count) / total + Z**2 / 4) / (total + Z**2)
    low, high = middle - half if count else 0.0, middle + half if count < total else 1.0
    return Share(count / total, low, high, count, total)


def difference(first: Share, second: Share) -> tuple[float, float]:
    """The 95 % interval of `first` − `second`, as (low, high).

    Newcombe's, of two Wilson intervals (Interval estimation for the difference between independent proportions, 1998,
    method 10). It takes the two as independent. Of two models on the same images it is too wide rather than too
    narrow, since both tend to fail on the same ones.
    """
    middle = first.value - second.value
    below = math.hypot(first.value - first.low, second.high - second.value)
    above = math.hypot(first.high - first.value, second.value - second.low)
    return middle - below, middle + above


def mcnemar(first_right: np.ndarray, second_right: np.ndarray) -> float:
    """The p-value of the exact McNemar test that two models are equally often right on the same images.

    `first_right`, `second_right`: bool (n,), whether each is right on each image. Only images on which one is right and
    the other wrong count (McNemar 1947; exact, since these can be few).
    """
    from scipy.stats import binomtest

    only_first = int(np.count_nonzero(first_right & ~second_right))
    only_second = int(np.count_nonzero(second_right & ~first_right))
    if not only_first + only_second:
        return 1.0
    return float(binomtest(only_first, only_first + only_second).pvalue)
