"""The MLflow store: the one that MLFLOW_TRACKING_URI names, else mlflow.db in the repository.

`mlflow ui`, typed in the repository, opens the latter.
"""

import contextlib
import os
from pathlib import Path

import mlflow
from filelock import FileLock
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from pipeline import files
from pipeline.console import UserError, say


def open_store() -> None:
    """Points MLflow at the store and makes it where there is none yet.

    MLflow makes the tables at first use, and two processes that do so at once can fail: hence the lock. It also
    resolves the artifact folder against the current directory then, which is a temporary copy under `dvc exp run
    --temp`: hence the change of directory. Raises UserError where the store cannot be opened.
    """
    root = files.project_root()
    ours = f"sqlite:///{root / 'mlflow.db'}"
    uri = os.environ.get("MLFLOW_TRACKING_URI") or ours
    if uri.startswith("sqlite:///") and Path(uri.removeprefix("sqlite:///")).is_dir():
        raise UserError(f"MLflow's store cannot be opened: {uri} is a folder")  # MLflow would try for 100 s
    mlflow.set_tracking_uri(uri)
    with FileLock(root / "mlflow.db.lock"), contextlib.chdir(root):
        try:
            experiments = mlflow.search_experiments(order_by=["experiment_id"], max_results=1)
        except MlflowException as error:
            raise UserError(f"MLflow's store: {error.message}") from None
        except SQLAlchemyError as error:
            raise UserError(f"MLflow's store cannot be opened: {getattr(error, 'orig', None) or error}") from None
    location = experiments[0].artifact_location if experiments else ""
    if uri == ours and location.endswith("/mlruns/0") and location != f"{root}/mlruns/0":
        say(f"note: MLflow's store was made in {location.removesuffix('/mlruns/0')}; since this folder was moved,")
        say("      the artifacts of old runs cannot be found. This repairs it: python -m pipeline.relocate")
