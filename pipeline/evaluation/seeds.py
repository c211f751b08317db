"""What several seeds of one configuration tell together: a mean with its interval, and a test of two such means."""

from typing import NamedTuple

import numpy as np
from scipy import stats

from pipeline.evaluation.intervals import LEVEL


class Estimate(NamedTuple):
    """A number with its 95 % confidence interval, where there is one."""

    value: float
    low: float | None = None
    high: float | None = None


def mean(values: list[float]) -> Estimate:
    """The mean over seeds with Student's t interval (Student 1908). Of one seed there is no interval."""
    middle = float(np.mean(values))
    if len(values) < 2:
        return Estimate(middle)
    half = float(stats.t.ppf((1 + LEVEL) / 2, len(values) - 1) * stats.sem(values))
    return Estimate(middle, middle - half, middle + half)


def welch(first: list[float], second: list[float]) -> float | None:
    """The p-value of Welch's t-test (1947) that two configurations have the same mean over all seeds.

    None where one has no spread, which a t-test needs.
    """
    if min(len(set(first)), len(set(second))) < 2:
        return None
    return float(stats.ttest_ind(first, second, equal_var=False).pvalue)
