"""Prints the parameters of the model that params.yaml describes, and its multiply-adds for one image."""

import math

import keras

from pipeline.config.load import load
from pipeline.models import architectures


def multiply_adds(layer: keras.Layer) -> int:
    """Those of convolutions, dense and recurrent layers: each weight of a kernel, as often as it is used."""
    kernels = [weight for weight in layer.weights if weight.name in ("kernel", "recurrent_kernel")]
    recurrent = isinstance(layer, keras.layers.RNN)
    places = layer.input.shape[1:2] if recurrent else layer.output.shape[1:-1]  # time steps; height and width
    return sum(math.prod(kernel.shape) for kernel in kernels) * math.prod(places)


def main() -> None:
    dataset, train = load("dataset", "train")
    model = architectures.build(dataset.image_shape, len(dataset.classes), train)
    print("parameters", model.count_params())
    print("multiply-adds", sum(multiply_adds(layer) for layer in model.layers))


if __name__ == "__main__":
    main()
