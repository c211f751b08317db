"""Prints what the last `dvc repro` came to: accuracies, where the figures are, how to open the UI."""

import json
from pathlib import Path

from pipeline import console
from pipeline.console import UserError, say

TRAIN, TEST = Path("reports/train.json"), Path("reports/test.json")
RUN_ID = Path("models/run_id")


def summary(train: dict, test: dict, run_id: str) -> str:
    """The text, from the contents of reports/train.json, reports/test.json and models/run_id."""
    return "\n".join(
        [
            "",
            f"validation accuracy  {train['validation']['accuracy']:.4f}  (epoch {train['best_epoch']}, the best)",
            f"test accuracy        {test['test']['accuracy']:.4f}  ({test['test']['images']:,} images)",
            "figures              reports/figures/",
            "data checks          reports/data_checks.html",
            f"MLflow run           {run_id}",
            "open the UI          make ui   (or: mlflow ui), then http://127.0.0.1:5000",
        ]
    )


def main() -> None:
    for path in (TRAIN, TEST, RUN_ID):
        if not path.is_file():
            raise UserError(f"{path} is missing; `dvc repro` makes it")
    say(summary(json.loads(TRAIN.read_text()), json.loads(TEST.read_text()), RUN_ID.read_text().strip()))


if __name__ == "__main__":
    console.run(main, __doc__)
