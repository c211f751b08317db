"""Trains the model on the prepared training data, under an MLflow run.

Writes models/model.keras, the best epoch by validation accuracy; models/run_id, the MLflow run, which evaluate
continues; reports/history.csv and reports/train.json. The same parameters, data, code and number of threads give the
same model, byte for byte, on one machine. Killed, it goes on from the last finished epoch, in the same run. Where
MLflow's server goes away meanwhile, it trains to its end, and `python -m pipeline sync` delivers the rest of the run.
"""

from pathlib import Path

from pipeline.config.load import load
from pipeline.core import cli, files, paths, stage
from pipeline.core.cli import say
from pipeline.core.errors import Away


def main() -> None:
    with stage.begin(lambda: load("dataset", "train")) as begun:
        dataset_config, params = begun.params
        (tracking,) = load("tracking")
        stage.require(*paths.TRAINING_DATA.values())
        from pipeline.workflow.training_run import training_run

        is_safe = False
        try:
            with training_run(dataset_config, params, tracking) as (run_id, resume):
                with cli.suppress_stderr():  # tensorflow, once the store has answered
                    from pipeline.workflow.train import deliver, train

                train(dataset_config, params, Path(), resume)
                begun.assert_unchanged()
                files.write_text(paths.RUN_ID, run_id + "\n")
                is_safe = True
                deliver(dataset_config, Path(), resume)
        except Away as away:
            if not is_safe:
                raise
            say(f"{away}. The model is safe; once it does: `python -m pipeline sync` delivers the rest of the run")
