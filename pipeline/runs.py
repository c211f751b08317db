"""The MLflow store and its runs: opened, found, ended.

The store is the one that MLFLOW_TRACKING_URI names, else mlflow.db in the repository, which `mlflow ui` typed there
opens. One run is one trained model: training opens it and evaluation continues it.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import mlflow
from filelock import FileLock
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NOTE
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
    if find(run_id):
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
    if status == "RUNNING":
        mlflow.MlflowClient().update_run(run_id, status)
    else:
        mlflow.MlflowClient().set_terminated(run_id, status)


def tag(run_id: str, key: str) -> str | None:
    """A tag of a run, or None."""
    return mlflow.get_run(run_id).data.tags.get(key)


def find(run_id: str | None) -> Run | None:
    """A run, or None where the store has none of this id or it was deleted."""
    with contextlib.suppress(MlflowException):
        found = mlflow.get_run(run_id) if run_id else None
        return found if found and found.info.lifecycle_stage == "active" else None
    return None


def children(parent: str) -> list[Run]:
    """The runs nested under a run."""
    return mlflow.search_runs(
        filter_string=f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{parent}'",
        search_all_experiments=True,
        output_format="list",
    )


def move(run_id: str, parent: str) -> None:
    """Nests a run under another one."""
    mlflow.MlflowClient().set_tag(run_id, MLFLOW_PARENT_RUN_ID, parent)


def note(run_id: str, text: str) -> None:
    """Sets the description of a run, which the UI shows."""
    mlflow.MlflowClient().set_tag(run_id, MLFLOW_RUN_NOTE, text)


def delete(run_id: str) -> None:
    """Deletes a run, so that the UI shows it no more (`mlflow gc` frees its files)."""
    mlflow.delete_run(run_id)


def download(run_id: str, artifact: Path, folder: Path) -> Path | None:
    """Copies an artifact of a run into a folder; returns its path there, or None where the run has none."""
    with contextlib.suppress(MlflowException, OSError):
        return Path(mlflow.MlflowClient().download_artifacts(run_id, artifact.as_posix(), str(folder)))
    return None
