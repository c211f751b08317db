"""What is done to training images while they are read, drawn by (seed, epoch, image) alone.

Drawn for all images of an epoch at once, in numpy; applied to a batch in tensorflow.
"""

from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.config.schema import Train

Draws = dict[str, Any]  # what is done → an array, or a tensor, with an entry for each image


def draw(params: Train, image_shape: tuple[int, ...], count: int, epoch: int) -> Draws:
    """What is done in an epoch to each of `count` images (height, width, channels), in the order of the file."""
    rng = np.random.default_rng((params.seed, epoch, 1))
    drawn: Draws = {}
    if params.flip:  # half of the images, and the others in the next epoch: each is seen both ways
        drawn["mirrored"] = (np.random.default_rng((params.seed, 0, 1)).random(count) < 0.5) ^ (epoch % 2 == 0)
    if params.shift:
        drawn["moved"] = rng.integers(-params.shift, params.shift + 1, (count, 2), dtype=np.int32)
    if params.erase:
        corners = [rng.integers(0, max(1, side - params.erase + 1), count) for side in image_shape[:2]]
        drawn["corner"] = np.stack(corners, axis=1).astype(np.int32)
        drawn["erased"] = rng.random(count) < 0.5
    return drawn


def apply(params: Train, images: tf.Tensor, drawn: Draws) -> tf.Tensor:
    """Images (n, height, width, channels) and what was drawn for each of them → the images as they are trained with."""
    if params.flip:
        images = tf.where(drawn["mirrored"][:, None, None, None], images[:, :, ::-1], images)
    if params.shift:  # what moves in is the edge once more
        for axis in (1, 2):
            places = tf.range(images.shape[axis]) + drawn["moved"][:, axis - 1, None]
            places = tf.clip_by_value(places, 0, images.shape[axis] - 1)
            images = tf.gather(images, places, axis=axis, batch_dims=1)
    if params.erase:  # random erasing: Zhong et al., 2017, https://arxiv.org/abs/1708.04896
        within = [
            (tf.range(images.shape[axis]) >= corner[:, None])
            & (tf.range(images.shape[axis]) < corner[:, None] + params.erase)
            for axis, corner in ((1, drawn["corner"][:, 0]), (2, drawn["corner"][:, 1]))
        ]
        square = within[0][:, :, None] & within[1][:, None, :] & drawn["erased"][:, None, None]
        images = tf.where(square[..., None], tf.zeros_like(images), images)
    return images
