import numpy as np
import pytest
from helpers.data import TEST, TRAIN, idx_bytes, make_split

from pipeline.config.schema import Dataset, leaves
from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data import raw


@pytest.fixture
def halves(tmp_path, monkeypatch):
    """The raw files of the small data set, in a folder in which the process stands."""
    monkeypatch.chdir(tmp_path)
    paths.RAW.mkdir(parents=True)
    made = {"train": make_split(TRAIN, 1), "test": make_split(TEST, 2)}
    for name, split in made.items():
        (paths.RAW / f"{name}-images").write_bytes(idx_bytes(split.images.squeeze(-1)))
        (paths.RAW / f"{name}-labels").write_bytes(idx_bytes(split.labels))
    return made


def test_every_format_of_the_schema_has_a_reader():
    assert leaves.kinds(Dataset.model_fields["train"]).keys() == raw.READERS.keys()


def test_both_halves_are_read_as_params_describe_them(halves, params):
    found = raw.read(params.dataset)
    assert list(found) == ["train", "test"]
    for name, split in halves.items():
        assert np.array_equal(found[name].images, split.images) and np.array_equal(found[name].labels, split.labels)


def test_a_missing_file_is_named_before_anything_is_read(halves, params):
    (paths.RAW / "train-images").write_bytes(b"damaged")
    (paths.RAW / "train-labels").unlink()
    with pytest.raises(UserError, match=r"data/raw/train-labels is missing; `dvc repro download` fetches it"):
        raw.read(params.dataset)
