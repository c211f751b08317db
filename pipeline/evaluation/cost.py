"""What one answer of a model costs."""

import contextlib
import io
from typing import NamedTuple

import keras


class Cost(NamedTuple):
    """Parameters, and multiply-adds for one image."""

    parameters: int
    multiply_adds: int


def cost(model: keras.Model) -> Cost:
    """Counts the parameters, and by tensorflow's profiler the operations on floats; two are a multiply-add.

    The profiler knows the cost of convolutions, products, sums and activations, and takes all else for free.
    """
    import tensorflow as tf

    options = tf.compat.v1.profiler
    image = tf.TensorSpec([1, *model.input_shape[1:]], model.inputs[0].dtype)
    graph = tf.function(model).get_concrete_function(image).graph
    builder = options.ProfileOptionBuilder(options.ProfileOptionBuilder.float_operation())
    with contextlib.redirect_stdout(io.StringIO()):
        counted = options.profile(graph, options=builder.with_empty_output().build())
    return Cost(model.count_params(), counted.total_float_ops // 2)
