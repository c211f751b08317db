"""After this folder was moved, renamed or copied: makes the artifacts and models of its MLflow runs open again.

    python -m pipeline relocate

MLflow notes absolute paths, or those of its server where `mlflow ui` made the store. This puts the present folder in
the place of the former one, in mlflow.db; a copy of the database as it was is left beside it.
"""

from pipeline.core import files
from pipeline.core.cli import say
from pipeline.tracking.relocate import relocate


def main() -> None:
    done = relocate(files.project_root() / "mlflow.db")
    say(done or "nothing to do: the store knows this folder")
    if done:
        say("a virtual environment in the folder does not move along: `make install` makes it anew")
