"""Starts what a team shares, to try it out here: MLflow's server on PostgreSQL, and a database for studies.

    python -m pipeline server              or: make server

It prints what to type elsewhere on this machine. Only this machine can reach it, and nobody is asked for a password.
Runs, models and studies are kept in .state/server/ until you remove that. docs/server.md says how a real one differs.
"""

from pathlib import Path

import click

from pipeline.core import cli, files, interrupt


@cli.command(__doc__)
@click.option("--port", type=click.IntRange(0, 65535), default=5001, show_default=True, help="0 for any free one.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where all is kept, instead of .state/server.")
def main(port: int, folder: Path | None) -> None:
    interrupt.keeps_nothing.set()
    from pipeline.serving import postgres, ui

    place = (folder or files.project_root() / ".state" / "server").resolve()
    with postgres.running(place / "postgresql", "mlflow", "optuna") as databases:
        said = "MLflow's server answers. In each terminal that uses it, type:\n  export MLFLOW_TRACKING_URI={address}\n"
        said += f"  export OPTUNA_STORAGE='{databases['optuna']}'\nCtrl-C ends it; all is kept in {place}"
        ui.run(databases["mlflow"], port, said, artifacts=place / "artifacts")
