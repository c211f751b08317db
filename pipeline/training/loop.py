"""One training function for the baseline, for ad-hoc runs and for sweeps.

Deterministic: the order of images depends on (seed, epoch) alone, weights and dropout on the seed.
"""

import math
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from pipeline.config.schema import Train
from pipeline.core import interrupt
from pipeline.core.errors import UserError
from pipeline.data.arrays import Split
from pipeline.training import augmentation, calibration
from pipeline.training.history import Epoch, TrainingState, best_epoch

VALIDATION_BATCH = 1000


@interrupt.kept()
def fit(
    model: keras.Model,
    train: Split,
    validation: Split,
    params: Train,
    on_epoch: Callable[[TrainingState], None],
    progress: TrainingState,
) -> list[Epoch]:
    """Trains a compiled `model` until it has had `params.epochs` epochs; leaves in it the weights of the best one,
    calibrated if `params.calibrate`.

    `progress` is where to go on from: an empty one, or what checkpoint.restore returned for this model. After each
    epoch, while the model still has that epoch's weights, calls `on_epoch`. An exception raised there ends training.

    Raises UserError if the loss is no longer a number.
    """
    held_out = _without_autotune(
        tf.data.Dataset.range(len(validation.labels)).batch(VALIDATION_BATCH).map(_reader(validation))
    )
    history, best_weights = list(progress.history), progress.best_weights
    for number in range(len(history) + 1, params.epochs + 1):
        batches = _batches(train, params, number)
        trained = model.fit(batches, shuffle=False, verbose=0).history
        training = {name: trained[name][-1] for name in ("loss", *trained)}
        validated = model.evaluate(held_out, verbose=0, return_dict=True)
        epoch = Epoch(number, training, {name: validated[name] for name in ("loss", *validated)})
        if not all(map(math.isfinite, epoch.row().values())):
            raise UserError(
                f"training diverged in epoch {number} (loss {training['loss']}); try a smaller train.learning_rate"
            )
        history.append(epoch)
        if best_epoch(history) is epoch:
            best_weights = model.get_weights()
        on_epoch(TrainingState(list(history), best_weights))
    model.set_weights(best_weights)
    if params.calibrate:
        calibration.calibrate(model, validation)
    return history


def _batches(split: Split, params: Train, epoch: int) -> tf.data.Dataset:
    """All images once, as uint8, in an order and with changes that depend on seed and epoch alone."""
    order = np.random.default_rng((params.seed, epoch)).permutation(len(split.labels))
    drawn = augmentation.draw(params, split.images.shape[1:], len(order), epoch)
    picked = tf.data.Dataset.from_tensor_slices((order, {name: values[order] for name, values in drawn.items()}))
    read = _reader(split)

    def changed(rows: tf.Tensor, drawn: augmentation.Draws) -> tuple[tf.Tensor, tf.Tensor]:
        images, labels = read(rows)
        return augmentation.apply(params, images, drawn), labels

    return _without_autotune(picked.batch(params.batch_size).map(changed).prefetch(2))


def _reader(split: Split) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    """Rows (n,) → their images and labels, read when they are wanted: the arrays may be larger than the memory."""

    def read(rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images, labels = tf.numpy_function(
            lambda rows: (split.images[rows], split.labels[rows]), [rows], (tf.uint8, tf.uint8), stateful=False
        )
        return tf.ensure_shape(images, (None, *split.images.shape[1:])), tf.ensure_shape(labels, (None,))

    return read


def _without_autotune(data: tf.data.Dataset) -> tf.data.Dataset:
    """The same data without tf.data's tuning thread.

    At the end of an epoch tensorflow waits for that thread, which sleeps 10, 20, 40 … 5120 ms: an epoch of 5.2 s of
    work lasted until second 10.24.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return data.with_options(options)
