"""Prints what the last `dvc repro` came to: accuracies, where the figures are, how to open the UI."""

import json

from pipeline import console, paths
from pipeline.console import UserError, say


def summary(train: dict, test: dict, run_id: str) -> str:
    """The text, from the contents of reports/train.json, reports/test.json and models/run_id."""
    return "\n".join(
        [
            "",
            f"validation accuracy  {train['validation']['accuracy']:.4f}  (epoch {train['best_epoch']}, the best)",
            f"test accuracy        {test['test']['accuracy']:.4f}  (images that nothing else has seen)",
            "figures              reports/figures/",
            "data checks          reports/data_checks.html",
            f"MLflow run           {run_id}",
            "open the UI          make ui   (or: mlflow ui), then",
            f"                     http://127.0.0.1:5000/#/experiments/0/runs/{run_id}",
        ]
    )


def main() -> None:
    needed = (paths.TRAIN_METRICS, paths.TEST_METRICS, paths.RUN_ID)
    for path in needed:
        if not path.is_file():
            raise UserError(f"{path} is missing; `dvc repro` makes it")
    train, test, run_id = (path.read_text(encoding="utf-8") for path in needed)
    say(summary(json.loads(train), json.loads(test), run_id.strip()))


if __name__ == "__main__":
    console.run(main, __doc__)
