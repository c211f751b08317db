"""Reads the artifacts of a run, from this disk or from a server."""

import contextlib
import os
import tempfile
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException

from pipeline.core.errors import UserError
from pipeline.tracking import queries, store


def download(run_id: str, artifact: Path, folder: Path) -> Path | None:
    """Copies an artifact of a run into a folder; returns its path there, or None where the run has none, or a link.

    Raises UserError where a server does not answer.
    """
    if run := queries.get_run(run_id):
        with contextlib.suppress(MlflowException, OSError, UserError):
            place = store.local_path(run.info.artifact_uri)
            if place and Path(os.path.realpath(place / artifact)) != Path(os.path.realpath(place)) / artifact:
                return None  # a link, which may lead anywhere
            return Path(mlflow.MlflowClient().download_artifacts(run_id, artifact.as_posix(), str(folder)))
    return None


def content(run_id: str, artifact: Path) -> bytes | None:
    """The content of an artifact, or None where the run has none of this name."""
    with tempfile.TemporaryDirectory() as folder:
        path = download(run_id, artifact, Path(folder))
        return path.read_bytes() if path else None
