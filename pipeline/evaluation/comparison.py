"""What several trained models tell beside each other: which accuracies differ, and whether beyond chance."""

from itertools import product
from typing import NamedTuple

import numpy as np

from pipeline.evaluation import intervals, seeds
from pipeline.evaluation.configurations import Configuration, Trained, differing, fold
from pipeline.evaluation.predictions import Predictions

NO_ANSWERS = "answers to each picture are missing"
ALPHA = 1 - intervals.LEVEL


class Difference(NamedTuple):
    """A configuration beside the first one, on the same test images.

    `wins` are the numbers of the images that it names rightly, in all its runs, and the first one in none; `losses` the
    other way round. The surest come first, where it is known how sure the models were.
    """

    gain: float | None  # of the test accuracy
    p: float | None
    test: str  # which one gave p; where there is none, why
    wins: list[int]
    losses: list[int]


class Comparison(NamedTuple):
    """Configurations, in which of their parameters they differ, and how each but the first differs from the first."""

    configurations: list[Configuration]
    differing: dict[str, list[str]]  # name → value in each configuration, empty where it has none
    differences: list[Difference]

    @property
    def limit(self) -> float:
        """The p below which a difference is more than chance: 0.05 divided by the number of tests (Bonferroni)."""
        return ALPHA / max(1, sum(each.p is not None for each in self.differences))

    def is_clear(self, difference: Difference) -> bool:
        """Whether a difference is more than chance."""
        return difference.p is not None and difference.p < self.limit


def compare(runs: list[Trained]) -> Comparison:
    """Compares runs, at least two; the first one, with its other seeds, is what the others are held against."""
    configurations = fold(runs)
    first, *others = configurations
    return Comparison(configurations, differing(configurations), [differ(first, other) for other in others])


def differ(first: Configuration, other: Configuration) -> Difference:
    """How a configuration differs from the first one on the test images."""
    reason = _obstacle([*first.runs, *other.runs])
    gain = other.test.value - first.test.value if other.test and first.test and reason in ("", NO_ANSWERS) else None
    if reason:
        return Difference(gain, None, reason, [], [])
    if min(len(first.runs), len(other.runs)) > 1:
        p = seeds.welch(*([run.test for run in each.runs if run.test is not None] for each in (first, other)))
        test = "Welch's t-test over seeds" if p is not None else "no spread over seeds, no test"
    else:
        p, test = _mcnemar(first, other)
    one, two = first.predictions, other.predictions
    return Difference(gain, p, test, _pictures(two, one), _pictures(one, two))


def _obstacle(runs: list[Trained]) -> str:
    """Why runs cannot be held against each other on the test images; empty where they can."""
    if any(run.test is None for run in runs):
        return "not tested"
    data = {run.test_data for run in runs}
    if None in data:
        return "nothing says on which pictures it was tested"
    actual = [run.predictions.actual for run in runs if run.predictions is not None]
    if len(data) > 1 or not all(np.array_equal(each, actual[0]) for each in actual):
        return "tested on other pictures"
    return "" if len(actual) == len(runs) else NO_ANSWERS


def _mcnemar(first: Configuration, other: Configuration) -> tuple[float, str]:
    """The largest p of all pairs of runs, which is the one to go by where something is to hold for each seed."""
    pairs = [intervals.mcnemar(a.right, b.right) for a, b in product(first.predictions, other.predictions)]
    return max(pairs), "McNemar's exact test" + (", the largest p of all seeds" if len(pairs) > 1 else "")


def _pictures(right: list[Predictions], wrong: list[Predictions]) -> list[int]:
    """The images that all of one side name rightly and none of the other; those of which both are surest first."""
    chosen = np.flatnonzero(
        np.all([each.right for each in right], axis=0) & ~np.any([each.right for each in wrong], axis=0)
    )
    known = [each.confidence[chosen] for each in (right[0], wrong[0]) if each.confidence is not None]
    order = np.argsort(-np.sum(known, axis=0), kind="stable") if known else slice(None)
    return [int(number) for number in chosen[order]]
