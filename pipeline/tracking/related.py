"""Runs that belong together: the trials of a study, the run that trained a model, the run before another one."""

import re

from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from pipeline.core import results
from pipeline.core.errors import UserError
from pipeline.tracking import store
from pipeline.tracking.curves import curve
from pipeline.tracking.queries import get_run, search


def children(parent: str) -> list[Run]:
    """The runs nested under a run."""
    return search(f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{parent}'")


def trials(study: str) -> list[Run]:
    """The runs of a study's trials that were trained to their end. Raises UserError where there is no such study."""
    parents = [run for run in search("tags.`optuna.study` LIKE '%'") if "optuna.trial" not in run.data.tags]
    for parent in parents:  # the newest of this name
        if parent.data.tags["optuna.study"] == study:
            ended = [run for run in children(parent.info.run_id) if run.info.status == "FINISHED"]
            return [run for run in ended if curve("loss") in run.data.metrics]  # not one that repeats another
    names = ", ".join(dict.fromkeys(run.data.tags["optuna.study"] for run in parents))
    raise UserError(f"study {study} is not in the MLflow store; there are: {names or 'none yet'}")


def find_run_of_model(run_id: str, model_sha256: str) -> str | None:
    """The id of the run that trained a model: `run_id` if the store has it, else the newest with the model's sha256.

    None where there is neither. The run of a study is left out, although it has the sha256 of its best model.
    """
    store.open_store()
    if get_run(run_id):
        return run_id
    found = search(f"tags.`model.sha256` = '{model_sha256}'")
    whole = {"restored_from", "manifest.sha256"}  # a restoration that was killed has no manifest
    own = (run.info.run_id for run in found if "training" in run.data.tags or whole <= run.data.tags.keys())
    return next(own, None)


def run_before(run: Run) -> Run | None:
    """The last run that began before this one, ended well, and was evaluated on the same data; None where none did.

    The data has the same bytes, those of the test images too: only then do two accuracies compare.
    """
    data = {name: value for name, value in run.data.tags.items() if re.fullmatch(r"data\.\w+\.sha256", name)}
    evaluated = f"attributes.status = 'FINISHED' AND metrics.`{results.TEST_ACCURACY}` >= 0"
    found = search(f"{evaluated} AND attributes.start_time < {int(run.info.start_time)}")
    same = [each for each in found if data.items() <= each.data.tags.items()]
    return max(same, key=lambda each: (each.info.start_time, each.info.run_id), default=None)
