"""What several trained models tell beside each other: which parameters differ, and which accuracies, beyond chance."""

from itertools import product
from typing import NamedTuple

import numpy as np

from pipeline.evaluation import intervals, seeds
from pipeline.evaluation.predictions import Predictions
from pipeline.evaluation.seeds import Estimate

SEED = "seed"  # the parameter that makes no other configuration
NO_ANSWERS = "answers to each picture are missing"
ALPHA = 1 - intervals.LEVEL


class Trained(NamedTuple):
    """A training, and the test of its model, as far as its run tells."""

    run_id: str
    name: str
    params: dict[str, str]  # leaf name → value, of the training
    origin: dict[str, str]  # of what else it was made: name → value; what is not known is left out
    curves: dict[str, dict[int, float]]  # column of reports/history.csv → epoch → value
    validation: float | None  # accuracy of the best epoch
    test: float | None  # accuracy
    test_data: str | None  # sha256 of the test images
    predictions: Predictions | None


class Configuration(NamedTuple):
    """One run, or several that differ in nothing but the seed."""

    runs: list[Trained]

    @property
    def validation(self) -> Estimate | None:
        """The accuracy on validation images. Of one run, without an interval."""
        return _mean([run.validation for run in self.runs])

    @property
    def test(self) -> Estimate | None:
        """The accuracy on test images: over seeds, or of one run, over images (Wilson's interval)."""
        (run, *others) = self.runs
        if others or run.predictions is None:
            return _mean([run.test for run in self.runs])
        share = intervals.share(run.predictions.right)
        return Estimate(share.value, share.low, share.high)

    def value(self, name: str) -> str:
        """A parameter, or what else the runs are made of; of several seeds, all values. Empty where there is none."""
        values = ((run.params | run.origin).get(name, "") for run in self.runs)
        return ", ".join(dict.fromkeys(values))

    @property
    def predictions(self) -> list[Predictions]:
        """Those of all runs; none where a run has none."""
        known = [run.predictions for run in self.runs if run.predictions is not None]
        return known if len(known) == len(self.runs) else []


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


def fold(runs: list[Trained]) -> list[Configuration]:
    """Puts runs together that differ in nothing but the seed, in the order in which they come.

    Runs of one configuration and one seed stay apart: something that is not recorded must have differed, or they are
    the same, and two of the same tell nothing about seeds.
    """
    groups: dict[object, list[Trained]] = {}
    for run in runs:
        settings = {name: value for name, value in run.params.items() if name != SEED}
        groups.setdefault((tuple(sorted(settings.items())), tuple(sorted(run.origin.items()))), []).append(run)
    folded = []
    for group in groups.values():
        is_folded = len({run.params.get(SEED) for run in group}) == len(group)
        folded += [Configuration(group)] if is_folded else [Configuration([run]) for run in group]
    return folded


def differing(configurations: list[Configuration]) -> dict[str, list[str]]:
    """The parameters that differ → the value in each configuration, and so for what else the runs were made of.

    A parameter that a model does not have differs from any value; what else is not known of a run does not.
    """
    runs = [run for configuration in configurations for run in configuration.runs]
    found = {}
    for parts, unknown in (([run.params for run in runs], set()), ([run.origin for run in runs], {""})):
        for name in dict.fromkeys(name for part in parts for name in part):
            values = [each.value(name) for each in configurations]
            if len(set(values) - unknown) > 1:
                found[name] = values
    return found


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


def curve(configuration: Configuration, column: str) -> list[tuple[int, float, float, float]]:
    """(epoch, mean, lowest, highest) over the runs, of the epochs in which each run has a number."""
    curves = [run.curves.get(column, {}) for run in configuration.runs]
    epochs = sorted(set.intersection(*(set(values) for values in curves)))
    values = {epoch: [values[epoch] for values in curves] for epoch in epochs}
    return [(epoch, float(np.mean(v)), min(v), max(v)) for epoch, v in values.items() if np.isfinite(v).all()]


def by_class(configurations: list[Configuration]) -> dict[str, list[float | None]]:
    """Class → accuracy of each configuration, None of one without predictions. First those that differ the most."""
    known = [table.actual for each in configurations for table in each.predictions]
    names = dict.fromkeys(np.concatenate(known)) if known else {}
    found = {name: [_accuracy(each.predictions, name) for each in configurations] for name in names}
    return dict(sorted(found.items(), key=lambda item: -_spread(item[1])))


def _mean(values: list[float | None]) -> Estimate | None:
    known = [value for value in values if value is not None]
    return seeds.mean(known) if len(known) == len(values) else None


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


def _accuracy(tables: list[Predictions], name: str) -> float | None:
    shares = [float(np.mean(each.right[each.actual == name])) for each in tables if name in each.actual]
    return float(np.mean(shares)) if shares else None


def _spread(values: list[float | None]) -> float:
    known = [value for value in values if value is not None]
    return max(known, default=0) - min(known, default=0)
