import numpy as np
import pytest
import tensorflow as tf

from pipeline.pooling import max_pool_2x2


def standard(images):
    return tf.nn.max_pool2d(images, 2, 2, "VALID")


def gradient(function, images, upstream):
    with tf.GradientTape() as tape:
        tape.watch(images)
        pooled = function(images)
    return pooled, tape.gradient(pooled, images, upstream)


@pytest.mark.parametrize("shape", [(3, 8, 6, 5), (1, 2, 2, 1), (2, 28, 28, 32)])
def test_value_and_gradient_are_those_of_tensorflow(shape):
    random = tf.random.Generator.from_seed(1)
    images = random.normal(shape)
    upstream = random.normal(standard(images).shape)
    for ours, theirs in zip(
        gradient(max_pool_2x2, images, upstream), gradient(standard, images, upstream), strict=True
    ):
        assert np.array_equal(ours, theirs)


def test_equal_pixels_share_and_the_sum_stays():
    images = tf.reshape(tf.constant([1.0, 1, 1, 1, 3, 3, 2, 0]), (2, 2, 2, 1))
    upstream = tf.reshape(tf.constant([8.0, 6.0]), (2, 1, 1, 1))
    _, ours = gradient(max_pool_2x2, images, upstream)
    assert ours.numpy().ravel().tolist() == [2, 2, 2, 2, 3, 3, 0, 0]
