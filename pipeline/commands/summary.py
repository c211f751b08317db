"""Prints what the last `dvc repro` came to: accuracies, where the figures are, how to open the UI."""

import json
from typing import Any

from pipeline.core import files, paths
from pipeline.core.cli import say
from pipeline.core.errors import UserError

LABEL = 21  # characters before what a line says


def summary(train: dict[str, Any], test: dict[str, Any], run_id: str | None, ui: list[str]) -> str:
    """The text, from the contents of reports/train.json and reports/test.json.

    `run_id` is the run in this MLflow store, None after `dvc pull` in a clone; `ui` says how to see it.
    """
    rows = [
        ("validation accuracy", f"{train['validation']['accuracy']:.4f}  (epoch {train['best_epoch']}, the best)"),
        ("test accuracy", f"{test['test']['accuracy']:.4f}  (images that nothing else has seen)"),
        ("figures", "reports/figures/"),
        ("data checks", "reports/data_checks.html"),
    ]
    if run_id:
        rows += [("MLflow run", run_id), ("open the UI", f"\n{' ' * LABEL}".join(ui))]
    else:
        rows += [("MLflow run", "in another store; this makes one here:"), ("", "python -m pipeline restore")]
    return "\n" + "\n".join(f"{label:{LABEL}}{value}" for label, value in rows)


def main() -> None:
    needed = (paths.TRAIN_METRICS, paths.TEST_METRICS, paths.RUN_ID, paths.MODEL)
    for path in needed:
        if not path.is_file():
            raise UserError(f"{path} is missing; `dvc repro` makes it")
    from pipeline.tracking import queries, store

    train, test, run_id = (path.read_text(encoding="utf-8") for path in needed[:3])
    run = queries.get_run(queries.find_run_of_model(run_id.strip(), files.sha256(paths.MODEL)))
    ui = store.ui_lines(run.info.experiment_id, run.info.run_id) if run else []
    say(summary(json.loads(train), json.loads(test), run.info.run_id if run else None, ui))
