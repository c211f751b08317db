import numpy as np
import pytest
from helpers.data import CLASSES, make_split

from pipeline.data import change, neighbours
from pipeline.data.arrays import Split

TRAIN, TEST = make_split(160, 1), make_split(100, 2)


def asked(train: Split = TRAIN, test: Split = TEST, undo=None) -> neighbours.Agreement:
    return neighbours.agreement(train, test, CLASSES, undo)


def with_labels(split: Split, labels) -> Split:
    return split._replace(labels=np.asarray(labels).astype(np.uint8))


def certain(found: tuple[float, float]) -> float:
    return max(0.0, found[0] - found[1])


def test_good_labels_fit_and_all_three_ask_equally_many():
    found = asked()
    assert [votes.accuracy for votes in found] == [1, 1, 1]
    assert [len(votes.labels) for votes in found] == [100, 100, 100]
    assert neighbours.exchange(found) == (0.0, 0.0, {})
    assert np.allclose([votes.shares.sum(axis=1) for votes in found], 1)


def test_no_image_has_a_say_about_itself_though_it_has_copies():
    many = Split(np.repeat(TRAIN.images[:1], 50, axis=0), np.arange(50).astype(np.uint8) % CLASSES)
    found = asked(many, many)
    assert found.train.shares.sum(axis=1) == pytest.approx(1)
    two = Split(TRAIN.images[:2], TRAIN.labels[:2])
    assert len(asked(two, two).train.labels) == 0, "no other one is of their classes, so nobody can name them"
    assert neighbours.misfit(asked(two, two).train, asked(TRAIN, TEST).test) == (0, 0)
    assert asked(two, two).across.accuracy == 1, "each is its own nearest neighbour"


@pytest.mark.parametrize("part", ["train", "test"])
def test_wrong_labels_fit_less_than_those_of_the_other_part(part):
    split = {"train": TRAIN, "test": TEST}[part]
    wrong = np.random.default_rng(1).random(len(split.labels)) < 0.4
    spoiled = {part: with_labels(split, np.where(wrong, split.labels + 1, split.labels) % CLASSES)}
    found = asked(**spoiled)
    votes = {"train": found.train, "test": found.test}
    other = votes[{"train": "test", "test": "train"}[part]]
    assert certain(neighbours.misfit(votes[part], other)) > 0.1
    assert certain(neighbours.misfit(other, votes[part])) == 0
    doubts = neighbours.doubtful(votes[part], 8)
    assert len(doubts) == 8 and all(label == spoiled[part].labels[place] != said for place, label, said in doubts)
    assert sum(wrong[place] for place, _, _ in doubts) >= 6


@pytest.mark.parametrize("names", [[1, 0, 2, 3], [1, 2, 3, 0], [0, 3, 1, 2]])
def test_exchanged_classes_are_named(names):
    found = neighbours.exchange(asked(train=with_labels(TRAIN, np.array(names)[TRAIN.labels])))
    assert found.names == {label: name for label, name in enumerate(names) if label != name}
    assert found.share == 1 and found.share - found.chance > 0.5


def test_a_change_is_undone_first():
    dark = TEST._replace(images=255 - TEST.images)
    assert certain(neighbours.misfit(asked(test=dark).across, asked(test=dark).test)) > 0.1
    name = "inverted (255 minus each pixel)"
    assert asked(test=dark, undo=change.Change(name, change.CHANGES[name])).across.accuracy == 1


def test_chance_is_no_exchange():
    random = np.random.default_rng(3)
    parts = [
        Split(random.integers(0, 256, (n, 8, 8, 1), dtype=np.uint8), random.integers(0, 4, n).astype(np.uint8))
        for n in (160, 40)
    ]
    found = neighbours.exchange(asked(*parts))
    assert found.share - found.chance < 0.5
