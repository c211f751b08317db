"""After this folder was moved, renamed or copied: makes the artifacts and models of its MLflow runs open again.

    python -m pipeline relocate

MLflow notes absolute paths, or those of its server where `mlflow ui` made the store. This puts the present folder in
the place of the former one, in mlflow.db; a copy of the database as it was is left beside it.
"""

import contextlib
import shutil
import sqlite3
import time
from pathlib import Path

from pipeline.core import files
from pipeline.core.cli import say
from pipeline.core.errors import UserError

COLUMNS = [
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
    ("model_versions", "source"),
]


def relocate(database: Path, old: str, new: str) -> int:
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
    place = row[0].rpartition("/")[0] if row else ""
    return place if place.endswith(("/mlruns", "mlflow-artifacts:")) else None


def main() -> None:
    root = files.project_root()
    database, place = root / "mlflow.db", f"{root}/mlruns"
    if not database.is_file():
        raise UserError(f"{database} is not there, and another store knows its own place")
    try:
        old = former_place(database)
        if old in (None, place):
            say("nothing to do: the store knows this folder")
            return
        kept = shutil.copy2(database, f"{database}.before-relocate-{time.strftime('%Y%m%d-%H%M%S')}")
        changed = relocate(database, old, place)
    except sqlite3.Error as error:
        raise UserError(f"{database}: {error}") from None
    say(f"{changed} paths led to {old} and lead to {place} now; the database as it was: {kept}")
    say("a virtual environment in the folder does not move along: `make install` makes it anew")
