"""Opens MLflow's UI on the store of this project, and prints its address when it answers.

    python -m pipeline ui                  or: make ui

Only this machine can see it. MLFLOW_TRACKING_URI names another store.
"""

import click

from pipeline.core import cli
from pipeline.core.addresses import mask_passwords
from pipeline.core.cli import say


@cli.command(__doc__)
@click.option("--port", type=click.IntRange(0, 65535), default=5000, show_default=True, help="0 for any free one.")
def main(port: int) -> None:
    from pipeline.serving import ui
    from pipeline.tracking import store

    store.open_store()
    if store.is_server(store.address()):
        say(mask_passwords(store.address().rstrip("/")) + ui.PAGE)
    else:
        ui.run(store.address(), port)
