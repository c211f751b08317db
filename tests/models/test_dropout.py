"""Dropout of our own against Keras': the same layer, with other random numbers."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pipeline.models.dropout import Dropout

SHAPE = (64, 32, 32)
COUNT = int(np.prod(SHAPE))


def masks(rate: float, seed: int, steps: int) -> np.ndarray:
    """Which values are kept, bool (steps, values)."""
    layer = Dropout(rate, seed=seed)
    return np.stack([np.ravel(layer(tf.ones(SHAPE), training=True)) > 0 for _ in range(steps)])


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.astype(float), other.astype(float))[0, 1])


@pytest.mark.parametrize("rate", [0.05, 0.25, 0.9])
def test_the_share_that_is_dropped_is_the_rate_and_the_sum_stays(rate):
    kept = masks(rate, 1, 4)
    spread = (rate * (1 - rate) / COUNT) ** 0.5
    assert np.abs(1 - kept.mean(axis=1) - rate).max() < 5 * spread
    values = Dropout(rate, seed=1)(tf.ones(SHAPE), training=True)
    assert float(tf.reduce_max(values)) == pytest.approx(1 / (1 - rate))


def test_values_steps_and_layers_are_dropped_independently_of_each_other():
    first, other = masks(0.25, 1, 3), masks(0.25, 2, 1)[0]
    pairs = [(first[0][:-lag], first[0][lag:]) for lag in (1, 2, 3, 32, 1024)]
    pairs += [(first[0], first[1]), (first[1], first[2]), (first[0], first[2]), (first[0], other)]
    pairs += [(first[0][:-1], first[1][1:]), (first[0][1:], first[1][:-1])]  # no step repeats another one, shifted
    assert max(abs(correlation(*pair)) for pair in pairs) < 5 / COUNT**0.5
    triples = first[0][:-2] ^ first[0][1:-1] ^ first[0][2:]
    assert abs(triples.mean() - (3 * 0.75 * 0.25**2 + 0.75**3)) < 5 * 0.5 / COUNT**0.5
    per_bit = first[0].reshape(SHAPE[0], -1).mean(axis=0)  # over the images, by place
    assert per_bit.std() == pytest.approx((0.25 * 0.75 / SHAPE[0]) ** 0.5, rel=0.1)


def test_the_gradient_goes_where_the_values_went():
    layer, values = Dropout(0.4, seed=1), tf.random.normal([50, 40])
    with tf.GradientTape() as tape:
        tape.watch(values)
        dropped = layer(values, training=True)
    gradient = tape.gradient(dropped, values)
    assert np.array_equal(dropped, values * gradient)
    assert set(np.unique(gradient)) == {0, np.float32(1 / 0.6)}


def test_nothing_is_dropped_outside_of_training_or_at_rate_0_and_half_precision_stays():
    values = tf.random.normal([5, 4])
    assert Dropout(0.5)(values) is values and Dropout(0.0)(values, training=True) is values
    assert Dropout(0.5, dtype="bfloat16")(tf.cast(values, "bfloat16"), training=True).dtype == tf.bfloat16


def test_the_state_of_its_generator_is_all_that_its_numbers_depend_on():
    layer, twin = Dropout(0.5, seed=3), Dropout(0.5, seed=4)
    layer(tf.ones(SHAPE), training=True)
    twin.seed_generator.state.assign(layer.seed_generator.state)
    one, other = (each(tf.ones(SHAPE), training=True) for each in (layer, twin))
    assert np.array_equal(one, other)
    assert layer.get_config().keys() == keras.layers.Dropout(0.5, seed=3).get_config().keys()
