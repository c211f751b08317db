"""All that a test tells about a model, in one place: the report, the card and the gate read it and compute nothing."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.data.arrays import Split
from pipeline.evaluation import behaviour, intervals, metrics, slices
from pipeline.evaluation.label_errors import LabelError, likely_label_errors


@dataclass(frozen=True)
class Guess:
    """What the model says of one image. `label` and `predicted` are class numbers."""

    index: int
    label: int
    predicted: int
    confidence: float


class Findings(NamedTuple):
    """The verdict on a model, from the test images."""

    classes: list[str]
    accuracy: intervals.Share
    overall: dict[str, float]  # as in reports/test.json
    confusion: np.ndarray  # counts (actual, predicted)
    per_class: pd.DataFrame  # as in reports/per_class.csv
    by_class: list[slices.Slice]
    by_look: list[slices.Slice]
    calibration: pd.DataFrame  # as in reports/calibration.csv
    invariances: list[behaviour.Invariance]
    archetypes: list[Guess]
    mistakes: list[Guess]  # the surest first
    unsure: list[Guess]  # right answers, the least sure first
    label_errors: list[LabelError]

    @property
    def confused(self) -> list[tuple[int, int, int]]:
        """(actual, predicted, count) of each kind of mistake, the most frequent first."""
        pairs = [(int(a), int(p), int(n)) for (a, p), n in np.ndenumerate(self.confusion) if a != p and n]
        return sorted(pairs, key=lambda pair: -pair[2])

    @property
    def recognised(self) -> float:
        """The share of classes whose most typical image gets the right name."""
        return float(np.mean([guess.label == guess.predicted for guess in self.archetypes]))

    @property
    def hardest(self) -> slices.Slice:
        """The class with the lowest accuracy."""
        return min(self.by_class, key=lambda each: each.accuracy.value)


def findings(
    test: Split, probabilities: np.ndarray, classes: list[str], bins: int, shown: int, predict: behaviour.Predict
) -> Findings:
    """Examines a model. `probabilities` float32 (n, classes) are its answers to `test`; `shown` limits each gallery."""
    predicted = probabilities.argmax(axis=1)
    right = predicted == test.labels
    confidence = probabilities.max(axis=1)

    def guesses(indices: np.ndarray) -> list[Guess]:
        return [Guess(int(i), int(test.labels[i]), int(predicted[i]), float(confidence[i])) for i in indices]

    wrong, hits = np.flatnonzero(~right), np.flatnonzero(right)
    typical = [index for index in behaviour.archetypes(test.images, test.labels, len(classes)) if index is not None]
    return Findings(
        classes=classes,
        accuracy=intervals.share(right),
        overall=metrics.overall(test.labels, probabilities, bins),
        confusion=metrics.confusion(test.labels, probabilities),
        per_class=metrics.per_class(test.labels, probabilities, classes),
        by_class=slices.by_class(test.labels, right, classes),
        by_look=slices.by_look(test.images, right),
        calibration=metrics.calibration(test.labels, probabilities, bins),
        invariances=behaviour.invariances(predict, test.images, predicted),
        archetypes=guesses(np.array(typical, dtype=int)),
        mistakes=guesses(wrong[np.argsort(-confidence[wrong], kind="stable")][:shown]),
        unsure=guesses(hits[np.argsort(confidence[hits], kind="stable")][:shown]),
        label_errors=likely_label_errors(test.labels, probabilities),
    )
