"""Files of arrays: what describe says of them, and that the readers of the pipeline take it."""

import contextlib
import gzip
import io
import zipfile

import numpy as np
import pytest
from helpers.data import edited, idx_bytes, make_split
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib import format as npy

from pipeline.config.schema import Dataset
from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.data import raw
from pipeline.description import layout, settings
from pipeline.description.found import Wanted

NOTHING = Wanted()
TRAIN, TEST = make_split(80, 1), make_split(20, 2)


def _npz() -> bytes:
    file = io.BytesIO()
    np.savez(file, images=TRAIN.images[:8], labels=TRAIN.labels[:8])
    return file.getvalue()


NPZ = _npz()


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths.RAW.mkdir(parents=True)
    return paths.RAW


def read(folder, wanted=NOTHING):
    """What is found, and what the pipeline reads by it."""
    found = layout.look(str(folder), wanted)
    return found, raw.read(Dataset.model_validate(settings.dataset(found)))


@pytest.mark.parametrize(
    "names", ["x_train y_train x_test y_test", "train_images train_labels test_images test_labels"]
)
def test_an_npz_file_as_keras_has_it(here, names):
    arrays = (TRAIN.images.squeeze(-1), TRAIN.labels, TEST.images, TEST.labels)
    np.savez(here / "mine.npz", **dict(zip(names.split(), arrays, strict=True)))
    found, parts = read(here)
    assert found.shape == (8, 8, 1) and found.classes == ["0", "1", "2", "3"] and found.name == "raw"
    assert (parts["train"].images == TRAIN.images).all() and (parts["test"].labels == TEST.labels).all()
    assert found.parts["train"].half["sha256"] == files.sha256(here / "mine.npz") and found.problems == []
    assert layout.look(str(here / "mine.npz"), NOTHING).name == "mine"


def test_an_npz_file_of_other_numbers_with_names_of_classes(here):
    flat = (TRAIN.images / 255).reshape(80, -1)
    names = np.array(["a", "b", "c", "d"])
    np.savez(here / "mine.npz", data=flat, images=flat.reshape(80, 8, 8), target=TRAIN.labels + 1, target_names=names)
    found, parts = read(here / "mine.npz")
    half = found.parts["train"].half
    assert (half["images"], half["brightest"], half["first_label"]) == ("images", 1.0, 1)
    assert found.classes == list("abcd") and settings.dataset(found)["test"]["format"] == "share"
    assert len(parts["train"].images) == 68 and parts["train"].images.max() > 200


def test_flat_images_need_a_size_where_they_are_not_square(here):
    np.savez(here / "mine.npz", images=TRAIN.images.reshape(80, 64)[:, :32], labels=TRAIN.labels)
    with pytest.raises(UserError, match="how high and wide are the pictures"):
        layout.look(str(here), NOTHING)
    assert read(here, Wanted(size=(4, 8)))[0].shape == (4, 8, 1)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": np.ones(3)}, "it is not clear which arrays are images and labels: a (3,)"),
        ({"a": np.ones((3, 4, 4)), "b": np.ones((3, 4, 4)), "c": np.ones(3, int)}, "it is not clear which arrays"),
        ({"a": np.ones((3, 4, 4)) - 2, "b": np.arange(3)}, "has values from -1 to -1; pixels begin at 0"),
        ({"a": np.ones((3, 4, 4)), "b": np.ones(3)}, "b of mine: is float64 (3,); labels are whole numbers"),
        ({"a": np.ones((3, 3, 5, 5)), "b": np.arange(3)}, "images are (n, height, width) or"),
        ({"a": np.ones((3, 4, 4)), "b": np.array([0, 1, 999])}, "has labels from 0 to 999; a data set has 2 to 256"),
        ({"a": np.array([None]), "b": np.arange(3)}, "holds Python objects"),
        (
            {"a": np.ones((0, 4, 4)), "b": np.arange(0)},
            "a is float64 (0, 4, 4); images are numbers, and there",
        ),
    ],
)
def test_arrays_that_cannot_be_described_are_one_line(here, arrays, message):
    np.savez(here / "mine.npz", **arrays)
    with pytest.raises(UserError) as error:
        layout.look(str(here), NOTHING)
    assert message in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("test", ["t10k", "test"])
@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_plain_or_gzipped(here, test, packed):
    for part, split in (("train", TRAIN), (test, TEST)):
        for kind, values in (("images-idx3", split.images.squeeze(-1)), ("labels-idx1", split.labels)):
            (here / f"{part}-{kind}-ubyte").write_bytes(idx_bytes(values))
    if packed:
        expected = layout.look(str(here), NOTHING)
        for path in list(here.iterdir()):
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
        assert layout.look(str(here), NOTHING) == expected
        return
    found, parts = read(here)
    assert (parts["train"].images == TRAIN.images).all() and (parts["test"].labels == TEST.labels).all()
    assert found.parts["test"].half["images"] == f"{test}-images-idx3-ubyte" and found.source == str(here)


def test_emnist_is_turned_and_begins_with_one(here):
    (here / "emnist-letters-train-images-idx3-ubyte").write_bytes(idx_bytes(TRAIN.images.squeeze(-1)))
    (here / "emnist-letters-train-labels-idx1-ubyte").write_bytes(idx_bytes(TRAIN.labels + 1))
    found, parts = read(here)
    assert found.classes == ["1", "2", "3", "4"] and found.parts["train"].half["transposed"]
    assert sum(len(part.labels) for part in parts.values()) == 80
    (here / "emnist-digits-train-labels-idx1-ubyte").write_bytes(idx_bytes(TRAIN.labels))
    with pytest.raises(UserError, match="train should have one file of images and one of labels"):
        layout.look(str(here), NOTHING)


def test_copies_in_two_parts_are_named(here):
    np.savez(here / "mine.npz", x_train=TRAIN.images, y_train=TRAIN.labels, x_test=TRAIN.images[3:4], y_test=[3])
    problems = layout.look(str(here), NOTHING).problems
    assert "1 images are in two parts:" in problems and "  x_train[3] = x_test[0]" in problems


def write_header(path, shape):
    """A .npz file of images that claim a shape, with nothing behind it, and of labels."""
    with zipfile.ZipFile(path, "w") as archive, archive.open("images.npy", "w") as file:
        npy.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(path, "a") as archive, archive.open("labels.npy", "w") as file:
        np.save(file, TRAIN.labels)


@pytest.mark.parametrize("kind", ["U3", "M8[s]", "c16", [("a", "u1"), ("b", "u1")]])
def test_images_that_are_no_numbers_are_one_line(here, kind):
    np.savez(here / "mine.npz", images=TRAIN.images[..., 0].astype(kind), labels=TRAIN.labels)
    with pytest.raises(UserError, match=r"mine\.npz:images is .* \(80, 8, 8\); images are numbers"):
        layout.look(str(here), NOTHING)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((80, 8, 8), "is damaged: EOF"),
        ((80, 2**20, 2**20), "is damaged: Unable to allocate 80.0 TiB"),
        ((80, 2**40, 2**40), "is damaged: cannot reshape"),
        ((80, -8, 8), "is damaged: negative dimensions"),
    ],
)
def test_a_header_that_lies_is_one_line(here, shape, message):
    write_header(here / "mine.npz", shape)
    with pytest.raises(UserError) as error:
        layout.look(str(here), NOTHING)
    assert "mine.npz:images " in str(error.value) and message in str(error.value) and "\n" not in str(error.value)


@given(edited(NPZ, st.binary(max_size=4)))
def test_any_bytes_are_arrays_or_one_line(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.npz"
    path.write_bytes(content)
    with contextlib.suppress(UserError):
        assert layout.look(str(path), NOTHING).classes == ["0", "1", "2", "3"]


def test_the_parts_have_one_size_and_one_white(here):
    dark = (TEST.images // 3).astype(float)
    np.savez(here / "mine.npz", x_train=TRAIN.images / 1.0, y_train=TRAIN.labels, x_test=dark, y_test=TEST.labels)
    found, parts = read(here)
    assert {each.half["brightest"] for each in found.parts.values()} == {255.0} and parts["test"].images.max() < 80
    np.savez(here / "mine.npz", x_train=TRAIN.images, y_train=TRAIN.labels, x_test=dark[:, 1:], y_test=TEST.labels)
    with pytest.raises(UserError, match=r"other sizes .*: \(8, 8, 1\) x_train, \(7, 8, 1\) x_test"):
        layout.look(str(here), NOTHING)
