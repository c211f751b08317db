"""Answers for your own pictures: the champion behind MLflow's scoring server, and a page to drop a picture on.

    python -m pipeline serve               or: make serve

Only this machine can ask. The champion at the start is the one that answers, until it is started again.
docs/serve.md has the requests.
"""

import tempfile
from pathlib import Path

import click

from pipeline.config.load import load
from pipeline.core import cli


@cli.command(__doc__)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 for any free one.")
def main(port: int) -> None:
    (dataset_config,) = load("dataset")
    with cli.suppress_stderr():
        from pipeline.serving import app, champion, server
        from pipeline.tracking import scoring, store

    store.open_store()
    with tempfile.TemporaryDirectory() as temporary, store.errors():
        found = champion.fetch(dataset_config, Path(temporary))
        inner = scoring.app(Path(temporary), found.model)
    shown = f"version {found.version} of {found.name} (run {found.run_id[:8]})"
    server.run(app.App(inner, app.render(found), dataset_config.image_shape), port, shown)
