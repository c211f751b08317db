"""How the learning rate goes on after the first epoch."""

import math

from pipeline.config.schema import Train


def learning_rate(params: Train, epoch: int) -> float:
    """The learning rate of an epoch, counted from 1.

    `cosine` falls along half a cosine from `params.learning_rate` towards 0 after the last epoch, by whole epochs
    (Loshchilov and Hutter, SGDR, 2017, https://arxiv.org/abs/1608.03983, equation 5 without restarts).
    """
    if params.schedule == "constant":
        return params.learning_rate
    return params.learning_rate * (1 + math.cos(math.pi * (epoch - 1) / params.epochs)) / 2
