"""Fetches the raw files from the first source that has them intact."""

from pipeline.config.load import load
from pipeline.core import paths, stage
from pipeline.core.cli import say
from pipeline.sources import fetch
from pipeline.sources.streams import Limits


def main() -> None:
    with stage.begin(lambda: load("dataset", "download")) as begun:
        dataset_config, settings = begun.params
        source = fetch.fetch(
            sources=settings.sources,
            sha256=dataset_config.train.sha256 | dataset_config.test.sha256,
            folder=paths.RAW,
            limits=Limits(fetch.size_limit(dataset_config), settings.timeout),
        )
        begun.assert_unchanged()
    say(f"the raw files are in {paths.RAW}/, verified, from {source}")
