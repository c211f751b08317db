"""Prints what the last `dvc repro` came to: accuracies, where the figures are, how to open the UI."""

import json

from pipeline import chain, console, files, paths
from pipeline.console import UserError, say


def summary(train: dict, test: dict, run_id: str | None) -> str:
    """The text, from the contents of reports/train.json and reports/test.json and the run in this MLflow store."""
    return "\n".join(
        [
            "",
            f"validation accuracy  {train['validation']['accuracy']:.4f}  (epoch {train['best_epoch']}, the best)",
            f"test accuracy        {test['test']['accuracy']:.4f}  (images that nothing else has seen)",
            "figures              reports/figures/",
            "data checks          reports/data_checks.html",
            *run_lines(run_id),
        ]
    )


def run_lines(run_id: str | None) -> list[str]:
    """Where the run is to be seen; it is None after `dvc pull` in a clone."""
    if run_id is None:
        return ["MLflow run           in another store; this makes one here:", f"                     {chain.RESTORES}"]
    return [
        f"MLflow run           {run_id}",
        "open the UI          make ui   (or: mlflow ui), then",
        f"                     http://127.0.0.1:5000/#/experiments/0/runs/{run_id}",
    ]


def main() -> None:
    needed = (paths.TRAIN_METRICS, paths.TEST_METRICS, paths.RUN_ID, paths.MODEL)
    for path in needed:
        if not path.is_file():
            raise UserError(f"{path} is missing; `dvc repro` makes it")
    from pipeline import lookup

    train, test, run_id = (path.read_text(encoding="utf-8") for path in needed[:3])
    found = lookup.find_run(run_id.strip(), files.sha256(paths.MODEL))
    say(summary(json.loads(train), json.loads(test), found))


if __name__ == "__main__":
    console.run(main, __doc__)
