"""Trainings to compare that nobody had to wait for."""

import numpy as np

from pipeline.evaluation.configurations import Trained
from pipeline.evaluation.predictions import Predictions

CLASSES = ["A", "B & <b>"]


def table(wrong: list[int], count: int = 40, confidence: float | None = 0.75) -> Predictions:
    """What a model says that takes these images for the other class. Even images are of the first class."""
    label = np.arange(count) % 2
    given = label.copy()
    given[wrong] = 1 - label[wrong]
    names = np.array(CLASSES, dtype=object)
    return Predictions(names[label], names[given], None if confidence is None else np.full(count, confidence))


def trained(number: int, wrong: list[int] | None = None, seed: int = 1, **changes) -> Trained:
    """Training `number`, which errs on the images `wrong`. By keyword: fields of Trained, or values of parameters."""
    predictions = table([] if wrong is None else wrong)
    params = {"filters": "4", "seed": str(seed)} | {k: str(v) for k, v in changes.items() if k not in Trained._fields}
    fields = {k: v for k, v in changes.items() if k in Trained._fields}
    run = Trained(
        run_id=f"{number:032x}",
        name=f"run {number}",
        params=params,
        origin={"dataset.name": "quadrants", "code": "c0de"},
        curves={name: {1: 0.5, 2: 0.6 + number / 100} for name in ("accuracy", "validation_accuracy")},
        validation=0.8,
        test=float(predictions.right.mean()),
        test_data="d" * 64,
        predictions=predictions,
    )
    return run._replace(**fields)
