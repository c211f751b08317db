"""Data sets that are made here have the bytes that datasets/NAME.yaml says, each time."""

import numpy as np
import pytest

from pipeline.config import datasets
from pipeline.core.errors import UserError
from pipeline.sources import fetch, made
from pipeline.sources.streams import Limits

LIMITS = Limits(1 << 30, 5)


@pytest.mark.parametrize("source", made.MADE)
def test_a_source_has_the_bytes_that_its_description_says(tmp_path, source):
    section = datasets.read(source.partition(":")[2])
    assert section["download.sources"] == [source]
    train = section["dataset"]["train"]
    assert fetch.fetch([source], {train["file"]: train["sha256"]}, tmp_path / "raw", LIMITS) == source
    with np.load(tmp_path / "raw" / train["file"]) as arrays:
        assert len(arrays[train["images"]]) == train["count"] and arrays[train["images"]].dtype == np.uint8


def test_the_drawn_images_are_as_many_of_each_class_and_no_two_alike():
    arrays = made.tiny()
    assert all(len(set(np.bincount(arrays[name]))) == 1 for name in ("y_train", "y_test"))
    images = np.concatenate([arrays["x_train"], arrays["x_test"]])
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) == len(images)


def test_another_name_is_one_line(tmp_path):
    with pytest.raises(
        UserError, match="sklearn:iris: there is no such data set; there are sklearn:digits, drawn:tiny"
    ):
        fetch.fetch(["sklearn:iris"], {"iris.npz": "0" * 64}, tmp_path / "raw", LIMITS)
