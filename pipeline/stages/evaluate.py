"""Judges the model on the test data, which nothing else opens, and adds the verdict to the run that trained it.

Writes reports/test.json, tables as CSV (per_class, confusion, calibration) and the pictures in reports/figures/.
"""

from pathlib import Path

from pipeline.config.load import load
from pipeline.core import cli, files, paths, stage
from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.workflow.evaluate import evaluate


def main() -> None:
    with stage.begin(lambda: load("dataset", "evaluate")) as begun:
        dataset_config, settings = begun.params
        stage.require(paths.TEST, paths.MODEL, paths.RUN_ID, paths.HISTORY, paths.TRAIN_METRICS)
        with cli.suppress_stderr():
            from pipeline.tracking import queries, runs
            from pipeline.training import checkpoint
            from pipeline.workflow import restore

        trained = paths.RUN_ID.read_text(encoding="utf-8", errors="replace").strip()
        sha256 = files.sha256(paths.MODEL)
        run_id = queries.find_run_of_model(trained, sha256)
        if run_id and queries.tag(run_id, "model.sha256") != sha256:
            raise UserError(f"{paths.MODEL}: is not the model that run {run_id} trained; `dvc checkout` puts that back")
        restored = {"restored_from": trained} if run_id is None else {}
        half, _ = (queries.find_tagged("restored_from", trained) if restored else None) or (None, None)
        with runs.run(run_id or half, tags=restored) as active:
            if run_id is None:
                say(f"run {trained} is not in this MLflow store; a new one is made, tagged restored_from")
                restore.restore(dataset_config)
            evaluate(dataset_config, settings, Path())
            begun.assert_unchanged()
        if training := queries.tag(active, "training"):
            checkpoint.discard(training)  # kept till here: a kill before DVC had noted the outputs would have needed it
    say(f"figures are in {paths.FIGURES}/")
