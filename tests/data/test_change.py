import numpy as np
import pytest

from pipeline.data import change
from pipeline.data.profile import profile

random = np.random.default_rng(5)
PATTERNS = random.integers(0, 200, (3, 12, 12, 3))
LABELS = (np.arange(120) % 3).astype(np.uint8)


def pictures(seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 40, (120, 12, 12, 3))
    return (PATTERNS[LABELS] + noise).astype(np.uint8)


def likely(images: np.ndarray, labels=LABELS) -> change.Change | None:
    return change.likely(profile(pictures(1), LABELS, 3), profile(images, labels, 3))


@pytest.mark.parametrize("name", change.CHANGES)
@pytest.mark.parametrize("labels", [LABELS, None, LABELS[::-1]], ids=["labels", "no labels", "wrong labels"])
def test_each_change_is_named_and_undone(name, labels):
    turns = {"turned by 90° to the left": 1, "turned by 90° to the right": -1}
    images = pictures(2)
    changed = np.rot90(images, turns[name], (1, 2)) if name in turns else change.CHANGES[name](images)
    found = likely(np.ascontiguousarray(changed), labels)
    assert found is not None and found.name == name
    assert np.array_equal(found.undone(changed), images)


def test_a_factor_is_named():
    found = likely(pictures(2) // 2)
    assert found.name == "0.50 times as bright"
    assert np.abs(found.undone(pictures(2) // 2).astype(int) - pictures(2)).max() <= 3


def test_what_is_the_same_or_has_no_such_cause_has_no_name():
    assert likely(pictures(2)) is None
    assert likely(np.random.default_rng(1).integers(0, 256, (120, 12, 12, 3), dtype=np.uint8)) is None
    assert likely(pictures(2)[:5], LABELS[:5]) is None, "too few for a mean"
    assert likely(pictures(2)[:, :, :6]) is None, "of another shape"
    assert likely(np.zeros((120, 12, 12, 3), np.uint8)) is None, "black is no factor"
