"""Judges the model on the test data, which nothing else opens, and adds the verdict to the run that trained it.

Writes reports/test.json, tables as CSV (per_class, confusion, calibration) and the pictures in reports/figures/. Where
this MLflow store has no such run, it is restored first.
"""

from pathlib import Path

from pipeline.config.load import load
from pipeline.core import cli, paths, stage
from pipeline.core.cli import say
from pipeline.workflow.restore import ensure_run


def main() -> None:
    with stage.begin(lambda: load("dataset", "train", "evaluate", "gate")) as begun:
        dataset_config, params, settings, limits = begun.params
        (tracking,) = load("tracking")
        stage.require(paths.TEST)
        run_id = ensure_run(dataset_config, params)
        with cli.suppress_stderr():
            from pipeline.tracking import queries, runs
            from pipeline.training import checkpoint
            from pipeline.workflow import gate
            from pipeline.workflow.evaluate import evaluate

        with runs.run(run_id, tracking=tracking):
            judged = evaluate(dataset_config, params, settings, Path())
            begun.assert_unchanged()
            verdicts = gate.decide(run_id, dataset_config, judged, limits, settings.behaviour)
        if training := queries.tag(run_id, "training"):
            checkpoint.discard(training)  # kept till here: a kill before DVC had noted the outputs would have needed it
        gate.enforce(verdicts, limits)
    say(f"all that was found is in {paths.MODEL_REPORT}")
