"""Dense layers alone: the first network of most courses."""

import keras
from keras import layers

from pipeline.config.schema.models import Mlp
from pipeline.models.dropout import Dropout


def build(image_shape: tuple[int, int, int], classes: int, params: Mlp) -> keras.Model:
    """Takes images uint8 (n, height, width, channels); returns probabilities float32 (n, classes)."""
    network = [
        layers.Input(image_shape, dtype="uint8", name="image"),
        layers.Rescaling(1 / 255, name="scale"),
        layers.Flatten(name="flatten"),
    ]
    for number in range(1, params.hidden_layers + 1):
        network += [
            layers.Dense(params.dense_units, activation="relu", name=f"hidden_{number}"),
            Dropout(params.dropout, name=f"dropout_{number}"),
        ]
    network += [layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")]
    return keras.Sequential(network, name="mlp")
