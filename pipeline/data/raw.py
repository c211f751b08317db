"""Reads the raw files that params.yaml describes."""

from pipeline.config.schema import Dataset
from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data import idx
from pipeline.data.arrays import Split


def read(dataset_config: Dataset) -> dict[str, Split]:
    """Reads both parts from data/raw. Returns {"train": Split, "test": Split}. Raises UserError for a damaged file."""
    parts = {}
    for name, part in (("train", dataset_config.train), ("test", dataset_config.test)):
        for file in (part.images, part.labels):
            if not (paths.RAW / file).is_file():
                raise UserError(f"{paths.RAW / file} is missing; `dvc repro download` fetches it")
        images = idx.read_images(paths.RAW / part.images, dataset_config.channels)
        parts[name] = Split(images, idx.read_labels(paths.RAW / part.labels))
    return parts
