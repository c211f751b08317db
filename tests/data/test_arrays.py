from pathlib import Path

import numpy as np
import pytest
from helpers.data import make_split

from pipeline.core.errors import UserError
from pipeline.data import arrays


def test_the_split_is_stratified_seeded_and_complete():
    labels = make_split(160, 1).labels
    rest, aside = arrays.stratified_split(labels, 40, seed=3)
    assert np.bincount(labels[aside]).tolist() == [10] * 4
    assert np.bincount(labels[rest]).tolist() == [30] * 4
    assert sorted([*rest, *aside]) == list(range(160)), "each image is on one side"
    assert all((np.diff(places) > 0).all() for places in (rest, aside)), "in the order of the file"
    again = arrays.stratified_split(labels, 40, seed=3)[1]
    other = arrays.stratified_split(labels, 40, seed=4)[1]
    assert np.array_equal(again, aside)
    assert not np.array_equal(other, aside)


def test_prepared_arrays_are_mapped_and_equal_arrays_give_equal_bytes(tmp_path, monkeypatch):
    split = make_split(20, 1)
    monkeypatch.setattr(arrays, "BLOCK", 7 * 64)
    for name in ("one", "two"):
        arrays.save(tmp_path / name, split)
    loaded = arrays.load(tmp_path / "one")
    assert isinstance(loaded.images, np.memmap)
    assert np.array_equal(loaded.images, split.images) and np.array_equal(loaded.labels, split.labels)
    some = np.array([3, 4, 9, 17])
    arrays.save(tmp_path / "some", split, some)
    picked = np.load(tmp_path / "some" / "images.npy"), np.load(tmp_path / "some" / "labels.npy")
    assert np.array_equal(picked[0], split.images[some]) and np.array_equal(picked[1], split.labels[some])
    for name in ("images.npy", "labels.npy"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_missing_and_damaged_arrays_say_how_to_make_them(tmp_path):
    with pytest.raises(UserError, match=r"images\.npy is missing; `dvc repro preprocess` makes it"):
        arrays.load(tmp_path)
    arrays.save(tmp_path / "torn", make_split(20, 1))
    whole = (tmp_path / "torn/images.npy").read_bytes()
    for rest in (whole[:-100], b""):
        (tmp_path / "torn/images.npy").write_bytes(rest)
        with pytest.raises(UserError, match="damaged"):
            arrays.load(tmp_path / "torn")


class Payload:
    """Code, as a pickle carries it."""

    def __reduce__(self):
        return (Path.touch, (Path("ran"),))


@pytest.mark.parametrize("name", ["images.npy", "labels.npy"])
def test_arrays_that_carry_code_are_refused_and_it_is_not_run(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    arrays.save(Path("data"), make_split(20, 1))
    np.save(Path("data") / name, np.array([Payload()], dtype=object))
    with pytest.raises(UserError, match="data: damaged"):
        arrays.load(Path("data"))
    assert not Path("ran").exists()


def test_a_class_that_cannot_be_on_both_sides_is_one_line():
    lonely = np.where(np.arange(160) == 3, 3, 0).astype(np.uint8)
    with pytest.raises(UserError, match="40 validation images cannot be set aside: The least populated class"):
        arrays.stratified_split(lonely, 40, seed=1)
