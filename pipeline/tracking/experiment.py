"""What MLflow's UI is told about an experiment: that models are trained in it, and which columns its runs are shown in.

Each reader's browser keeps his columns. A store can only offer some, as the UI's button *Share* does: they are a tag of
the experiment, and the address of the list names it.
"""

import contextlib
import json

import mlflow
from mlflow.exceptions import MlflowException

from pipeline.core import results

VIEW = "results"  # the name that the address of the list has for these columns
COLUMNS = (results.TEST_ACCURACY, results.VALIDATION_ACCURACY)  # what else the UI shows would push them off the page
TAGS = {
    "mlflow.experimentKind": "custom_model_development",  # without it, the UI asks each reader what the experiment is
    f"mlflow.sharedViewState.{VIEW}": json.dumps({"selectedColumns": [f"metrics.`{name}`" for name in COLUMNS]}),
}


def describe(experiment_id: str) -> None:
    """Tags an experiment, unless it has these tags: somebody may have chosen others."""
    client = mlflow.MlflowClient()
    with contextlib.suppress(MlflowException):  # another process does it at the same time, or the user may not
        known = client.get_experiment(experiment_id).tags
        for name in TAGS.keys() - known.keys():
            client.set_experiment_tag(experiment_id, name, TAGS[name])


def address(experiment_id: str) -> str:
    """Where the UI shows the runs of an experiment in our columns: the end of the address of a page."""
    return f"/#/experiments/{experiment_id}/runs?viewStateShareKey={VIEW}&workflowType=machine_learning"
