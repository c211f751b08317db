"""MLflow's runs: opened, found, ended. One run is one trained model: training opens it, evaluation continues it."""

import contextlib
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import mlflow
import psutil
from mlflow.entities import LoggedModel, Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NOTE

from pipeline import store
from pipeline.console import UserError


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
    store.open_store()
    run_id = run_id or os.environ.get("MLFLOW_RUN_ID")
    run_name = None if run_id else run_name or os.environ.get("DVC_EXP_NAME")
    close_stale()
    tags = (tags or {}) | _this_process()
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
        with contextlib.suppress(MlflowException):  # the run was deleted, or the disk is full: `error` is what matters
            mlflow.set_tag("error", str(error)[:500] or type(error).__name__)
        with contextlib.suppress(MlflowException):
            mlflow.end_run("FAILED")
        if isinstance(error, MlflowException):
            raise UserError(f"MLflow's store: {error.message.splitlines()[0]}") from None
        raise
    if "error" in mlflow.get_run(active.info.run_id).data.tags:  # of an earlier try that failed
        mlflow.delete_tag("error")
    mlflow.end_run()


def close_stale() -> None:
    """Ends, as KILLED, the runs whose process on this machine is gone: it was killed and could not do so itself."""
    here = f"attributes.status = 'RUNNING' AND tags.`process.host` = '{socket.gethostname()}'"
    for run in mlflow.search_runs(filter_string=here, search_all_experiments=True, output_format="list"):
        process = {name: run.data.tags.get(name) for name in _this_process()}
        if process != _this_process(int(process["process.id"])):
            end(run.info.run_id, "KILLED", "its process was killed")


def _this_process(number: int | None = None) -> dict[str, str]:
    """Tags that tell a process on this machine, this one or that of a number, from all others; {} where it is gone."""
    try:
        process = psutil.Process(number)
        if process.status() == psutil.STATUS_ZOMBIE:
            return {}
        started = f"{process.create_time():.2f}"
    except psutil.NoSuchProcess:
        return {}
    return {"process.host": socket.gethostname(), "process.id": str(process.pid), "process.started": started}


def find_run(run_id: str, model_sha256: str) -> str | None:
    """The run that trained a model: `run_id` if the store has it, else the newest with this model's hash, else None."""
    store.open_store()
    if find(run_id):
        return run_id
    found = mlflow.search_runs(
        filter_string=f"tags.`model.sha256` = '{model_sha256}'",
        search_all_experiments=True,
        max_results=1,
        output_format="list",
    )
    return found[0].info.run_id if found else None


def find_tagged(key: str, value: str) -> tuple[str, str] | None:
    """(id, status) of the newest run that carries this tag, or None."""
    if "'" in value:  # no value of ours; MLflow could not read the filter
        return None
    found = mlflow.search_runs(
        filter_string=f"tags.`{key}` = '{value}'", search_all_experiments=True, max_results=1, output_format="list"
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


def named(run_id: str) -> Run:
    """The run of this id, or the one whose id begins so. Raises UserError where there is none, or are several."""
    store.open_store()
    if exact := find(run_id):
        return exact
    found = []
    if re.fullmatch(r"[0-9a-f]{4,31}", run_id):
        begin = f"attributes.run_id LIKE '{run_id}%'"
        found = mlflow.search_runs(filter_string=begin, search_all_experiments=True, output_format="list")
    if not found:
        raise UserError(f"run {run_id} is not in the MLflow store")
    if len(found) > 1:
        raise UserError(f"run {run_id}: {len(found)} runs begin so: {', '.join(run.info.run_id for run in found)}")
    return found[0]


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


def trained() -> list[Run]:
    """All runs that logged a model, the newest first."""
    return mlflow.search_runs(
        filter_string="tags.`model.sha256` LIKE '%'", search_all_experiments=True, output_format="list"
    )


def logged_models() -> dict[str, list[LoggedModel]]:
    """Run id → the models that it logged."""
    found: dict[str, list[LoggedModel]] = {}
    experiments = [experiment.experiment_id for experiment in mlflow.search_experiments()]
    for model in mlflow.search_logged_models(experiments, output_format="list"):
        found.setdefault(model.source_run_id, []).append(model)
    return found


def model_versions() -> dict[str, list[ModelVersion]]:
    """Run id → the registered versions of its models."""
    found: dict[str, list[ModelVersion]] = {}
    for version in mlflow.search_model_versions():
        found.setdefault(version.run_id, []).append(version)
    return found


def model_file(model: LoggedModel) -> Path | None:
    """The .keras file of a logged model, where the store is on this machine."""
    location = model.artifact_location
    if location.startswith("file://"):
        location = url2pathname(urlparse(location).path)
    path = Path(location) / "data" / "model.keras"
    return path if path.is_file() else None
