"""Dropout whose random numbers cost a tenth of what those of Keras' own layer cost, which are a quarter of a training.

Keras draws a float of Philox for each value and compares it, in several passes through memory. Here each value's number
is a hash of its place and of the layer's seed, and XLA makes one pass of all. It is a Keras layer in all else: its seed
generator gives a new seed each step, whose state goes into the checkpoint; a saved model has Keras' layer in its place.
"""

from typing import Any

import keras
import tensorflow as tf


class Dropout(keras.layers.Dropout):
    """Sets a share `rate` of the values to 0 in training, and scales the others by 1 / (1 - rate)."""

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        if not training or not self.rate:
            return inputs
        seed = tf.cast(self.seed_generator.next(), tf.uint32)

        @tf.custom_gradient
        def dropped(values: tf.Tensor) -> Any:
            return _drop(values, seed, self.rate), lambda gradient: _drop(gradient, seed, self.rate)

        return dropped(inputs)


@tf.function(jit_compile=True, autograph=False, reduce_retracing=True)
def _drop(values: tf.Tensor, seed: tf.Tensor, rate: float) -> tf.Tensor:
    """The values of which the hash of place and seed, uint32 (2,), is not among the lowest `rate` of all hashes."""
    places = tf.bitcast(tf.range(tf.size(values)), tf.uint32)
    hashes = _hash(_hash(places + _hash(seed[0])) + _hash(seed[1] + _word(0x9E3779B9)))
    keep = tf.reshape(hashes, tf.shape(values)) >= _word(round(rate * 2**32))
    return tf.where(keep, values * tf.cast(1 / (1 - rate), values.dtype), tf.zeros_like(values))


def _hash(words: tf.Tensor) -> tf.Tensor:
    """Mixes the bits of uint32: each bit of the input flips each of the result in half of all cases.

    "lowbias32" of Wellons, Prospecting for Hash Functions, 2018, https://nullprogram.com/blog/2018/07/31/.
    """
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        words = tf.bitwise.bitwise_xor(words, tf.bitwise.right_shift(words, _word(shift))) * _word(factor)
    return tf.bitwise.bitwise_xor(words, tf.bitwise.right_shift(words, _word(16)))


def _word(number: int) -> tf.Tensor:
    return tf.constant(number, tf.uint32)
