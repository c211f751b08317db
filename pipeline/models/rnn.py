"""A recurrent network, for which a picture is a sequence of rows."""

import keras
from keras import layers

from pipeline.config.schema.models import Rnn
from pipeline.models.dropout import Dropout


def build(image_shape: tuple[int, int, int], classes: int, params: Rnn) -> keras.Model:
    """Takes images uint8 (n, height, width, channels); returns probabilities float32 (n, classes).

    Each row, with all its channels, is one step of a GRU (Cho et al., 2014, https://arxiv.org/abs/1406.1078).
    """
    height, width, channels = image_shape
    network = [
        layers.Input(image_shape, dtype="uint8", name="image"),
        layers.Rescaling(1 / 255, name="scale"),
        layers.Reshape((height, width * channels), name="rows"),
        layers.GRU(params.units, name="recurrent"),
        Dropout(params.dropout, name="dropout"),
        layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities"),
    ]
    return keras.Sequential(network, name="rnn")
