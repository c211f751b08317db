"""Brings the run of the model in this folder into the MLflow store.

    python -m pipeline sync

Where the server was away when the training ended, it gets what it missed: points of curves, checkpoints, the model.
Where the store has no such run, because the model came with `git clone` and `dvc pull` or the store was lost, a run is
made from the outputs and dvc.lock, tagged `restored_from`. Trains and evaluates nothing, and does nothing where the
store has it all.
"""

from pipeline.config.load import load
from pipeline.core import stage
from pipeline.core.cli import say
from pipeline.workflow.restore import ensure_run


def main() -> None:
    with stage.begin(lambda: load("dataset", "train")) as begun:
        run_id = ensure_run(*begun.params)
    say(f"run {run_id} is in this MLflow store; `python -m pipeline verify` checks it")
