"""The architectures, by name.

To add one: write a file beside this one like cnn.py, and describe its parameters in config/schema/models.py.
"""

import contextlib
import importlib

import keras
import tensorflow as tf

from pipeline.config.schema import Train


def build(
    image_shape: tuple[int, int, int], classes: int, params: Train, spread: tf.distribute.Strategy | None = None
) -> keras.Model:
    """Builds the architecture `params.model.name`; weights and dropout follow from `params.seed`.

    `spread` is for training it on several devices: what devices.strategy returned.
    """
    keras.utils.clear_session(free_memory=False)  # names as in a new process; memory: gc_after_trial
    keras.utils.set_random_seed(params.seed)
    architecture = importlib.import_module(f"pipeline.models.{params.model.name}")
    keras.config.set_dtype_policy("float32" if params.precision == "auto" else params.precision)
    try:
        with spread.scope() if spread else contextlib.nullcontext():
            return architecture.build(image_shape, classes, params.model)
    finally:
        keras.config.set_dtype_policy("float32")


def use_threads(threads: int) -> None:
    """Fixes the number of threads of tensorflow, on which the last bits of every sum depend. Call it first."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
