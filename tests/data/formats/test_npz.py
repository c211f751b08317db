import io
import tracemalloc
import zipfile

import numpy as np
import pytest
from helpers.data import edited
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pipeline.config.schema import Dataset
from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data import raw
from pipeline.data.formats import npz

IMAGES = np.random.default_rng(1).integers(0, 256, (6, 4, 5), dtype=np.uint8)
LABELS = np.array([0, 1, 2, 2, 1, 0])
WHERE = "data/raw/digits.npz"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths.RAW.mkdir(parents=True)
    return paths.RAW


def dataset(channels=1, **others) -> Dataset:
    half = {"format": "npz", "file": "digits.npz", "sha256": "0" * 64, "images": "x", "labels": "y"} | others
    test = {"format": "share", "of": 0.5, "seed": 1}
    sizes = {"height": 4, "width": 5, "channels": channels}
    return Dataset.model_validate({"name": "digits", "classes": list("abc"), "train": half, "test": test} | sizes)


def read(images=IMAGES, labels=LABELS, channels=1, **others):
    """What is read of arrays that were written; `others` are keys in params.yaml."""
    np.savez_compressed(paths.RAW / "digits.npz", x=images, y=labels, z=np.zeros(3))
    config = dataset(channels, **others)
    return npz.read(config.train, config)


def problems(*arrays, **others) -> list[str]:
    with pytest.raises(UserError) as error:
        read(*arrays, **others)
    return str(error.value).splitlines()


@pytest.mark.parametrize("shape", [(6, 4, 5), (6, 4, 5, 1), (6, 20)])
@pytest.mark.parametrize("labels", [LABELS, LABELS.astype(np.uint8), LABELS[:, None]])
def test_arrays_are_read_whatever_their_shape(folder, shape, labels):
    found = read(IMAGES.reshape(shape), labels)
    assert np.array_equal(found.images, IMAGES[..., None]) and np.array_equal(found.labels, LABELS)
    assert found.images.dtype == found.labels.dtype == np.uint8


def test_colours_are_the_last_axis(folder):
    colour = np.stack([IMAGES, 255 - IMAGES, IMAGES], axis=-1)
    for images in (colour, colour.reshape(6, -1), np.asfortranarray(colour)):
        assert np.array_equal(read(images, channels=3).images, colour)


@pytest.mark.parametrize(
    ("images", "brightest"),
    [
        (IMAGES.astype(np.int64), 255),
        (IMAGES / 255, 1.0),
        ((IMAGES / 255).astype(np.float32), 1),
        (IMAGES.astype(np.uint16) * 257, 65535),
    ],
)
def test_other_types_are_scaled_to_255(folder, images, brightest):
    assert np.array_equal(read(images, brightest=float(brightest)).images[..., 0], IMAGES)


def test_digits_of_scikit_learn_are_read_as_they_come(folder):
    from sklearn.datasets import load_digits

    digits = load_digits()
    np.savez(paths.RAW / "digits.npz", x=digits.images, y=digits.target)
    values = dataset(brightest=16.0).model_dump() | {"height": 8, "width": 8, "classes": [f"{n}" for n in range(10)]}
    config = Dataset.model_validate(values)
    parts = raw.read(config)
    assert sum(len(part.images) for part in parts.values()) == 1797
    whole = npz.read(config.train, config)
    assert whole.images.max() == 255 and np.array_equal(np.rint(whole.images[..., 0] / 255 * 16), digits.images)
    assert np.array_equal(whole.labels, digits.target)


def test_labels_may_begin_with_another_number(folder):
    assert np.array_equal(read(labels=LABELS + 1, first_label=1).labels, LABELS)


def test_all_that_is_not_as_described_is_said_at_once(folder):
    assert problems(IMAGES[:, :3] / 16, LABELS[:5]) == [
        f"{WHERE}:x is (6, 3, 5); dataset.height, width and channels in params.yaml make (n, 4, 5, 1) or (n, 20) or "
        "(n, 4, 5)",
        f"{WHERE}:x is float64; brightest in params.yaml has to say which value is white",
        f"{WHERE}:y is (5,), x is (6, 3, 5)",
    ]
    assert problems(labels=LABELS, images=IMAGES, **{"channels": 3})[0].startswith(f"{WHERE}:x is (6, 4, 5); ")
    np.savez(paths.RAW / "digits.npz", x_train=IMAGES, y_train=LABELS)
    with pytest.raises(UserError) as error:
        npz.read(dataset().train, dataset())
    assert str(error.value).splitlines() == [
        f"{WHERE} has no array {name}; it has x_train, y_train" for name in ("x", "y")
    ]


@pytest.mark.parametrize(
    ("images", "labels", "others", "message"),
    [
        (
            IMAGES / 255,
            LABELS,
            {"brightest": 0.5},
            ":x has values from 0.0.* to 1.0, where .* allows 0 to 0.5",
        ),
        (np.full((6, 4, 5), np.nan), LABELS, {"brightest": 1.0}, ":x has values from nan to nan, where brightest"),
        (IMAGES.astype("U3"), LABELS, {}, ":x is <U3; pixels are numbers"),
        (
            IMAGES,
            LABELS + 1,
            {},
            ":y has labels from 1 to 3, where 3 classes have 0 to 2; 2 are outside, the first at .2",
        ),
        (IMAGES, LABELS - 1, {}, ":y has labels from -1 to 1, where 3 classes"),
        (IMAGES, LABELS, {"first_label": 1}, "where 3 classes have 1 to 3"),
        (IMAGES, LABELS / 2, {}, r":y is float64 \(6,\); labels are whole numbers"),
        (IMAGES, np.eye(6, 3), {}, r":y is float64 \(6, 3\); labels are \(n,\), one number for each image"),
        (IMAGES[:0], LABELS[:0], {}, r":x is \(0, 4, 5\)"),
    ],
)
def test_other_values_are_told(folder, images, labels, others, message):
    with pytest.raises(UserError, match=message) as error:
        read(images, labels, **others)
    assert len(str(error.value).splitlines()) == 1


def test_values_of_both_arrays_are_told_at_once(folder):
    pixels, labels = problems(IMAGES / 255, LABELS + 1, brightest=0.5)
    assert pixels.startswith(f"{WHERE}:x has values") and labels.startswith(f"{WHERE}:y has labels")


def test_nothing_is_unpickled(folder):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("unpickled",))

    with pytest.raises(UserError, match=r"digits\.npz:y\.npy holds Python objects, which are never unpickled"):
        read(labels=np.array([Trap()] * 6, dtype=object))


def test_a_wrong_count_and_a_missing_file_are_told(folder):
    with pytest.raises(UserError, match=r"data/raw/digits.npz is missing; `dvc repro download` fetches it"):
        raw.read(dataset())
    read()
    with pytest.raises(UserError, match=r"^dataset\.train\.count is 7; there are 6 images in digits\.npz:x$"):
        raw.read(dataset(count=7))


def packed(shape: tuple[int, ...]) -> bytes:
    """A .npz file of 6 labels and of images that claim to be of this shape and are not there."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, header in (("x", shape), ("y", (6,))):
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array_header_1_0(member, {"descr": "|u1", "fortran_order": False, "shape": header})
                member.write(bytes(6))
    return file.getvalue()


@pytest.mark.parametrize("shape", [(6, 4096, 4096), (2**40, 4, 5), (2**62, 4, 5), (6, 4, 5)])
def test_a_header_that_claims_too_much_is_refused_before_memory_is_asked_for(folder, shape):
    (paths.RAW / "digits.npz").write_bytes(packed(shape))
    tracemalloc.start()
    try:
        with pytest.raises(UserError):
            npz.read(dataset().train, dataset())
        assert tracemalloc.get_traced_memory()[1] < 2**21
    finally:
        tracemalloc.stop()


def whole_file() -> bytes:
    file = io.BytesIO()
    np.savez(file, x=IMAGES, y=LABELS)
    return file.getvalue()


@given(st.binary(max_size=60) | edited(whole_file(), st.binary(max_size=5) | st.sampled_from([b"\0", b"\xff" * 4])))
def test_any_bytes_are_the_arrays_that_are_in_them_or_a_user_error(tmp_path_factory, content):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.getbasetemp())
        paths.RAW.mkdir(parents=True, exist_ok=True)
        (paths.RAW / "digits.npz").write_bytes(content)
        try:
            found = npz.read(dataset().train, dataset())
        except UserError as error:
            assert content != whole_file()
            assert all(line.startswith("data/raw/digits.npz") for line in str(error).splitlines())
            return
    assert np.array_equal(found.images[..., 0], IMAGES) and np.array_equal(found.labels, LABELS), "each has a checksum"


@given(
    images=arrays.arrays(
        st.sampled_from([np.uint8, np.int16, np.float32, np.float64]), st.tuples(st.integers(1, 3), st.just(20))
    ),
    brightest=st.none() | st.floats(0.1, 1000),
)
def test_pixels_are_scaled_or_refused(images, brightest):
    if images.dtype != np.uint8 and brightest is None:
        return
    try:
        found = npz.as_bytes(images, brightest, "x")
    except UserError as error:
        assert not (images.min() >= 0 and images.max() <= brightest) and str(error).startswith("x has values from")
        return
    assert found.dtype == np.uint8
    wanted = images if brightest is None else images.astype(np.float64) * 255 / brightest
    assert np.abs(found - wanted).max() <= 0.5 + 1e-9
