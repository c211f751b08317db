"""The learning rate of each step."""

import math
from typing import Any

import keras
import tensorflow as tf

from pipeline.config.schema import Train


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Rises in a line from 0 to `params.learning_rate` for the share `params.warmup` of all steps; then, by name:

    constant  stays
    linear    falls in a line to 0 after the last step; with a warm-up, the "one cycle" of Smith and Topin, Super-
              Convergence, 2018, https://arxiv.org/abs/1708.07120
    cosine    falls along half a cosine to 0 after the last step: Loshchilov and Hutter, SGDR, 2017,
              https://arxiv.org/abs/1608.03983, equation 5 without restarts
    """

    def __init__(self, params: Train, steps: int) -> None:
        self.params, self.steps = params, steps

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """The learning rate, float32, of a step counted from 0."""
        done = (tf.cast(step, tf.float32) + 0.5) / self.steps  # in the middle of the step, so that none has a rate of 0
        warmup = self.params.warmup
        fallen = tf.clip_by_value((done - warmup) / (1 - warmup), 0.0, 1.0)
        share = {
            "constant": tf.ones_like(done),
            "linear": 1 - fallen,
            "cosine": (1 + tf.cos(math.pi * fallen)) / 2,
        }[self.params.schedule]
        return self.params.learning_rate * (tf.minimum(share, done / warmup) if warmup else share)

    def get_config(self) -> dict[str, Any]:
        """What keras notes where somebody saves a compiled model with `model.save`."""
        return {"params": self.params.model_dump(), "steps": self.steps}
