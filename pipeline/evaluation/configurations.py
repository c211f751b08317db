"""Trainings put together by their configuration: what each came to over its seeds, and what differs in their making."""

from typing import NamedTuple

import numpy as np

from pipeline.evaluation import intervals, seeds
from pipeline.evaluation.predictions import Predictions
from pipeline.evaluation.seeds import Estimate

SEED = "seed"  # the parameter that makes no other configuration


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


def _accuracy(tables: list[Predictions], name: str) -> float | None:
    shares = [float(np.mean(each.right[each.actual == name])) for each in tables if name in each.actual]
    return float(np.mean(shares)) if shares else None


def _spread(values: list[float | None]) -> float:
    known = [value for value in values if value is not None]
    return max(known, default=0) - min(known, default=0)
