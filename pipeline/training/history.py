"""How far a training has come: its finished epochs, and what becomes of them on the disk."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

DIGITS = 6  # of what is written to files: more than any of these numbers is good for


class Epoch(NamedTuple):
    """A finished epoch, counted from 1: name → value of the loss and of each metric that the model was compiled with.

    The training ones are means over the batches of the epoch, with dropout.
    """

    epoch: int
    training: dict[str, float]
    validation: dict[str, float]

    def row(self) -> dict[str, float]:
        """A row of reports/history.csv: column → value."""
        return {"epoch": self.epoch} | self.training | {f"validation_{k}": v for k, v in self.validation.items()}


class TrainingState(NamedTuple):
    """The finished epochs of a training, and the weights after the best of them."""

    history: list[Epoch]
    best_weights: list[np.ndarray]

    @property
    def is_best(self) -> bool:
        """Whether the last epoch is the best one so far."""
        return best_epoch(self.history) is self.history[-1]


def best_epoch(history: list[Epoch]) -> Epoch:
    """The epoch with the highest validation accuracy, the earliest of equals."""
    return max(history, key=lambda epoch: (epoch.validation["accuracy"], -epoch.epoch))


def history_csv(history: list[Epoch]) -> str:
    """The text of reports/history.csv: a row an epoch."""
    return pd.DataFrame([epoch.row() for epoch in history]).round(DIGITS).to_csv(index=False)


def summary(best: Epoch) -> dict[str, Any]:
    """What reports/train.json holds, by the names in core/results: the number of the best epoch, and its metrics."""
    parts = {"train": best.training, "validation": best.validation}
    return {"best/epoch": best.epoch} | {
        f"best/{part}_{name}": round(value, DIGITS)
        for part, metrics in parts.items()
        for name, value in sorted(metrics.items())
    }
