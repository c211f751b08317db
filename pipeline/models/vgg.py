"""A stack of 3 × 3 convolutions for small images: Simonyan and Zisserman, 2014, https://arxiv.org/abs/1409.1556."""

import keras
from keras import layers

from pipeline.config.schema.models import Vgg
from pipeline.models.dropout import Dropout


def build(image_shape: tuple[int, int, int], classes: int, params: Vgg) -> keras.Model:
    """Blocks of convolutions, a hidden dense layer, and one unit a class.

    Takes images uint8 (n, height, width, channels); returns probabilities float32 (n, classes). Normalizes each batch
    behind the pooling, where a quarter of the values is left, rather than behind each convolution.
    """
    network = [layers.Input(image_shape, dtype="uint8", name="image"), layers.Rescaling(1 / 127.5, -1, name="scale")]
    for block in range(1, params.blocks + 1):
        filters = params.filters * params.growth ** (block - 1)
        for number in range(1, params.convolutions + 1):
            network += [layers.Conv2D(filters, 3, padding="same", name=f"conv_{block}_{number}")]
            if number < params.convolutions:
                network += [layers.ReLU(name=f"relu_{block}_{number}")]
        network += [
            layers.MaxPooling2D(2, padding="same", name=f"pooling_{block}"),
            layers.BatchNormalization(momentum=0.9, name=f"norm_{block}"),
            layers.ReLU(name=f"relu_{block}"),
        ]
    network += [
        layers.Flatten(name="flatten"),
        Dropout(params.dropout, name="dropout"),
        layers.Dense(params.dense_units, activation="relu", name="hidden"),
        layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities"),
    ]
    return keras.Sequential(network, name="vgg")
