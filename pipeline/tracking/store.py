"""The MLflow store: the one that MLFLOW_TRACKING_URI names, else mlflow.db in the repository.

`mlflow ui`, typed in the repository, opens the latter.
"""

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import mlflow
import sqlalchemy
from filelock import FileLock
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from pipeline.core import files
from pipeline.core.cli import say
from pipeline.core.errors import UserError

PATIENCE = 20  # seconds without a change after which the program that was making a store is taken for killed


def open_store() -> None:
    """Points MLflow at the store and makes it where there is none yet.

    MLflow makes the tables at first use, and two processes that do so at once can fail: hence the lock. It also
    resolves the artifact folder against the current directory then, which is a temporary copy under `dvc exp run
    --temp`: hence the change of directory. Raises UserError where the store cannot be opened, keeps its artifacts in
    another folder, or would have to be in one that SQLAlchemy reads as another.
    """
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # its errors are exceptions too
    root = files.project_root()
    ours = f"sqlite:///{root / 'mlflow.db'}"
    uri = os.environ.get("MLFLOW_TRACKING_URI") or ours
    if uri == ours and sqlalchemy.make_url(ours).database != str(root / "mlflow.db"):
        raise UserError(f"{root}: MLflow reads the ? or % in this path as something else; rename the folder")
    # SQLAlchemy reads %20 as a space, which `mlflow run` writes
    database = Path(sqlalchemy.make_url(uri).database or "") if uri.startswith("sqlite:///") else None
    if database and database.is_dir():
        raise UserError(f"MLflow's store cannot be opened: {uri} is a folder")  # MLflow would try for 100 s
    with FileLock(root / "mlflow.db.lock"), contextlib.chdir(root):
        try:
            with errors():
                if database == root / "mlflow.db":
                    _await_maker(database)
                if database and not database.exists():
                    _make(database)
                mlflow.set_tracking_uri(uri)
                experiments = mlflow.search_experiments(order_by=["experiment_id"], max_results=1)
        except ValueError as error:
            raise UserError(f"MLflow's store cannot be opened: {error}") from None
    location = (experiments[0].artifact_location if experiments else None) or ""
    if (
        database == root / "mlflow.db"
        and location != f"{root}/mlruns/0"
        and location.endswith(("/mlruns/0", "mlflow-artifacts:/0"))
    ):
        raise UserError(
            f"MLflow's store keeps artifacts in {location.removesuffix('/0')}, not in this folder (it was moved or "
            "copied, or `mlflow ui` made the store). This mends it: python -m pipeline relocate"
        )


@contextlib.contextmanager
def errors() -> Iterator[None]:
    """Turns what MLflow and its database raise in the block into UserErrors of one line."""
    try:
        yield
    except MlflowException as error:
        one_line, _, _ = str(error).partition("\n")
        raise UserError(f"MLflow's store: {one_line}") from None
    except SQLAlchemyError as error:
        raise UserError(f"MLflow's store cannot be opened: {getattr(error, 'orig', None) or error}") from None


def local_path(address: str) -> Path | None:
    """Where artifacts at an address lie on this disk; None where another program has to be asked."""
    if address.startswith("file://"):
        return Path(url2pathname(urlparse(address).path))
    return None if "://" in address or address.startswith("mlflow-artifacts:") else Path(address)


def _make(database: Path) -> None:
    """Makes a store under another name and renames it: killed half way, MLflow leaves one that never opens again."""
    new = database.with_name(f"{database.name}.new")
    new.unlink(missing_ok=True)  # what a killed process left
    mlflow.set_tracking_uri(f"sqlite:///{new}")
    mlflow.search_experiments(max_results=1)
    if not database.exists():
        new.replace(database)
    new.unlink(missing_ok=True)
    _await_maker(database)  # `mlflow run` or `mlflow ui` may have begun meanwhile


def _await_maker(database: Path) -> None:
    """Waits for `mlflow run` or `mlflow ui`, which know nothing of our lock, if one is making this store right now.

    Sets aside what a killed one left half made: MLflow never opens it again, and there is no run in it.
    """
    if database.exists() and not _is_made(database):
        say(f"waiting for the program that is making {database.name}")
    while database.exists() and not _is_made(database):
        if time.time() - database.stat().st_mtime > PATIENCE:
            aside = database.replace(database.with_name(f"{database.name}.unfinished"))
            say(f"it was killed: what it left is {aside.name} now")
        time.sleep(0.1)


def _is_made(database: Path) -> bool:
    """Whether MLflow came to the end of making a store: the default experiment is the last that it writes."""
    try:
        with contextlib.closing(sqlite3.connect(database)) as connection:  # rolls back what a killed process began
            return connection.execute("SELECT 1 FROM experiments UNION SELECT 1 FROM runs").fetchone() is not None
    except sqlite3.DatabaseError as error:  # what is no database at all, MLflow says better
        return "no such table" not in str(error)
