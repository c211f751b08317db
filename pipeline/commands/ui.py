"""Opens MLflow's UI on the store of this project, and prints its address when it answers.

    python -m pipeline ui                  or: make ui

Only this machine can see it. MLFLOW_TRACKING_URI names another store.
"""

import click

from pipeline.core import cli, interrupt, paths
from pipeline.core.addresses import mask_passwords
from pipeline.core.cli import say


@cli.command(__doc__)
@click.option("--port", type=click.IntRange(0, 65535), default=5000, show_default=True, help="0 for any free one.")
def main(port: int) -> None:
    interrupt.keeps_nothing.set()
    from pipeline.serving import ui
    from pipeline.tracking import experiment, queries, store

    store.open_store()
    trained = paths.RUN_ID.read_text(encoding="utf-8", errors="replace").strip() if paths.RUN_ID.is_file() else None
    run = queries.get_run(trained)
    shown = experiment.address(run.info.experiment_id if run else "0")
    if store.is_server(store.address()):
        say(mask_passwords(store.address().rstrip("/")) + shown)
    else:
        ui.run(store.address(), port, f"{{address}}{shown}  (Ctrl-C ends it)")
