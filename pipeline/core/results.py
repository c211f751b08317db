"""What results are called: the same in MLflow, in reports/*.json, which DVC compares, and in the summary.

A result has one value: best/… is of the epoch whose weights are kept, test/… of the test images. A curve has a value
for each epoch, and begins with epoch/, so that one cannot be taken for the other.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

BEST_EPOCH = "best/epoch"
VALIDATION_ACCURACY = "best/validation_accuracy"
TEST_ACCURACY = "test/accuracy"

LOGGED = {  # as runs of version 0.1 call them
    "best_epoch": BEST_EPOCH,
    "best/accuracy": VALIDATION_ACCURACY,
    "best/loss": "best/validation_loss",
}
WRITTEN = {  # as its reports/train.json does, in parts; what that says of the training images, MLflow does not know
    "best_epoch": BEST_EPOCH,
    "validation/accuracy": VALIDATION_ACCURACY,
    "validation/loss": "best/validation_loss",
}


def read(path: Path) -> dict[str, float]:
    """Name → value of the results in reports/train.json or reports/test.json.

    Raises OSError, ValueError, TypeError, AttributeError or OverflowError where the file is missing or damaged.
    """
    found: dict[str, float] = {}
    for name, value in json.loads(path.read_text(encoding="utf-8")).items():
        parts = (
            {f"{name}/{part}": number for part, number in value.items()} if isinstance(value, dict) else {name: value}
        )
        found |= {WRITTEN.get(key, key): float(number) for key, number in parts.items()}
    if not found:
        raise ValueError(f"{path} holds no results")
    return {name: value for name, value in found.items() if not name.startswith("train/")}


def data_set(name: str) -> str | None:
    """The part of the data that a result was measured on: train, validation or test. None of one that is of no part."""
    found = re.match(r"best/(train|validation)_|(test)/", name)
    return found and (found[1] or found[2])


def logged(metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics of an MLflow run, with results by their present names."""
    return {LOGGED.get(name, name): value for name, value in metrics.items()}
