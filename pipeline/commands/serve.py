"""Answers for your own pictures: the champion behind MLflow's scoring server, and a page to drop a picture on.

    python -m pipeline serve               or: make serve

Only this machine can ask. The champion at the start is the one that answers, until it is started again.
docs/serve.md has the requests.
"""

import tempfile
from pathlib import Path

import click

from pipeline.config.load import load
from pipeline.core import cli, interrupt


@cli.command(__doc__)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 for any free one.")
def main(port: int) -> None:
    interrupt.keeps_nothing.set()
    (dataset_config,) = load("dataset")
    with cli.suppress_stderr():
        from pipeline.serving import server, source
        from pipeline.serving.app import App
        from pipeline.serving.classifier import Classifier, open_model
        from pipeline.tracking import scoring
        from pipeline.tracking.served_model import ServedModel

    with tempfile.TemporaryDirectory() as folder:
        found = source.find(dataset_config, None, Path(folder))
        model = open_model(found, dataset_config)
    classifier = Classifier(model, dataset_config.image_shape, found.appearance)
    inner = scoring.app(ServedModel(model, found.classes))
    server.run(App(inner, classifier, found), port, found.describe())
