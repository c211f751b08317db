"""What is logged into the active MLflow run, and under which names."""

import hashlib
import io
import tempfile
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
from mlflow.data.numpy_dataset import from_numpy
from mlflow.entities import Dataset, LoggedModelStatus, Run, RunInfo
from mlflow.models import Model
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT, MLFLOW_RUN_NOTE
from mlflow.utils.validation import MAX_TAG_VAL_LENGTH

from pipeline.config.schema import leaves
from pipeline.core import files, results
from pipeline.data.arrays import Split
from pipeline.tracking import curves, flavor, manifest, queries

EPOCH_SECONDS = "epoch_seconds"  # metrics beside the curves: by the clock on the wall, and what a training has taken
CPU_SECONDS = "cpu_seconds"  # so far by the clocks of all its threads


def log_start(params: dict[str, Any], tags: dict[str, str]) -> None:
    """Logs parameters (a nested dict, flattened to `section.key`) and tags."""
    mlflow.log_params(dict(leaves.flatten(params)))
    mlflow.set_tags(tags)


def log_data(name: str, split: Split, sha256: str, context: str) -> None:
    """Logs a data set as an input of the run: shapes, types, and its sha256 as digest. `context` is its role."""
    # MLflow's own digest reads the first 10,000 values only
    data = from_numpy(split.images, targets=split.labels, name=name, digest=sha256[:32])
    mlflow.log_input(data, context=context)


def log_epoch(row: dict[str, float], **others: float) -> None:
    """Logs a point of each curve: `row` has the columns of reports/history.csv. `others` are metrics as they stand."""
    mlflow.log_metrics(curves.named(row) | others, step=int(row["epoch"]))


def logged_epochs() -> set[int]:
    """The epochs whose metrics the active run already has."""
    return set(curves.points(_active().run_id, curves.curve("loss")))


def cpu_seconds() -> float:
    """What the training of the active run has taken so far, by the last epoch that was logged."""
    return mlflow.get_run(_active().run_id).data.metrics.get(CPU_SECONDS, 0.0)


def log_training(metrics: dict[str, Any], history: Path) -> None:
    """Logs the results of a training: the contents of reports/train.json and the file reports/history.csv."""
    log_metrics(metrics)
    log_files([history], "tables")


def log_metrics(metrics: dict[str, Any]) -> None:
    """Logs final metrics (a nested dict, flattened to `section/key`). A value that the run has already stays alone.

    Once the run has logged its model, they are the model's too, each beside the data set that it was measured on.
    """
    run = mlflow.get_run(_active().run_id)
    model = next(iter(queries.models_of(run)), None)
    known = {each.key: each.value for each in model.metrics or ()} if model else run.data.metrics
    final = {key: float(value) for key, value in leaves.flatten(metrics, "/")}
    new: dict[str | None, dict[str, float]] = {}  # data set → name → value
    for key, value in final.items():
        if known.get(key) != value:
            new.setdefault(results.data_set(key), {})[key] = value
    for data_set, values in new.items():
        model_id = model.model_id if model else None
        mlflow.log_metrics(values, run_id=run.info.run_id, model_id=model_id, dataset=_input(run, data_set))


def _input(run: Run, role: str | None) -> Dataset | None:
    """The data set that a run has logged in this role; None where it has none."""
    for each in run.inputs.dataset_inputs if run.inputs else ():
        if role in [tag.value for tag in each.tags if tag.key == MLFLOW_DATASET_CONTEXT]:
            return each.dataset
    return None


def log_files(paths: list[Path], folder: str | None = None) -> None:
    """Logs files and whole folders as artifacts. Paths that do not exist are left out."""
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                _log_file(file, Path(folder or "") / file.relative_to(path.parent))


def log_text(text: str, name: str) -> None:
    """Logs a text as an artifact."""
    _log_bytes(text.encode(), name)


def log_description(text: str) -> None:
    """Makes a Markdown text the description of the run, which the UI shows. The end of a long one is cut."""
    if len(text) > MAX_TAG_VAL_LENGTH:
        cut = text[: MAX_TAG_VAL_LENGTH - 100]
        text = cut[: cut.rindex("\n") + 1] + "\n… the rest is in the artifact model_card.md\n"
    mlflow.set_tag(MLFLOW_RUN_NOTE, text)


def log_difference(difference: bytes, name: str) -> None:
    """Logs what was not committed as an artifact, and its sha256 as the tag git.diff.sha256."""
    mlflow.set_tag("git.diff.sha256", hashlib.sha256(difference).hexdigest())
    _log_bytes(difference, name)


def log_figure(figure: Any, name: str) -> None:
    """Logs a matplotlib figure as an artifact."""
    picture = io.BytesIO()
    figure.savefig(picture, format=Path(name).suffix.removeprefix("."))
    _log_bytes(picture.getvalue(), name)


def log_model(path: Path, image_shape: tuple[int, int, int], classes: list[str], images: np.ndarray | None) -> None:
    """Logs the .keras file at `path`, byte for byte, as a model that knows its classes. Tags the run with its sha256.

    `images` are those of the training data, None where they are not here; the first is logged as an example. The run
    has exactly this model afterwards. One that an earlier, killed try has logged is kept if it is whole.
    """
    sha256 = files.sha256(path)
    run = mlflow.get_run(_active().run_id)
    kept = None
    for earlier in queries.models_of(run):
        is_whole = earlier.status == LoggedModelStatus.READY and earlier.tags.get("model.sha256") == sha256
        if is_whole and not kept and queries.model_sha256(earlier) == sha256:
            kept = earlier
    if kept is None:
        logged = Model.log(
            None,
            flavor,
            name="model",
            flavor_name="keras",
            tags={"model.sha256": sha256},
            keras_file=path,
            example=np.zeros((1, *image_shape), np.uint8) if images is None else np.array(images[:1]),
            config=flavor.config(classes, images),
            validate_serving_input=False,  # would load the model: seconds for each run
        )
        kept = mlflow.get_logged_model(logged.model_id)
    for other in queries.models_of(run):  # of a killed try; or MLflow has asked twice, since an answer was lost
        if other.model_id != kept.model_id:
            mlflow.MlflowClient().delete_logged_model(other.model_id)
    manifest.note_model(run.info.run_id, kept.artifact_location)
    mlflow.set_tag("model.sha256", sha256)


def _log_bytes(content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(name).name
        path.write_bytes(content)
        _log_file(path, Path(name))


def _log_file(path: Path, name: Path) -> None:
    """Logs the file at `path` as the artifact `name`, whose last part is the name of the file."""
    mlflow.log_artifact(str(path), None if name.parent == Path() else name.parent.as_posix())
    manifest.note(_active().run_id, name.as_posix(), files.sha256(path))


def _active() -> RunInfo:
    """The run that `runs.run` has opened."""
    run = mlflow.active_run()
    assert run is not None, "logging needs an open run"
    return run.info
