"""Fetches the raw files from the first source that has them intact."""

from pipeline.config.load import load
from pipeline.core import paths, stage
from pipeline.core.cli import say
from pipeline.sources import fetch


def main() -> None:
    with stage.begin(lambda: load("dataset", "download")) as begun:
        dataset_config, settings = begun.params
        source = fetch.fetch(
            sources=settings.sources,
            sha256=dataset_config.sha256,
            folder=paths.RAW,
            limits=fetch.limits(dataset_config, settings.timeout),
        )
        begun.assert_unchanged()
    say(f"the raw files are in {paths.RAW}/, verified, from {source}")
