"""What once passed silently, on real images: each fault fails or warns, with its cause; data without one do neither."""

from functools import cache

import numpy as np
import pytest
from helpers.data import SHIPPED, make_split
from helpers.project import ROOT
from ruamel.yaml import YAML

from pipeline.config.schema import Checks, Dataset
from pipeline.core import paths
from pipeline.data import arrays, checks, expectations
from pipeline.data.arrays import Split

pytestmark = pytest.mark.whole

TRAIN, TEST = 6_000, 2_000  # images, of 70,000: as many as show each fault
LEAKED = 100


@cache
def real() -> tuple[Split, Split]:
    folders = [ROOT / folder for folder in (paths.TRAIN, paths.TEST)]
    if not all((folder / "images.npy").is_file() for folder in folders):
        pytest.skip("no prepared data: `dvc repro preprocess` makes it")
    loaded = [arrays.load(folder) for folder in folders]
    if loaded[0].images.shape[1:] != (28, 28, 1) or len(loaded[0].labels) < TRAIN:
        pytest.skip("the data set is another one")
    return tuple(Split(*(np.array(a[:n]) for a in split)) for split, n in zip(loaded, (TRAIN, TEST), strict=True))


def outcome(train: Split, test: Split, classes: list[str] | None = None) -> dict:
    """What the shipped limits say of two parts, as params.yaml would describe them."""
    values = YAML(typ="safe", pure=True).load(SHIPPED)
    values["dataset"] |= dict(zip(("height", "width", "channels"), train.images.shape[1:], strict=True))
    values["dataset"] |= {"classes": classes or values["dataset"]["classes"]}
    values["dataset"]["train"]["count"], values["dataset"]["test"]["count"] = len(train.labels), len(test.labels)
    values["preprocess"]["checks"]["class_balance_tolerance"] = 0.05  # these are samples
    limits = Checks.model_validate(values["preprocess"]["checks"])
    return checks.check({"train": train, "test": test}, Dataset.model_validate(values["dataset"]), limits)


def said(result: dict) -> list[str]:
    return [line for level in ("error", "warning") for line in expectations.failures(result, level)]


def labels(split: Split, change) -> Split:
    return split._replace(labels=change(split.labels).astype(np.uint8))


def images(split: Split, change) -> Split:
    return split._replace(images=np.ascontiguousarray(change(split.images)).astype(np.uint8))


def flipped(values: np.ndarray) -> np.ndarray:
    random = np.random.default_rng(1)
    wrong = random.random(len(values)) < 0.3
    return np.where(wrong, values + random.integers(1, 10, len(values)), values) % 10


def swapped(a: int, b: int):
    names = np.arange(10)
    names[[a, b]] = b, a
    return lambda values: names[values]


def brighter(values: np.ndarray) -> np.ndarray:
    return np.where(values > 0, np.minimum(values, 254) + 1, 0)


def leaked(train: Split, test: Split) -> Split:
    some = Split(brighter(test.images[:LEAKED]), test.labels[:LEAKED])
    return Split(*(np.concatenate([a[:-LEAKED], b]).astype(np.uint8) for a, b in zip(train, some, strict=True)))


def doubled(split: Split) -> Split:
    half = len(split.labels) // 2
    return Split(*(np.concatenate([values[:half], values[:half]]) for values in split))


FAULTS = [
    (
        "train labels rotated by one",
        lambda a, b: (labels(a, lambda v: (v + 1) % 10), b),
        "label n has n + 1 in train",
    ),
    (
        "test labels shifted by one",
        lambda a, b: (a, labels(b, lambda v: (v + 1) % 10)),
        "label n has n − 1 in train",
    ),
    ("train and test swapped", lambda a, b: (b, a), "the files of train and test may be exchanged"),
    ("a third of train flipped", lambda a, b: (labels(a, flipped), b), "of the labels of train may be wrong"),
    ("a third of test flipped", lambda a, b: (a, labels(b, flipped)), "of the labels of test may be wrong"),
    ("test inverted", lambda a, b: (a, images(b, lambda v: 255 - v)), "test looks like train inverted"),
    ("test images in train, brighter", lambda a, b: (leaked(a, b), b), "100 of 2,000 test images are in train"),
    (
        "all halved",
        lambda a, b: (images(a, lambda v: v // 2), images(b, lambda v: v // 2)),
        "the brightest pixel is 127 of 255, 2.0 times less",
    ),
    ("test halved", lambda a, b: (a, images(b, lambda v: v // 2)), "test looks like train 0.50 times as bright"),
    ("train labels sorted", lambda a, b: (labels(a, np.sort), b), "the labels are sorted, and the images are not"),
    (
        "train twice",
        lambda a, b: (doubled(a), b),
        "train[3000] to [5999] are copies of what stands 3,000",
    ),
    ("train transposed", lambda a, b: (images(a, lambda v: v.transpose(0, 2, 1, 3)), b), "train transposed"),
    ("two classes swapped in train", lambda a, b: (labels(a, swapped(2, 4)), b), "Pullover and Coat are exchanged"),
    ("two classes swapped in test", lambda a, b: (a, labels(b, swapped(0, 6))), "T-shirt/top and Shirt are exchanged"),
    (
        "test upside down, with two classes swapped",
        lambda a, b: (a, labels(images(b, lambda v: v[:, ::-1]), swapped(1, 7))),
        "Trouser and Sneaker are exchanged",
    ),
]


@pytest.mark.parametrize(("spoil", "cause"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_each_fault_is_said_with_its_cause(spoil, cause):
    result = outcome(*spoil(*real()))
    lines = said(result)
    assert any(cause in line for line in lines), lines
    exchanged = [line for line in lines if line.startswith("classes exchanged")]
    assert not exchanged or "label n" in cause or "exchanged" in cause, "nothing false is named"


def digits(scale: float) -> tuple[list[Split], list[str]]:
    from sklearn.datasets import load_digits

    raw = load_digits()
    pictures = np.rint(raw.images * scale).astype(np.uint8)[..., np.newaxis]
    names = raw.target.astype(np.uint8)
    half = len(names) // 2
    return [Split(pictures[:half], names[:half]), Split(pictures[half:], names[half:])], list("0123456789")


def test_digits_from_0_to_16_are_said_to_have_another_scale():
    parts, classes = digits(1)
    lines = said(outcome(*parts, classes))
    assert len(lines) == 2 and all("the brightest pixel is 16 of 255, 15.9 times less" in line for line in lines)


def colours(count: int, seed: int) -> Split:
    """Images of noise around the colour of their class."""
    random = np.random.default_rng(seed)
    names = (np.arange(count) % 5).astype(np.uint8)
    tints = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200], [200, 200, 40], [120, 120, 120]])
    noise = random.normal(0, 20, (count, 12, 16, 3))
    return Split(np.clip(tints[names][:, np.newaxis, np.newaxis] + noise, 0, 255).astype(np.uint8), names)


@pytest.mark.parametrize(
    "parts",
    [
        lambda: (real(), None),
        lambda: digits(255 / 16),
        lambda: ((colours(500, 1), colours(100, 2)), list("abcde")),
        lambda: ((make_split(160, 1), make_split(40, 2)), list("ABCD")),
    ],
    ids=["Fashion-MNIST", "digits", "colours", "quadrants"],
)
def test_good_data_give_no_warning(parts):
    (train, test), classes = parts()
    result = outcome(train, test, classes)
    assert said(result) == [] and result["passed"] and result["measured"]


def tinted(each: int, classes: int, seed: int, spread: int) -> Split:
    """As many images of each class, in noise around a colour of its own."""
    random, names = np.random.default_rng(seed), np.arange(each * classes) % classes
    tints = np.random.default_rng(99).integers(20, 235, (classes, 1, 1, 3))
    noise = random.normal(0, spread, (len(names), 6, 6, 3))
    return Split(np.clip(tints[names] + noise, 0, 255).astype(np.uint8), names.astype(np.uint8))


@pytest.mark.parametrize(
    ("train", "test", "classes"),
    [(4, 1, 100), (3, 1, 3), (9, 3, 2), (5, 2, 2), (60, 12, 5)],
    ids=lambda number: str(number),
)
def test_few_images_of_each_class_raise_no_alarm(train, test, classes):
    names = [f"class {number}" for number in range(classes)]
    for spread in (20, 900):
        parts = [tinted(each, classes, place, spread) for place, each in enumerate((train, test))]
        assert expectations.failures(outcome(*parts, names)) == []


def test_classes_that_chance_makes_unequal_raise_no_alarm():
    train, test = real()
    for seed in range(3):
        random = np.random.default_rng(seed)
        chosen = [np.sort(random.permutation(len(split.labels))[:n]) for split, n in ((train, 500), (test, 80))]
        parts = [Split(*(a[places] for a in split)) for split, places in zip((train, test), chosen, strict=True)]
        assert said(outcome(*parts)) == []
