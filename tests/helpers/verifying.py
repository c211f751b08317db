"""Stores and folders that are damaged for a while, for tests of what `verify` finds."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from helpers.project import Project


@contextlib.contextmanager
def changed_store(folder: Path, statement: str) -> Iterator[None]:
    """The MLflow database in a folder after an SQL statement, for the block."""
    with (
        contextlib.closing(sqlite3.connect(folder / "mlflow.db")) as database,
        contextlib.closing(sqlite3.connect(":memory:")) as before,
    ):
        database.backup(before)
        try:
            assert database.execute(statement).rowcount, "nothing was changed"
            database.commit()
            yield
        finally:
            before.backup(database)  # MLflow's open connections in this process see that


@contextlib.contextmanager
def changed(path: Path, change) -> Iterator[None]:
    """A file with other content for the block; read-only files too."""
    before, mode = path.read_bytes(), path.stat().st_mode
    content = change(before)
    assert content != before, path
    _overwrite(path, content, mode)
    try:
        yield
    finally:
        _overwrite(path, before, mode)


def _overwrite(path: Path, content: bytes, mode: int) -> None:
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(mode)


def flip(content: bytes) -> bytes:
    """One bit of the byte in the middle."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def run_of(project: Project):
    """The only run that has a model."""
    (run,) = [run for run in project.runs() if "model.sha256" in run.data.tags]
    return run
