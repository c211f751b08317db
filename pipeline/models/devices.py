"""The devices that share a training: each takes its part of every batch, and all keep the same weights."""

from typing import Literal

import tensorflow as tf

from pipeline.core.errors import UserError


def strategy(devices: int | Literal["auto"]) -> tf.distribute.Strategy:
    """How tensorflow spreads a model that is built in the strategy's scope: over `devices` GPUs, or processors.

    `auto` takes all GPUs, and where there is none the processor. One device needs no spreading: the bytes of a model
    are those of always. A batch keeps its size however many share it: gradients of the parts are summed. Raises
    UserError where there are fewer devices.
    """
    there = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    count = len(tf.config.list_logical_devices("GPU")) or 1 if devices == "auto" else devices
    if count > len(there):
        raise UserError(f"train.devices: {count} are wanted, and {len(there)} {there[0].device_type} is what there is")
    return (
        tf.distribute.MirroredStrategy([each.name for each in there[:count]])
        if count > 1
        else tf.distribute.get_strategy()
    )
