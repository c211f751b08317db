"""After this folder was moved, renamed or copied: makes the artifacts and models of its MLflow runs open again.

    python -m pipeline.relocate

MLflow notes where artifacts lie as absolute paths. This puts the present folder in the place of the former one, in
mlflow.db; a copy of the database as it was is left beside it.
"""

import contextlib
import shutil
import sqlite3
import time

from pipeline import console, files
from pipeline.console import UserError, say

COLUMNS = {
    "experiments": "artifact_location",
    "runs": "artifact_uri",
    "logged_models": "artifact_location",
    "model_versions": "storage_location",
}


def relocate(database: str, old: str, new: str) -> int:
    """Replaces the folder `old` by `new` at the beginning of each path in the database; returns how many it changed."""
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        changed = 0
        for table, column in COLUMNS.items():
            done = connection.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
                (new, len(old) + 1, len(old) + 1, f"{old}/"),
            )
            changed += done.rowcount
    return changed


def former_root(database: str) -> str | None:
    """The folder in which the store was made; None where its artifacts were not kept in `mlruns` there."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        row = connection.execute("SELECT artifact_location FROM experiments ORDER BY experiment_id").fetchone()
    root, mlruns, _ = row[0].rpartition("/mlruns/") if row else ("", "", "")
    return root if mlruns else None


def main() -> None:
    root = files.project_root()
    database = root / "mlflow.db"
    if not database.is_file():
        raise UserError(f"{database} is not there, and another store knows its own place")
    old = former_root(str(database))
    if old in (None, str(root)):
        say("nothing to do: the store knows this folder")
        return
    kept = shutil.copy2(database, f"{database}.before-relocate-{time.strftime('%Y%m%d-%H%M%S')}")
    changed = relocate(str(database), old, str(root))
    say(f"{changed} paths led to {old} and lead to {root} now; the database as it was: {kept}")
    say("a virtual environment in the folder does not move along: `make install` makes it anew")


if __name__ == "__main__":
    console.run(main, __doc__)
