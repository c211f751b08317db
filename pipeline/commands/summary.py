"""Prints what the last `dvc repro` came to: accuracies, where the figures are, how to open the UI."""

import json

from pipeline.core import files, paths
from pipeline.core.cli import say
from pipeline.core.errors import UserError


def summary(train: dict, test: dict, run: tuple[str, str] | None) -> str:
    """The text, from the contents of reports/train.json and reports/test.json; see `run_lines` for `run`."""
    return "\n".join(
        [
            "",
            f"validation accuracy  {train['validation']['accuracy']:.4f}  (epoch {train['best_epoch']}, the best)",
            f"test accuracy        {test['test']['accuracy']:.4f}  (images that nothing else has seen)",
            "figures              reports/figures/",
            "data checks          reports/data_checks.html",
            *run_lines(run),
        ]
    )


def run_lines(run: tuple[str, str] | None) -> list[str]:
    """Where the run, (experiment id, run id) in this MLflow store, is to be seen; None after `dvc pull` in a clone."""
    if run is None:
        return [
            "MLflow run           in another store; this makes one here:",
            "                     python -m pipeline restore",
        ]
    experiment, run_id = run
    return [
        f"MLflow run           {run_id}",
        "open the UI          make ui   (or: mlflow ui), then",
        f"                     http://127.0.0.1:5000/#/experiments/{experiment}/runs/{run_id}",
    ]


def main() -> None:
    needed = (paths.TRAIN_METRICS, paths.TEST_METRICS, paths.RUN_ID, paths.MODEL)
    for path in needed:
        if not path.is_file():
            raise UserError(f"{path} is missing; `dvc repro` makes it")
    from pipeline.tracking import queries

    train, test, run_id = (path.read_text(encoding="utf-8") for path in needed[:3])
    found = queries.get_run(queries.find_run_of_model(run_id.strip(), files.sha256(paths.MODEL)))
    run = (found.info.experiment_id, found.info.run_id) if found else None
    say(summary(json.loads(train), json.loads(test), run))
