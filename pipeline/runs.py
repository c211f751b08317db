"""The MLflow store and its runs: opened, found, ended.

The store is the one that MLFLOW_TRACKING_URI names, else mlflow.db in the repository, which `mlflow ui` typed there
opens. One run is one trained model: training opens it and evaluation continues it.
"""

import contextlib
import os
from collections.abc import Iterator

import mlflow
from filelock import FileLock
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from pipeline import files
from pipeline.console import UserError


def open_store() -> None:
    """Points MLflow at the store and makes it where there is none yet.

    MLflow makes the tables at first use, and two processes that do so at once can fail: hence the lock. It also
    resolves the artifact folder against the current directory then, which is a temporary copy under `dvc exp run
    --temp`: hence the change of directory. Raises UserError where the store cannot be opened.
    """
    root = files.project_root()
    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root / 'mlflow.db'}"
    mlflow.set_tracking_uri(uri)
    with FileLock(root / "mlflow.db.lock"), contextlib.chdir(root):
        try:
            mlflow.search_experiments(max_results=1)
        except MlflowException as error:
            raise UserError(f"MLflow's store: {error.message}") from None
        except SQLAlchemyError as error:
            raise UserError(f"MLflow's store cannot be opened: {getattr(error, 'orig', None) or error}") from None


@contextlib.contextmanager
def run(
    run_id: str | None = None,
    parent: str | None = None,
    run_name: str | None = None,
    tags: dict[str, str] | None = None,
    killed_by: type[BaseException] | tuple[type[BaseException], ...] = KeyboardInterrupt,
) -> Iterator[str]:
    """Opens a run for the block: `run_id`, else the one that `mlflow run` opened for this process, else a new one.

    A new run is nested under the run `parent`, if given, and called `run_name`, else after the DVC experiment, where
    there is one. Yields its id. The run ends as FINISHED; as KILLED after Ctrl-C, or whatever `killed_by` says; as
    FAILED, with the reason as tag `error`, otherwise.
    """
    open_store()
    run_id = run_id or os.environ.get("MLFLOW_RUN_ID")
    run_name = None if run_id else run_name or os.environ.get("DVC_EXP_NAME")
    try:
        active = mlflow.start_run(run_id, run_name=run_name, nested=parent is not None, parent_run_id=parent, tags=tags)
    except MlflowException as error:
        raise UserError(f"MLflow's store: {error.message}") from None
    try:
        yield active.info.run_id
    except killed_by:
        mlflow.end_run("KILLED")
        raise
    except BaseException as error:
        mlflow.set_tag("error", str(error)[:500] or type(error).__name__)
        mlflow.end_run("FAILED")
        raise
    if "error" in mlflow.get_run(active.info.run_id).data.tags:  # of an earlier try that failed
        mlflow.delete_tag("error")
    mlflow.end_run()


def find_run(run_id: str, model_sha256: str) -> str | None:
    """The run that trained a model: `run_id` if the store has it, else the newest with this model's hash, else None."""
    open_store()
    with contextlib.suppress(MlflowException):
        if mlflow.get_run(run_id).info.lifecycle_stage == "active":
            return run_id
    found = mlflow.search_runs(
        filter_string=f"tags.`model.sha256` = '{model_sha256}'",
        search_all_experiments=True,
        max_results=1,
        output_format="list",
    )
    return found[0].info.run_id if found else None


def find_training(name: str) -> tuple[str, str] | None:
    """(id, status) of the newest run that carries the tag training = `name`, or None."""
    found = mlflow.search_runs(
        filter_string=f"tags.training = '{name}'", search_all_experiments=True, max_results=1, output_format="list"
    )
    return (found[0].info.run_id, found[0].info.status) if found else None


def end(run_id: str, status: str, reason: str | None = None) -> None:
    """Ends a run that no process works on any more; `reason` becomes its tag `error`."""
    if reason:
        mlflow.MlflowClient().set_tag(run_id, "error", reason)
    mlflow.MlflowClient().set_terminated(run_id, status)


def tag(run_id: str, key: str) -> str | None:
    """A tag of a run, or None."""
    return mlflow.get_run(run_id).data.tags.get(key)
