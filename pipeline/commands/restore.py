"""Makes an MLflow run for the model in this folder, which was trained elsewhere: after `git clone` and `dvc pull`.

    python -m pipeline restore

Trains and evaluates nothing: parameters, metrics, curves, figures and the model are taken from the outputs and from
dvc.lock. The run is tagged `restored_from`. Does nothing where the MLflow store has the run.
"""

from pipeline.config.load import load
from pipeline.core import stage
from pipeline.core.cli import say
from pipeline.workflow.restore import ensure_run


def main() -> None:
    with stage.begin(lambda: load("dataset", "train")) as begun:
        run_id = ensure_run(*begun.params)
    say(f"run {run_id} is in this MLflow store; `python -m pipeline verify` checks it")
