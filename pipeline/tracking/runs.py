"""Opens and ends MLflow's runs. One run is one trained model: train opens it, evaluate continues it."""

import contextlib
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import mlflow
import psutil
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils import name_utils
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NOTE, MLFLOW_SOURCE_NAME

from pipeline.config.schema import Tracking
from pipeline.core import files
from pipeline.core.addresses import mask_passwords
from pipeline.core.errors import UserError
from pipeline.core.untrusted import matches
from pipeline.tracking import experiment, manifest, queries, server, store


@contextlib.contextmanager
def run(
    run_id: str | None = None,
    parent: str | None = None,
    run_name: str | None = None,
    tags: dict[str, str] | None = None,
    tracking: Tracking | None = None,
    killed_by: type[BaseException] | tuple[type[BaseException], ...] = KeyboardInterrupt,
) -> Iterator[str]:
    """Opens a run for the block: `run_id`, else the one that `mlflow run` opened for this process, else a new one.

    A new run is nested under the run `parent`, if given. Its name is `run_name`, else one that MLflow makes up; so is
    that of a run that `mlflow run` opened, unless the user chose it. `tracking` says what is recorded besides; so does
    MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING. Yields the id. The run ends as FINISHED; as KILLED
    when the block raises `killed_by`; as FAILED, with the reason as tag `error`, when it raises anything else. Raises
    UserError for an error of the store, and Away, with the run left open, where a server no longer answers.
    """
    store.open_store()
    opened = None if run_id else os.environ.get("MLFLOW_RUN_ID")
    tags = (tags or {}) | _this_process()
    with store.errors():
        close_stale()
        active = mlflow.start_run(
            run_id or opened,
            run_name=None if run_id or opened else run_name,
            nested=parent is not None,
            parent_run_id=parent,
            tags=tags,
            log_system_metrics=True if tracking and tracking.system_metrics else None,  # None: as the environment says
        )
        if opened and run_name and _is_made_up(active.info.run_name):
            mlflow.MlflowClient().update_run(opened, name=run_name)
        if not (run_id or opened):
            _delete_twins(active)
        experiment.describe(active.info.experiment_id)
    try:
        _remove_left(active.info.run_id, active.info.artifact_uri)
        yield active.info.run_id
        if "error" in mlflow.get_run(active.info.run_id).data.tags:  # of an earlier try that failed
            mlflow.delete_tag("error")
        manifest.write(active.info.run_id)
        mlflow.end_run()
        _forget_process(active.info.run_id)
    except killed_by:
        with contextlib.suppress(Exception):  # the next start does it, by close_stale
            mlflow.end_run("KILLED")
        raise
    except BaseException as error:
        if store.is_away(error):
            with contextlib.suppress(Exception), store.impatient():
                mlflow.end_run("KILLED")  # it may be back; in any case MLflow does not try again when we end
            raise store.away(error) from None
        note_error(active.info.run_id, error)
        with contextlib.suppress(MlflowException):
            mlflow.end_run("FAILED")
        if isinstance(error, MlflowException):
            raise UserError(f"MLflow's store: {server.reason(error)}") from None
        raise


def _delete_twins(new: Run) -> None:
    """Deletes runs that a server made beside a new one: where its answer was lost, MLflow has asked again."""
    if store.is_server(store.address()):
        ours = {"process.id": new.data.tags.get("process.id"), "process.started": new.data.tags.get("process.started")}
        for run in queries.search(f"attributes.start_time = {int(new.info.start_time)}"):
            if run.info.run_id != new.info.run_id and ours.items() <= run.data.tags.items():
                mlflow.delete_run(run.info.run_id)


def _is_made_up(name: str) -> bool:
    """Whether MLflow made a name up, such as spiffy-toad-488."""
    return name.split("-")[0] in name_utils._GENERATOR_PREDICATES and bool(re.fullmatch(r"[a-z]+-[a-z]+-\d{0,4}", name))


def note_error(run_id: str, error: BaseException) -> None:
    """Tags a run with what went wrong, as `error`."""
    with contextlib.suppress(MlflowException):  # the run was deleted, or the disk is full: `error` is what matters
        mlflow.MlflowClient().set_tag(run_id, "error", mask_passwords(str(error))[:500] or type(error).__name__)


def _remove_left(run_id: str, artifacts: str) -> None:
    """Removes what MLflow left, killed while it copied an artifact of this run.

    Raises UserError where the store names a folder that cannot be the run's own: nothing is written or removed there.
    """
    folder = store.local_path(artifacts)
    if folder and Path(os.path.realpath(folder)).parts[-2:] != (run_id, "artifacts"):
        raise UserError(f"run {run_id}: the MLflow store says that its artifacts are in {folder}; that is not its own")
    if link := next((path for path in folder.rglob("*") if path.is_symlink()), None) if folder else None:
        raise UserError(f"{link}: is a link among the artifacts of run {run_id}, and may lead anywhere; remove it")
    for path in folder.rglob(".artifact.uploading.*") if folder else ():
        path.unlink(missing_ok=True)


def close_stale() -> None:
    """Ends as KILLED the runs whose process on this machine is gone: it was killed and could not do so itself.

    The same goes for a run that `mlflow run` opened in this folder and that has no process yet. A process that is only
    late opens its run again.
    """
    for run in queries.search("attributes.status = 'RUNNING'"):
        tags = run.data.tags
        process = {name: tags.get(name) for name in _this_process()}
        if process["process.host"] == socket.gethostname():
            number = process["process.id"] or ""
            is_gone = not matches(number, "process id") or process != _this_process(int(number))
        else:
            is_nobodys = process["process.host"] is None and run.info.run_id != os.environ.get("MLFLOW_RUN_ID")
            is_gone = is_nobodys and tags.get(MLFLOW_SOURCE_NAME) == f"file://{files.project_root()}"
        if is_gone:
            with contextlib.suppress(MlflowException):  # another process that begins at this moment ends it, too
                end(run.info.run_id, "KILLED", "its process was killed")


def _this_process(number: int | None = None) -> dict[str, str]:
    """Tags that identify a process: this one, or that with the id `number` on this machine. {} where it is gone."""
    try:
        process = psutil.Process(number)
        if process.status() == psutil.STATUS_ZOMBIE:
            return {}
        started = f"{process.create_time():.2f}"
    except psutil.NoSuchProcess:
        return {}
    return {"process.host": socket.gethostname(), "process.id": str(process.pid), "process.started": started}


def _forget_process(run_id: str) -> None:
    """Removes the tags by which `close_stale` knows the process of a run, of which the page of the run has many."""
    for name in ("process.id", "process.started"):
        with contextlib.suppress(MlflowException):  # the run has ended well: that is what counts
            mlflow.MlflowClient().delete_tag(run_id, name)


def end(run_id: str, status: str, reason: str | None = None) -> None:
    """Ends a run that no process works on any more; `reason` becomes its tag `error`."""
    client = mlflow.MlflowClient()
    if reason:
        client.set_tag(run_id, "error", reason)
    (client.update_run if status == "RUNNING" else client.set_terminated)(run_id, status)


def move(run_id: str, parent: str) -> None:
    """Nests a run under another one."""
    mlflow.MlflowClient().set_tag(run_id, MLFLOW_PARENT_RUN_ID, parent)


def note(run_id: str, text: str) -> None:
    """Sets the description of a run, which the UI shows."""
    mlflow.MlflowClient().set_tag(run_id, MLFLOW_RUN_NOTE, text)


def delete(run_id: str) -> None:
    """Deletes a run, so that the UI shows it no more (`mlflow gc` frees its files)."""
    mlflow.delete_run(run_id)
