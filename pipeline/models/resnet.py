"""Residual blocks at the smaller sizes, where a convolution sees most for its cost.

After He et al., 2015, https://arxiv.org/abs/1512.03385, in the form of Page, How to Train Your ResNet, 2018: plain
convolutions that pool, residual blocks between them, and the largest value of each channel at the end.
"""

import keras
from keras import layers

from pipeline.config.schema.models import Resnet


def build(image_shape: tuple[int, int, int], classes: int, params: Resnet) -> keras.Model:
    """Takes images uint8 (n, height, width, channels); returns probabilities float32 (n, classes)."""
    image = layers.Input(image_shape, dtype="uint8", name="image")
    x = _convolution(layers.Rescaling(1 / 127.5, -1, name="scale")(image), params.filters, "stem", pool=True)
    for size in (1, 2):  # a half of height and width, a quarter
        filters = params.filters * 2**size
        x = _convolution(x, filters, f"wider_{size}", pool=size > 1)
        for number in range(1, params.residuals + 1):
            inner = _convolution(x, filters, f"residual_{size}_{number}a")
            inner = _convolution(inner, filters, f"residual_{size}_{number}b")
            x = layers.Add(name=f"residual_{size}_{number}")([x, inner])
    x = layers.GlobalMaxPooling2D(name="largest")(x)
    x = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(image, x, name="resnet")


def _convolution(x: keras.KerasTensor, filters: int, name: str, pool: bool = False) -> keras.KerasTensor:
    """Convolution, pooling, batch normalization, relu: pooled first, a quarter of the values is normalized."""
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv")(
        x
    )
    if pool:
        x = layers.MaxPooling2D(2, padding="same", name=f"{name}_pooling")(x)
    return layers.ReLU(name=f"{name}_relu")(layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x))
