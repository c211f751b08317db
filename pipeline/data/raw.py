"""Reads the raw files that params.yaml describes."""

from pipeline.config.schema import Dataset, IdxFiles
from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data import idx
from pipeline.data.arrays import Split


def read_idx(half: IdxFiles, channels: int) -> Split:
    """Reads one half of a data set from an IDX file of images and one of labels."""
    for name in half.sha256:
        if not (paths.RAW / name).is_file():
            raise UserError(f"{paths.RAW / name} is missing; `dvc repro download` fetches it")
    return Split(idx.read_images(paths.RAW / half.images, channels), idx.read_labels(paths.RAW / half.labels))


READERS = {"idx": read_idx}  # format in params.yaml → its reader


def read(dataset_config: Dataset) -> dict[str, Split]:
    """Reads both halves from data/raw. Returns {"train": Split, "test": Split}.

    Raises UserError for a damaged or missing file.
    """
    halves = {"train": dataset_config.train, "test": dataset_config.test}
    return {name: READERS[half.format](half, dataset_config.channels) for name, half in halves.items()}
