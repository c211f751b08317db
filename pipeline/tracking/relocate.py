"""The paths in MLflow's own database, mlflow.db, put right after its folder was moved."""

import contextlib
import shutil
import sqlite3
import time
from pathlib import Path

from pipeline.core.errors import UserError

COLUMNS = [
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
    ("model_versions", "source"),
]


def relocate(database: Path) -> str | None:
    """Makes the paths in a database those of the folder `mlruns` beside it; keeps a copy of it as it was.

    Returns a line on what it did, or None where there was nothing to do. Raises UserError where the file is missing
    or no database of MLflow.
    """
    if not database.is_file():
        raise UserError(f"{database} is not there, and another store knows its own place")
    new = f"{database.parent}/mlruns"
    try:
        old = former_place(database)
        if old in (None, new):
            return None
        kept = shutil.copy2(database, f"{database}.before-relocate-{time.strftime('%Y%m%d-%H%M%S')}")
        changed = replace(database, old, new)
    except sqlite3.Error as error:
        raise UserError(f"{database}: {error}") from None
    return f"{changed} paths led to {old} and lead to {new} now; the database as it was: {kept}"


def replace(database: Path, old: str, new: str) -> int:
    """Replaces the folder `old` by `new` at the beginning of each path in the database; returns how many it changed."""
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        changed = 0
        for table, column in COLUMNS:
            done = connection.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
                (new, len(old) + 1, len(old) + 1, f"{old}/"),
            )
            changed += done.rowcount
    return changed


def former_place(database: Path) -> str | None:
    """Where the store keeps artifacts: a folder `mlruns`, or mlflow-artifacts: where `mlflow ui` made it. Else None."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        row = connection.execute("SELECT artifact_location FROM experiments ORDER BY experiment_id").fetchone()
    place = str(row[0]).rpartition("/")[0] if row else ""
    return place if place.endswith(("/mlruns", "mlflow-artifacts:")) else None
