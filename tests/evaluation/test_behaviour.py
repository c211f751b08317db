import numpy as np
import pytest
from helpers.data import make_split

from pipeline.evaluation import behaviour

IMAGE = np.arange(2 * 4 * 3, dtype=np.uint8).reshape(2, 4, 3, 1)


def test_a_flip_is_a_mirror():
    (image,) = behaviour.flipped(IMAGE)
    assert image[0, 0, :, 0].tolist() == [2, 1, 0]


def test_a_shift_goes_by_one_pixel_to_each_side():
    left, right, up, down = (image[0, ..., 0].tolist() for image in sorted_shifts())
    assert left[0] == [1, 2, 2] and right[0] == [0, 0, 1]
    assert up[0] == [3, 4, 5] and up[3] == [9, 10, 11]
    assert down[0] == [0, 1, 2] and down[1] == [0, 1, 2]


def sorted_shifts():
    up, down, left, right = behaviour.shifted(IMAGE)
    return right, left, down, up


def test_light_stays_within_the_range_of_pixels():
    darker, brighter = behaviour.relit(np.array([0, 100, 250], dtype=np.uint8))
    assert darker.tolist() == [0, 90, 225] and brighter.tolist() == [0, 110, 255]


def test_noise_is_little_and_the_same_each_time():
    image = np.full((1, 50, 50, 1), 128, dtype=np.uint8)
    (noisy,), (again,) = behaviour.noisy(image), behaviour.noisy(image)
    assert np.array_equal(noisy, again)
    assert noisy.std() == pytest.approx(behaviour.NOISE, rel=0.1)


def test_an_image_counts_once_if_any_change_changes_its_answer():
    def predict(images):  # class 1 where the top left pixel is light
        return np.eye(2)[(images[:, 0, 0, 0] > 100).astype(int)]

    images = np.zeros((4, 3, 3, 1), dtype=np.uint8)
    images[0, 0, 2] = 200  # seen there after a flip
    images[1, 0, 1] = images[2, 1, 0] = 200  # after a shift
    predicted = predict(images).argmax(axis=1)
    found = {each.name: each for each in behaviour.invariances(predict, images, predicted)}
    assert (found["flip"].changed.count, found["flip"].example) == (1, 0)
    assert (found["shift"].changed.count, found["shift"].changed.total, found["shift"].example) == (2, 4, 1)
    assert (found["light"].changed.count, found["light"].example) == (0, None)
    assert set(found) == set(behaviour.CHANGES)


def test_the_archetype_is_the_image_nearest_to_the_mean_of_its_class():
    images = np.zeros((5, 2, 2, 1), dtype=np.uint8)
    images[0], images[1], images[2] = 0, 100, 220  # mean 107
    labels = np.array([0, 0, 0, 1, 1])
    assert behaviour.archetypes(images, labels, 3) == [1, 3, None]


def test_functions_leave_the_images_alone():
    images = make_split(4, 1).images
    before = images.copy()
    for _, change in behaviour.CHANGES.values():
        for changed in change(images):
            assert changed.shape == images.shape and changed.dtype == np.uint8
    assert np.array_equal(images, before)
