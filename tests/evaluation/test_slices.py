import numpy as np

from pipeline.evaluation import slices


def test_each_class_has_a_slice_in_order_also_one_without_images():
    found = slices.by_class(np.array([0, 0, 2]), np.array([True, False, True]), ["a", "b", "c"])
    assert [(each.name, each.accuracy.count, each.accuracy.total) for each in found] == [
        ("a", 1, 2),
        ("b", 0, 0),
        ("c", 1, 1),
    ]


def test_pictures_are_dark_or_bright_sparse_or_full():
    images = np.zeros((4, 6, 6, 1), dtype=np.uint8)
    images[2:, 1:5, 1:5] = 200  # bright and full
    right = np.array([True, True, True, False])
    found = {each.name: each.accuracy for each in slices.by_look(images, right)}
    assert {name: (share.count, share.total) for name, share in found.items()} == {
        "dark": (2, 2),
        "bright": (1, 2),
        "sparse": (2, 2),
        "full": (1, 2),
    }


def test_the_background_may_be_light():
    images = np.full((2, 6, 6, 3), 255, dtype=np.uint8)
    images[1, 2:4, 2:4] = 10
    assert slices.filling(images).tolist() == [0, 4 / 36]
