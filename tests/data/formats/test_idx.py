import math
import tracemalloc

import numpy as np
import pytest
from helpers.data import TEST, TRAIN, edited, idx_bytes, make_split
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.schema import Dataset, leaves
from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data import raw
from pipeline.data.formats import idx

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


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
    for name in leaves.kinds(Dataset.model_fields["train"]):
        assert callable(raw.reader(name))


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


def test_images_of_several_channels_have_a_fourth_dimension(halves, params):
    colour = np.zeros((TEST, 8, 8, 3), np.uint8)
    (paths.RAW / "test-images").write_bytes(idx_bytes(colour))
    assert idx.read(params.dataset.test, params.dataset.model_copy(update={"channels": 3})).images.shape == colour.shape
    assert idx.read(params.dataset.train, params.dataset).images.shape == (TRAIN, 8, 8, 1)


def test_an_idx_file_is_read_as_written(tmp_path):
    path = tmp_path / "idx"
    path.write_bytes(idx_bytes(IMAGES))
    values = idx.read_idx(path, 3)
    assert np.array_equal(values, IMAGES) and not values.flags.writeable


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "0 bytes that start with nothing"),
        (
            b"\x1f\x8b\x08\x00" + bytes(30),
            "34 bytes that start with 1f 8b 08 00; .* in 3 dimensions starts with 00 00 08 03",
        ),
        (idx_bytes(IMAGES)[:2] + b"\x0d" + idx_bytes(IMAGES)[3:], "start with 00 00 0d 03"),
        (idx_bytes(IMAGES[0]), "start with 00 00 08 02"),
        (idx_bytes(IMAGES)[:10], "10 bytes .* has 16 bytes of header"),
        (idx_bytes(IMAGES)[:-12], "2 × 3 × 4 values make 40 bytes; this file has 28"),
        (idx_bytes(IMAGES) + b"!", "this file has 41"),
        (idx_bytes(IMAGES[:0]), "0 × 3 × 4 values make 16 bytes; this file has 16"),
        (bytes([0, 0, 8, 3]) + b"\xff" * 12 + bytes(1000), "this file has 1016"),
    ],
)
def test_any_other_content_is_refused(tmp_path, content, message):
    path = tmp_path / "idx"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        idx.read_idx(path, 3)


def test_all_damaged_files_of_all_parts_are_told_at_once(halves, params):
    for name in ("train-images", "train-labels", "test-labels"):
        (paths.RAW / name).write_bytes(b"damaged")
    with pytest.raises(UserError) as error:
        raw.read(params.dataset)
    assert [line.partition(":")[0] for line in str(error.value).splitlines()] == [
        f"data/raw/{name}" for name in ("train-images", "train-labels", "test-labels")
    ]


def test_images_that_are_stored_as_columns_are_turned(halves, params):
    tall = np.arange(TRAIN * 6 * 4, dtype=np.uint8).reshape(TRAIN, 6, 4)
    (paths.RAW / "train-images").write_bytes(idx_bytes(tall.swapaxes(1, 2)))
    half = params.dataset.train.model_copy(update={"transposed": True})
    found = idx.read(half, params.dataset).images
    assert np.array_equal(found[..., 0], tall) and found.flags.c_contiguous


def test_labels_may_begin_with_1_as_the_letters_of_emnist(halves, params):
    half = params.dataset.train.model_copy(update={"first_label": 1})
    with pytest.raises(UserError, match=r"data/raw/train-labels\[0\] is 0, less than first_label, 1"):
        idx.read(half, params.dataset)
    (paths.RAW / "train-labels").write_bytes(idx_bytes(halves["train"].labels + np.uint8(1)))
    assert np.array_equal(idx.read(half, params.dataset).labels, halves["train"].labels)


def test_files_without_a_count_are_read_and_one_that_is_cut_is_counted_first(halves, params):
    values = params.dataset.model_dump()
    del values["train"]["count"], values["test"]["count"]
    found = raw.read(Dataset.model_validate(values))
    assert [len(part.labels) for part in found.values()] == [TRAIN, TEST]
    share = {"format": "share", "of": 0.25, "seed": 3}
    found = raw.read(Dataset.model_validate(values | {"test": share}))
    assert [len(part.labels) for part in found.values()] == [TRAIN * 3 // 4, TRAIN // 4]
    values["train"]["count"] = TRAIN + 1
    with pytest.raises(UserError, match=f"dataset.train.count is {TRAIN + 1}; there are {TRAIN} images in train-im"):
        raw.read(Dataset.model_validate(values | {"test": share}))


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
        with pytest.raises(UserError, match="4096 × 1024 × 1024 values make 4294967312 bytes; this file has 1024"):
            idx.read_idx(path, 3)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
