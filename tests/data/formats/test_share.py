import numpy as np
import pytest
from helpers.data import make_split
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config.schema import Share
from pipeline.core.errors import UserError
from pipeline.data import arrays
from pipeline.data.formats import share


def cut(whole: arrays.Split, of: float, seed: int = 1):
    return share.cut(whole, Share(format="share", of=of, seed=seed))


@given(of=st.floats(0.1, 0.9), seed=st.integers(0, 2**32 - 1))
def test_each_image_is_in_one_part_with_its_label_in_its_order(of, seed):
    whole = make_split(80, 1)
    parts = cut(whole, of, seed)
    assert [len(part.images) for part in parts] == [80 - round(80 * of), round(80 * of)]
    place = {image.tobytes(): number for number, image in enumerate(whole.images)}
    places = [[place[image.tobytes()] for image in part.images] for part in parts]
    assert sorted(places[0] + places[1]) == list(range(80)) and all(found == sorted(found) for found in places)
    for part, found in zip(parts, places, strict=True):
        assert np.array_equal(part.labels, whole.labels[found])
        assert np.ptp(np.bincount(part.labels)) <= 1, "the same share of each class"


def test_equal_seeds_cut_equally_and_others_do_not():
    whole = make_split(80, 1)
    first, again, other = (cut(whole, 0.25, seed)[1].images for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_a_class_that_cannot_be_on_both_sides_is_told():
    with pytest.raises(UserError, match=r"^dataset\.test\.of 0\.01: 1 test images cannot be set aside: .*test_size"):
        cut(make_split(80, 1), 0.01)
