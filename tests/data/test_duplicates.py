import numpy as np
from helpers.data import make_split

from pipeline.data import duplicates


def test_copies_name_the_first_image_like_them():
    assert duplicates.copies(np.array([5, 9, 5, 7, 9, 5], np.uint64)) == [(2, 0), (4, 1), (5, 0)]
    assert duplicates.copies(np.array([], np.uint64)) == []


def test_a_twin_is_found_by_its_pixels_whatever_its_light():
    train, test = make_split(160, 1).images, make_split(40, 2).images.copy()
    test[3] = train[70] + 1
    test[8] = train[9] // 2
    test[20] = train[31]
    found = duplicates.twins(train, test)
    pairs = dict(zip(found.test.tolist(), found.train.tolist(), strict=True))
    assert pairs == {3: 70, 8: 9, 20: 31}
    assert (np.diff(found.correlation) <= 0).all() and (found.correlation >= duplicates.SIMILAR).all()


def test_all_training_images_are_looked_at_a_part_at_one_time(monkeypatch):
    train, test = make_split(160, 1).images, make_split(40, 2).images.copy()
    test[3], test[8] = train[70], train[159]
    whole = duplicates.twins(train, test)
    monkeypatch.setattr(duplicates, "TREE", 50)
    parts = duplicates.twins(train, test)
    assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True)) and set(parts.train) == {70, 159}
    monkeypatch.setattr(duplicates.sampling, "MEASURED", 30)
    some = duplicates.twins(train, test)
    assert some.asked == 30 and set(some.test) <= {3, 8}


def test_each_test_image_has_its_most_similar_twin_alone():
    train = make_split(160, 1).images.copy()
    noisy = np.random.default_rng(1).integers(0, 5, train[0].shape, dtype=np.uint8)
    train[1] = train[0] + noisy
    found = duplicates.twins(train, train[:1])
    assert found.train.tolist() == [0] and found.correlation.tolist() == [1.0]


def test_colours_and_plain_images_make_no_twins():
    random = np.random.default_rng(1)
    red, blue = (np.zeros((20, 8, 8, 3), np.uint8) for _ in range(2))
    shape = random.integers(0, 256, (8, 8), dtype=np.uint8)
    red[..., 0], blue[..., 2] = shape, shape
    assert len(duplicates.twins(red, blue).test) == 0, "of another colour is another image"
    assert len(duplicates.twins(red, red[:2]).test) == 2
    plain = np.full((5, 8, 8, 3), 9, np.uint8)
    assert len(duplicates.twins(plain, plain).test) == 0
    assert len(duplicates.twins(red, plain).test) == 0


def test_images_of_one_kind_may_be_alike_anyway():
    images = make_split(60, 1).images
    assert duplicates.alike(images) == 0
    again = np.concatenate([images, images[:20] + 1])
    assert duplicates.alike(again) == 40 / 80
    assert duplicates.alike(np.full((5, 8, 8, 1), 9, np.uint8)) == 0
