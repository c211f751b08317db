import numpy as np
import pytest
from helpers.data import CLASSES, make_split
from pydantic import ValidationError

from pipeline.data import profile as module
from pipeline.data.profile import QUANTILES, Profile, profile

SPLIT = make_split(160, 1)


def test_each_measure_is_what_it_says():
    image = np.zeros((1, 4, 4, 1), np.uint8)
    image[:, :, 2:] = 200  # one step from left to right, none from top to bottom
    found = profile(image, None, 2)
    middle = {name: points[QUANTILES // 2] for name, points in found.quantiles.items()}
    assert middle["brightness"] == 100 and middle["contrast"] == 100 and middle["edges"] == 1
    assert middle["sharpness"] == pytest.approx((200 / 3 + 0) / 2 / 100, abs=1e-5)
    assert found.levels[0] == found.levels[200] == 0.5 and found.brightest == 200


def test_plain_images_have_a_profile_too():
    found = profile(np.full((3, 4, 4, 1), 9, np.uint8), None, 2)
    assert found.quantiles["sharpness"][0] == 0 and found.quantiles["edges"][0] == 0.5


def test_a_profile_comes_back_from_its_text_and_is_the_same_each_time():
    found = profile(*SPLIT, CLASSES)
    text = module.as_json(found)
    assert Profile.model_validate_json(text) == found and text == module.as_json(profile(*SPLIT, CLASSES))
    assert found.classes == [40] * 4 and len(text) < 20_000


def test_a_mean_shows_no_single_image():
    few = profile(SPLIT.images[:19], SPLIT.labels[:19], CLASSES)
    assert few.means.all is None and few.means.classes == [None] * 4
    some = profile(SPLIT.images[:40], SPLIT.labels[:40], CLASSES)
    assert some.means.all is not None and some.means.classes == [None] * 4, "ten of each"
    large = profile(np.zeros((20, 50, 30, 3), np.uint8), None, 2)
    assert large.means.shape == (16, 16, 3) and len(large.means.all) == 16 * 16 * 3


def test_no_more_images_are_looked_at_than_are_needed(monkeypatch):
    monkeypatch.setattr(module.sampling, "MEASURED", 30)
    found = profile(*SPLIT, CLASSES)
    assert found.images == 160 and found.measured == 30 and sum(found.classes) == 160


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("quantiles", {"brightness": [0.0] * QUANTILES}, "should be of brightness, contrast, sharpness, edges"),
        ("levels", [0.5, 0.5], "at least 256 items"),
        ("version", 2, "Input should be 1"),
        ("means", {"shape": [8, 8, 1], "all": [1.0], "classes": [], "variance": 0.0}, "each should have 64 pixels"),
    ],
)
def test_what_is_no_profile_is_refused(key, value, reason):
    tree = profile(*SPLIT, CLASSES).model_dump(mode="json") | {key: value}
    import json

    with pytest.raises(ValidationError, match=reason):
        Profile.model_validate_json(json.dumps(tree))
