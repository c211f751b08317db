import numpy as np
import pytest

from pipeline.data import causes
from pipeline.data.neighbours import Votes

CLASSES = list("ABCD")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({}, ""),
        ({1: 2, 2: 1}, "B and C are exchanged: the labels of train or test are wrong"),
        ({0: 1, 1: 2, 2: 3, 3: 0}, "all labels are shifted: a class of test with the label n has n + 1 in train"),
        ({0: 3, 1: 0, 2: 1, 3: 2}, "all labels are shifted: a class of test with the label n has n − 1 in train"),
        ({0: 1, 1: 2, 2: 0}, "A in test is B in train; B in test is C in train; C in test is A in train: the labels"),
        ({0: 1, 1: 0, 2: 3, 3: 2}, "A and B are exchanged; C and D are exchanged: the labels"),
    ],
)
def test_exchanged_classes_are_said_in_words(names, said):
    assert causes.of_exchange(names, CLASSES).startswith(said)


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([], ""),
        ([(7, 2)], "1 of 10 images in train are copies: [7] of [2]"),
        ([(5, 0), (6, 1), (7, 2), (8, 3)], "train[5] to [8] are copies of what stands 5 places before"),
        ([(4, 0), (6, 1), (7, 2), (8, 3)], "4 of 10 images in train are copies: [4] of [0], [6] of [1], [7] of [2], …"),
    ],
)
def test_copies_are_named(pairs, said):
    assert causes.of_copies("train", pairs, 10) == said


def votes(right: float, count: int = 100) -> Votes:
    labels = (np.arange(count) % 4).astype(np.uint8)
    said = np.where(np.arange(count) < right * count, labels, (labels + 1) % 4)
    return Votes(np.arange(count), labels, np.eye(4)[said])


def test_labels_are_wrong_or_in_another_order_or_sorted():
    good = votes(1.0)
    shuffled = np.array([3, 1, 2, 0])
    assert causes.of_labels("train", votes(0.7), good, shuffled).startswith("about 30% of the labels of train may be")
    assert causes.of_labels("test", votes(0.25), good, shuffled).startswith("labels and images of test may stand in an")
    assert causes.of_labels("test", votes(0.25), good, np.sort(shuffled)).startswith("the labels are sorted, and")


def test_a_black_part_has_no_factor():
    assert causes.of_range(0) == "the brightest pixel is 0 of 255: the pixels may have another scale, 0 to 0"
