"""What a finished training leaves on the disk beside the model: its history and its best epoch."""

from typing import Any

import pandas as pd

from pipeline.training.loop import Epoch

DIGITS = 6  # of what is written to files: more than any of these numbers is good for


def history_csv(history: list[Epoch]) -> str:
    """The text of reports/history.csv: a row an epoch, a column for each field of Epoch."""
    return pd.DataFrame(history).round(DIGITS).to_csv(index=False)


def summary(best: Epoch) -> dict[str, Any]:
    """What reports/train.json holds: the number of the best epoch, and its losses and accuracies."""
    return {
        "best_epoch": best.epoch,
        "train": {"accuracy": round(best.accuracy, DIGITS), "loss": round(best.loss, DIGITS)},
        "validation": {
            "accuracy": round(best.validation_accuracy, DIGITS),
            "loss": round(best.validation_loss, DIGITS),
        },
    }
