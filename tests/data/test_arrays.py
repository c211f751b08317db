import math
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from helpers.data import edited, idx_bytes, make_split
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.errors import UserError
from pipeline.data import arrays, idx

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def test_an_idx_file_is_read_as_written(tmp_path):
    path = tmp_path / "idx"
    path.write_bytes(idx_bytes(IMAGES))
    values = idx.read_idx(path, 3)
    assert np.array_equal(values, IMAGES) and not values.flags.writeable
    assert idx.read_images(path, channels=1).shape == (2, 3, 4, 1)
    colour = np.zeros((2, 3, 4, 3), np.uint8)
    path.write_bytes(idx_bytes(colour))
    assert idx.read_images(path, channels=3).shape == colour.shape
    path.write_bytes(idx_bytes(IMAGES.ravel()))
    assert np.array_equal(idx.read_labels(path), IMAGES.ravel())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "starts with nothing"),
        (b"\x1f\x8b\x08\x00" + bytes(30), "an IDX file starts with 00 00"),
        (idx_bytes(IMAGES)[:2] + b"\x0d" + idx_bytes(IMAGES)[3:], "type 0x0d; allowed is 0x08"),
        (idx_bytes(IMAGES[0]), "has 2 dimensions; 3 are expected"),
        (idx_bytes(IMAGES)[:10], "10 bytes are too few for a header of 16"),
        (idx_bytes(IMAGES)[:-12], "2 × 3 × 4 values make 40 bytes; 28 is 12 too few"),
        (idx_bytes(IMAGES) + b"!", "41 is 1 too many"),
        (idx_bytes(IMAGES[:0]), "is empty"),
        (bytes([0, 0, 8, 3]) + b"\xff" * 12 + bytes(1000), "too few"),
    ],
)
def test_any_other_content_is_refused(tmp_path, content, message):
    path = tmp_path / "idx"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        idx.read_idx(path, 3)


SHAPES = st.lists(st.integers(0, 5), max_size=5).map(tuple)


@given(
    content=SHAPES.map(lambda shape: np.ones(shape, np.uint8)).map(idx_bytes)
    | edited(idx_bytes(IMAGES), st.binary(max_size=5) | st.sampled_from([b"\0", b"\xff" * 4, b"\x80\0\0\0"]))
    | st.binary(max_size=60),
    dimensions=st.integers(1, 4),
)
def test_a_file_gives_the_arrays_that_are_in_it_or_a_user_error(tmp_path_factory, content, dimensions):
    path = tmp_path_factory.getbasetemp() / "idx"
    path.write_bytes(content)
    try:
        values = idx.read_idx(path, dimensions)
    except UserError as error:
        assert len(str(error).splitlines()) == 1
        whole = len(content) >= 4 + 4 * dimensions and content[:4] == bytes([0, 0, 8, dimensions])
        sizes = [int.from_bytes(content[i : i + 4], "big") for i in range(4, 4 + 4 * dimensions, 4)]
        assert not whole or 0 in sizes or math.prod(sizes) != len(content) - 4 - 4 * dimensions, "refused without need"
        return
    assert idx_bytes(values) == content


def test_a_header_that_claims_4_gb_is_refused_before_memory_is_asked_for(tmp_path):
    path = tmp_path / "idx"
    path.write_bytes(
        bytes([0, 0, 8, 3]) + b"".join(size.to_bytes(4, "big") for size in (4096, 1024, 1024)) + bytes(1008)
    )
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match="4096 × 1024 × 1024 values make 4294967312 bytes; 1024 is"):
            idx.read_idx(path, 3)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_the_split_is_stratified_seeded_and_complete():
    split = make_split(160, 1)
    rest, aside = arrays.stratified_split(split, 40, seed=3)
    assert np.bincount(aside.labels).tolist() == [10] * 4
    assert np.bincount(rest.labels).tolist() == [30] * 4
    place = {image.tobytes(): index for index, image in enumerate(split.images)}
    places = [[place[image.tobytes()] for image in part.images] for part in (rest, aside)]
    assert sorted(places[0] + places[1]) == list(range(160)), "each image is on one side"
    assert all(part == sorted(part) for part in places), "in the order of the file"
    assert all(
        np.array_equal(part.labels, split.labels[found]) for part, found in zip((rest, aside), places, strict=True)
    )
    again = arrays.stratified_split(split, 40, seed=3)[1]
    other = arrays.stratified_split(split, 40, seed=4)[1]
    assert np.array_equal(again.images, aside.images)
    assert not np.array_equal(other.images, aside.images)


def test_prepared_arrays_are_mapped_and_equal_arrays_give_equal_bytes(tmp_path):
    split = make_split(20, 1)
    for name in ("one", "two"):
        arrays.save(tmp_path / name, split)
    loaded = arrays.load(tmp_path / "one")
    assert isinstance(loaded.images, np.memmap)
    assert np.array_equal(loaded.images, split.images) and np.array_equal(loaded.labels, split.labels)
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
    split = make_split(160, 1)
    lonely = split._replace(labels=np.where(np.arange(160) == 3, 3, 0).astype(np.uint8))
    with pytest.raises(UserError, match="40 validation images cannot be set aside: The least populated class"):
        arrays.stratified_split(lonely, 40, seed=1)
