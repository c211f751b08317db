import numpy as np
import pytest
from helpers.data import CLASSES, SHIPPED, make_split
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from scipy.stats import ks_2samp, wasserstein_distance

from pipeline.data.drift import drift, stability
from pipeline.data.profile import profile

TRAIN, TEST = make_split(400, 1), make_split(200, 2)


def measured(images: np.ndarray, labels=None) -> dict:
    found = drift(profile(*TRAIN, CLASSES), profile(images, labels, CLASSES))
    return {each.name: each for each in found}


def test_what_comes_from_the_same_place_drifts_nowhere():
    found = measured(*TEST)
    assert list(found) == ["brightness", "contrast", "sharpness", "edges", "pixel levels", "mean image", "class shares"]
    assert all(each.certain == 0 for each in found.values())
    assert "class shares" not in measured(TEST.images)


@pytest.mark.parametrize(
    ("change", "drifts"),
    [
        (lambda v: v // 2, {"brightness", "contrast", "pixel levels", "mean image"}),
        (lambda v: 255 - v, {"brightness", "pixel levels", "mean image"}),
        (lambda v: np.repeat(v[:, ::2], 2, axis=1), {"edges", "sharpness"}),
        (lambda v: v + 40, {"brightness", "pixel levels", "mean image"}),
    ],
    ids=["halved", "inverted", "coarse", "brighter"],
)
def test_each_change_is_seen_by_its_measures(change, drifts):
    found = measured(change(TEST.images).astype(np.uint8))
    assert drifts <= {name for name, each in found.items() if each.certain > 0}


def test_the_distances_are_those_of_scipy():
    found = measured(TEST.images // 2)
    before, now = (images.reshape(len(images), -1).mean(axis=1) for images in (TRAIN.images, TEST.images // 2))
    assert found["brightness"].value == pytest.approx(ks_2samp(before, now).statistic, abs=0.02)
    distance = wasserstein_distance(TRAIN.images.ravel(), (TEST.images // 2).ravel())
    assert found["pixel levels"].value == pytest.approx(distance, abs=0.01)


def test_class_shares_are_compared_by_the_stability_index():
    assert stability([50, 50], [500, 500]).value == 0
    assert stability([5000, 5000], [9000, 1000]).value == pytest.approx(0.4 * np.log(1.8) + 0.4 * np.log(5))
    assert stability([5000, 5000], [9000, 1000]).certain > 0.8
    assert stability([100, 0], [0, 100]).certain > 1, "a class that is gone has no logarithm"
    assert stability([1, 0], [0, 1]).certain == 0, "two images say nothing"


@settings(max_examples=settings.default.max_examples // 2)
@given(st.integers(0, 10**6), st.integers(2, 60))
def test_few_images_raise_no_alarm(seed, count):
    split = make_split(count, seed)
    limits = YAML(typ="safe", pure=True).load(SHIPPED)["preprocess"]["checks"]
    assert all(each.certain <= limits[each.key]["limit"] / 2 for each in measured(split.images).values())
