"""What a finished training leaves on the disk beside the model: its history and its best epoch."""

from typing import Any

import pandas as pd

from pipeline.training.loop import Epoch

DIGITS = 6  # of what is written to files: more than any of these numbers is good for


def history_csv(history: list[Epoch]) -> str:
    """The text of reports/history.csv: a row an epoch."""
    return pd.DataFrame([epoch.row() for epoch in history]).round(DIGITS).to_csv(index=False)


def summary(best: Epoch) -> dict[str, Any]:
    """What reports/train.json holds: the number of the best epoch, and its metrics."""
    return {
        "best_epoch": best.epoch,
        "train": _rounded(best.training),
        "validation": _rounded(best.validation),
    }


def _rounded(metrics: dict[str, float]) -> dict[str, float]:
    return {name: round(value, DIGITS) for name, value in sorted(metrics.items())}
