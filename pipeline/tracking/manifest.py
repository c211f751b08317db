"""The manifest of a run: the sha256 of every file that it logged, and its parameters, tags, metrics and data sets.

It is an artifact, written last; the tag `manifest.sha256` is its own hash. `python -m pipeline verify` holds the run
against it. Files are hashed as they are logged, so that what the store does to them later is noticed.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import mlflow
from mlflow.entities import Run
from pydantic import BaseModel, ValidationError

from pipeline.core import files
from pipeline.tracking import store

NAME = "manifest.json"
TAG = "manifest.sha256"
MODEL = "model/"  # begins the names of the logged model's files, which lie elsewhere than the run's
SYSTEM = "system/"  # begins the names of MLflow's system metrics, whose thread goes on until the run has ended
OTHERS = ("mlflow.", "process.", "error", TAG)  # begin the tags that MLflow or the user may change, or the next process

_logged: dict[str, dict[str, str]] = {}  # run id → path among the artifacts → sha256, of what this process has logged


class Manifest(BaseModel):
    """What a run logged: path → sha256, and name → value as text."""

    files: dict[str, str]
    params: dict[str, str]
    tags: dict[str, str]
    metrics: dict[str, str]
    inputs: dict[str, str]


def note(run_id: str, path: str, sha256: str) -> None:
    """Notes a file that was logged just now, for `write`."""
    _logged.setdefault(run_id, {})[path] = sha256


def note_model(run_id: str, address: str) -> None:
    """Notes the files of the model that was logged at an address: MLflow has made most of them itself."""
    with folder_at(address) as folder:
        for path in (path for path in folder.rglob("*") if path.is_file()):
            note(run_id, MODEL + path.relative_to(folder).as_posix(), files.sha256(path))


def write(run_id: str) -> None:
    """Logs the manifest of a run and tags the run with its hash.

    What earlier processes have logged is taken from the manifest that they wrote; where they were killed before that,
    the files are hashed as the store has them now.
    """
    run = mlflow.get_run(run_id)
    with folder_at(run.info.artifact_uri, only=NAME) as folder:
        earlier = read(run, folder)
    known = (earlier.files if earlier else {}) | _logged.get(run_id, {})
    with tempfile.TemporaryDirectory() as temporary:
        for path in set(_paths(run_id)) - known.keys() - {NAME}:
            known[path] = files.sha256(Path(mlflow.MlflowClient().download_artifacts(run_id, path, temporary)))
        content = Manifest(files=dict(sorted(known.items())), **records(run)).model_dump_json(indent=1)
        file = Path(temporary) / NAME
        file.write_text(content, encoding="utf-8")
        mlflow.MlflowClient().log_artifact(run_id, str(file))
        mlflow.MlflowClient().set_tag(run_id, TAG, files.sha256(file))
    _logged.pop(run_id, None)


def records(run: Run) -> dict[str, dict[str, str]]:
    """What a run's manifest has besides files: kind → name → value as text. An input is a data set, with its digest."""
    inputs = [entry.dataset for entry in (run.inputs.dataset_inputs if run.inputs else ())]
    return {
        "params": dict(sorted(run.data.params.items())),
        "tags": {key: value for key, value in sorted(run.data.tags.items()) if not key.startswith(OTHERS)},
        "metrics": {key: repr(value) for key, value in sorted(run.data.metrics.items()) if not key.startswith(SYSTEM)},
        "inputs": {f"{data.name} {data.digest}": data.profile or "" for data in inputs},
    }


def read(run: Run, folder: Path) -> Manifest | None:
    """The manifest among the artifacts of a run, which are in `folder`; None where it is not the one of the tag."""
    path = folder / NAME
    if not path.is_file() or files.sha256(path) != run.data.tags.get(TAG):
        return None
    with contextlib.suppress(ValidationError):
        return Manifest.model_validate_json(path.read_bytes())
    return None


def model_files(run: Run, folder: Path) -> dict[str, str] | None:
    """Path in the folder of a run's logged model → sha256, as the manifest among the artifacts in `folder` has it.

    Of a run that an older version logged, and that has none, the .keras file. None where the manifest was lost or
    changed.
    """
    if TAG not in run.data.tags and not (folder / NAME).exists():
        return {"data/model.keras": run.data.tags.get("model.sha256", "")}
    if written := read(run, folder):
        return {path.removeprefix(MODEL): sha for path, sha in written.files.items() if path.startswith(MODEL)}
    return None


@contextlib.contextmanager
def folder_at(address: str, only: str | None = None) -> Iterator[Path]:
    """The folder of artifacts at an address, for the block: itself where it is on this disk, else a copy.

    `only` names the one file in it that is wanted. The copy is empty where its server has nothing, or does not answer.
    """
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary)
        with contextlib.suppress(Exception):  # each kind of server has its own; another server is not asked
            copy = store.local_path(address) or Path(
                mlflow.artifacts.download_artifacts(f"{address}/{only}" if only else address, dst_path=temporary)
            )
        yield copy.parent if copy.is_file() else copy


def _paths(run_id: str, folder: str | None = None) -> Iterator[str]:
    """The paths of all artifacts of a run."""
    for item in mlflow.MlflowClient().list_artifacts(run_id, folder):
        if item.is_dir:
            yield from _paths(run_id, item.path)
        else:
            yield item.path
