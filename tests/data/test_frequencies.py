import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.fft import dctn

from pipeline.data import frequencies


def some(count: int, seed: int = 1, shape=(12, 9, 3)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def test_the_lowest_frequencies_are_those_of_scipy():
    images = some(4)
    whole = dctn(images.astype(float), axes=(1, 2), norm="ortho")
    assert np.allclose(frequencies.lowest(images, 5), whole[:, :5, :5].reshape(4, -1), atol=0.01)
    assert frequencies.lowest(images, 20).shape == (4, 12 * 9 * 3), "no more than there are"


def test_structure_is_blind_for_light_and_contrast_and_knows_plain_images():
    images = (some(3) // 2).astype(np.uint8)
    plain = np.full_like(images[:1], 77)
    rows, seen = frequencies.structure(np.concatenate([images, images + 40, images // 2 * 2, plain]), 4)
    assert seen.tolist() == [True] * 9 + [False]
    assert np.allclose(rows[:3], rows[3:6], atol=1e-5) and np.allclose(rows[:3], rows[6:9], atol=0.02)


@given(st.integers(0, 1000))
def test_rows_lie_no_further_apart_than_the_images_do(seed):
    images = some(2, seed, (6, 6, 1))
    rows, _ = frequencies.structure(images, 3)
    correlation = np.corrcoef(images.reshape(2, -1).astype(float))[0, 1]
    assert np.square(rows[0] - rows[1]).sum() <= 2 - 2 * correlation + 1e-5
