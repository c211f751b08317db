import numpy as np
import pytest
import tensorflow as tf

from pipeline.training import augmentation

SHAPE = (8, 6, 3)
IMAGES = np.random.default_rng(1).integers(1, 256, (400, *SHAPE), dtype=np.uint8)


@pytest.fixture
def augmented(params):
    """The images of an epoch, with other parameters than usual."""

    def make(epoch: int = 1, **changes) -> np.ndarray:
        train = params.train.model_copy(update=changes)
        drawn = augmentation.draw(train, SHAPE, len(IMAGES), epoch)
        tensors = {name: tf.constant(each) for name, each in drawn.items()}  # as the loop hands them over
        return np.asarray(augmentation.apply(train, IMAGES, tensors))

    return make


def test_each_image_is_mirrored_in_every_other_epoch(augmented):
    mirrored = IMAGES[:, :, ::-1]
    for epoch in (1, 2):
        shown, next_shown = (augmented(epoch=number, flip=True, shift=0, erase=0) for number in (epoch, epoch + 1))
        changed = (shown != IMAGES).any(axis=(1, 2, 3))
        assert 0.4 < changed.mean() < 0.6
        assert np.array_equal(shown, np.where(changed[:, None, None, None], mirrored, IMAGES))
        assert np.array_equal(next_shown, np.where(changed[:, None, None, None], IMAGES, mirrored))


def test_an_image_is_moved_by_so_many_pixels_at_most_and_its_edge_moves_in(augmented):
    shown = augmented(flip=False, shift=2, erase=0)
    padded = np.pad(IMAGES, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, SHAPE[:2], axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
    found = (windows == shown[:, None, None]).all(axis=(3, 4, 5))
    assert found.any(axis=(1, 2)).all(), "each image is one of its windows"
    assert found.any(axis=0).all(), "every move happens"
    assert (augmented(epoch=2, flip=False, shift=2, erase=0) != shown).any()


def test_a_square_is_erased_from_half_of_the_images_anywhere(augmented):
    shown = augmented(flip=False, shift=0, erase=3)
    erased = (shown == 0).all(axis=-1)
    assert np.array_equal(np.where(erased[..., None], 0, IMAGES), shown)
    counts = erased.sum(axis=(1, 2))
    assert set(counts) == {0, 9} and 0.4 < np.mean(counts > 0) < 0.6
    assert erased.any(axis=0).all(), "every place is hit by some"
    assert (augmented(epoch=2, flip=False, shift=0, erase=3) != shown).any()


def test_a_square_larger_than_the_image_takes_all_of_it(augmented):
    erased = (augmented(flip=False, shift=0, erase=9) == 0).reshape(len(IMAGES), -1)
    assert set(erased.mean(axis=1)) == {0.0, 1.0}


def test_the_same_seed_and_epoch_do_the_same_and_another_seed_does_not(augmented):
    one = augmented(flip=True, shift=1, erase=2)
    assert np.array_equal(one, augmented(flip=True, shift=1, erase=2))
    assert (one != augmented(flip=True, shift=1, erase=2, seed=7)).any()
