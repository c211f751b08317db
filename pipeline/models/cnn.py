"""The network of the tutorial."""

import keras
from keras import layers

from pipeline.config.schema.models import Cnn
from pipeline.models.dropout import Dropout


def build(image_shape: tuple[int, int, int], classes: int, params: Cnn) -> keras.Model:
    """The network of the Fashion-MNIST tutorial: 804,554 parameters for 28 × 28 grey pixels and ten classes.

    Takes images uint8 (n, height, width, channels) as they are in the files; returns probabilities float32
    (n, classes). Scaling to 0–1 is the first layer, so that whoever uses the model cannot forget it.
    """
    return keras.Sequential(
        [
            layers.Input(image_shape, dtype="uint8", name="image"),
            layers.Rescaling(1 / 255, name="scale"),
            layers.Conv2D(params.filters, 3, padding="same", activation="relu", name="convolution"),
            layers.MaxPooling2D(2, name="pooling"),
            Dropout(params.dropout, name="dropout_1"),
            layers.Flatten(name="flatten"),
            layers.Dense(params.dense_units, activation="relu", name="hidden"),
            Dropout(params.dropout, name="dropout_2"),
            layers.Dense(classes, activation="softmax", name="probabilities"),
        ],
        name="cnn",
    )
