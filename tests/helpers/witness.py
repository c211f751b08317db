"""A model that learns nothing and remembers everything, for tests of the training loop."""

from types import SimpleNamespace

import numpy as np
import tensorflow as tf

from pipeline.data.arrays import Split


def numbered(first: int, count: int) -> Split:
    """Images of which each pixel is the image's label; no label is there twice."""
    labels = np.arange(first, first + count, dtype=np.uint8)
    return Split(np.broadcast_to(labels[:, None, None, None], (count, 8, 8, 1)), labels)


class Witness:
    """Stands in for a compiled model. Its one weight is the number of epochs that it was trained for.

    `accuracies`: the validation accuracy after each epoch. Remembers, an entry an epoch, the labels that it was
    trained and validated with, batch by batch.
    """

    def __init__(self, accuracies: list[float], loss: float = 1.0):
        self.accuracies, self.loss = accuracies, loss
        self.optimizer = SimpleNamespace(build=lambda variables: None, variables=())
        self.weights = [np.zeros(1)]
        self.trained, self.validated = [], []

    def compile(self, **_):
        """Keeps the optimizer that it has."""

    def fit(self, batches, shuffle, verbose):
        assert not shuffle, "keras would shuffle by a seed of its own"
        assert not verbose, "keras prints bars"
        self.trained.append(labels_of(batches))
        self.weights = [self.weights[0] + 1]
        return SimpleNamespace(history={"loss": [self.loss], "accuracy": [0.123456789]})

    def evaluate(self, batches, verbose, return_dict):
        assert not verbose
        self.validated.append(labels_of(batches))
        return {"loss": 2.5, "accuracy": self.accuracies[int(self.weights[0].item()) - 1]}

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights

    # what else a trial and its checkpoint want to know of a model

    distribute_strategy = tf.distribute.get_strategy()
    non_trainable_variables = ()

    @property
    def trainable_variables(self):
        shape, set_weight = self.weights[0].shape, lambda value: self.set_weights([value])
        return [SimpleNamespace(numpy=lambda: self.weights[0], assign=set_weight, shape=shape)]

    def count_params(self):
        return 1


def labels_of(batches) -> list[list[int]]:
    """The labels, batch by batch, of images that `numbered` made; fails where an image lost its label."""
    assert batches.options().autotune.enabled is False, "the end of an epoch would wait for the tuning thread"
    seen = [(images.numpy(), labels.numpy()) for images, labels in batches]
    assert all((images == labels[:, None, None, None]).all() for images, labels in seen)
    return [labels.tolist() for _, labels in seen]
