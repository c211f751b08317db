"""Probabilities that mean what they say: temperature scaling, on the validation images.

Guo et al., On Calibration of Modern Neural Networks, 2017, https://arxiv.org/abs/1706.04599. A model that was trained
with smoothed labels doubts too much, one that was trained for long too little. No answer changes, only how sure it is.
"""

import keras
import numpy as np

from pipeline.data.arrays import Split

RANGE = (0.1, 10.0)  # of temperatures: beyond, the model says nothing
BATCH = 1000


def calibrate(model: keras.Model, validation: Split) -> float:
    """Divides what enters the last softmax by the temperature at which the validation images are likeliest; returns it.

    The last layer has to be dense with a softmax, as that of every model here is: its weights are divided.
    """
    probabilities = model.predict(validation.images, batch_size=BATCH, verbose=0)
    temperature = best_temperature(probabilities, validation.labels)
    for weights in model.layers[-1].weights:
        weights.assign(weights / temperature)
    return temperature


def best_temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The temperature that minimizes the cross-entropy of probabilities (n, classes) for labels (n,), to 3 digits."""
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    logits = np.log(np.maximum(probabilities.astype(np.float64), 1e-12))  # but for a constant in each row

    def loss(exponent: float) -> float:
        scaled = log_softmax(logits / np.exp(exponent), axis=1)
        return -float(scaled[np.arange(len(labels)), labels].mean())

    found = minimize_scalar(loss, bounds=np.log(RANGE), method="bounded", options={"xatol": 1e-4})
    return round(float(np.exp(found.x)), 3)
