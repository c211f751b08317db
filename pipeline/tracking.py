"""What goes into MLflow, and how: the only module that imports it.

The store is the one that MLFLOW_TRACKING_URI names, else mlflow.db in the repository, which `mlflow ui` typed there
opens. One run is one trained model: training opens it and evaluation continues it.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
from filelock import FileLock
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec
from sqlalchemy.exc import SQLAlchemyError

from pipeline import files
from pipeline.console import UserError
from pipeline.dataset import Split


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
def run(run_id: str | None = None) -> Iterator[str]:
    """Opens a run for the block: `run_id`, else the one that `mlflow run` opened for this process, else a new one.

    A new run is named after the DVC experiment, where there is one. Yields its id. The run ends as FINISHED; as
    KILLED after Ctrl-C; as FAILED, with the reason as tag `error`, otherwise.
    """
    open_store()
    run_id = run_id or os.environ.get("MLFLOW_RUN_ID")
    try:
        active = mlflow.start_run(run_id=run_id, run_name=None if run_id else os.environ.get("DVC_EXP_NAME"))
    except MlflowException as error:
        raise UserError(f"MLflow's store: {error.message}") from None
    try:
        yield active.info.run_id
    except KeyboardInterrupt:
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


def log_start(params: dict[str, Any], tags: dict[str, str]) -> None:
    """Logs parameters (a nested dict, flattened to `section.key`) and tags."""
    mlflow.log_params(dict(_flatten(params)))
    mlflow.set_tags(tags)


def log_data(name: str, split: Split, sha256: str, context: str) -> None:
    """Logs which data went in: shapes and types, with the digest of all of its bytes."""
    # MLflow's own digest reads the first 10,000 values only
    data = mlflow.data.from_numpy(split.images, targets=split.labels, name=name, digest=sha256[:32])
    mlflow.log_input(data, context=context)


def log_epoch(row: dict[str, float], **others: float) -> None:
    """Logs a point of each curve: `row` has the columns of reports/history.csv. Slashes make the UI group metrics."""
    curves = {
        f"{part}/{name}": row[prefix + name]
        for part, prefix in (("train", ""), ("validation", "validation_"))
        for name in ("loss", "accuracy")
    }
    mlflow.log_metrics(curves | others, step=int(row["epoch"]))


def log_training(metrics: dict[str, Any], history: Path) -> None:
    """Logs what training came to: the contents of reports/train.json and the file reports/history.csv."""
    log_metrics({"best_epoch": metrics["best_epoch"], "best": metrics["validation"]})
    log_files([history], "tables")


def log_metrics(figures: dict[str, Any]) -> None:
    """Logs final figures (a nested dict, flattened to `section/key`)."""
    mlflow.log_metrics({key: float(value) for key, value in _flatten(figures, "/")})


def log_files(paths: list[Path], folder: str | None = None) -> None:
    """Logs files, and folders with all that is in them, as artifacts; those that do not exist are left out."""
    for path in paths:
        if path.is_dir():
            mlflow.log_artifacts(str(path), f"{folder}/{path.name}" if folder else path.name)
        elif path.exists():
            mlflow.log_artifact(str(path), folder)


def log_text(text: str, name: str) -> None:
    """Logs a text as an artifact."""
    mlflow.log_text(text, name)


def log_figure(figure: Any, name: str) -> None:
    """Logs a matplotlib figure as an artifact."""
    mlflow.log_figure(figure, name)


def log_model(path: Path, image_shape: tuple[int, int, int], classes: int) -> None:
    """Logs the .keras file at `path`, byte for byte, as a model with a signature; tags the run with its sha256."""
    import keras
    import tensorflow

    signature = ModelSignature(
        Schema([TensorSpec(np.dtype("uint8"), (-1, *image_shape), "image")]),
        Schema([TensorSpec(np.dtype("float32"), (-1, classes))]),
    )
    sha256 = files.sha256(path)
    mlflow.keras.log_model(
        _File(path),
        name="model",
        signature=signature,
        pip_requirements=[f"tensorflow=={tensorflow.__version__}", f"keras=={keras.__version__}"],
        tags={"model.sha256": sha256},
    )
    mlflow.set_tag("model.sha256", sha256)


class _File:
    """Answers mlflow.keras, which asks a model to save itself, with the file that DVC tracks."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def save(self, target: str) -> None:
        shutil.copyfile(self.path, target)


def _flatten(values: dict[str, Any], separator: str = ".", prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flatten(value, separator, f"{prefix}{key}{separator}")
        else:
            yield f"{prefix}{key}", value
