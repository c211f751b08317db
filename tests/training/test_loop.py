import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.data import make_split

from pipeline.core.errors import UserError
from pipeline.data.arrays import Split
from pipeline.models import architectures
from pipeline.training import loop, schedules


@pytest.fixture
def settings(params):
    return params.train.model_copy(update={"epochs": 3})


NOWHERE = loop.TrainingState([], [])


def train(settings, on_epoch=lambda progress: None):
    train, validation = make_split(120, 1), make_split(40, 3)
    model = architectures.build((8, 8, 1), 4, settings)
    return model, loop.fit(model, train, validation, settings, on_epoch, NOWHERE), validation


def test_it_learns_and_reports_each_epoch(settings):
    seen = []
    settings = settings.model_copy(update={"epochs": 8})
    model, history, validation = train(settings, lambda progress: seen.append((progress.history[-1], progress.is_best)))
    assert [epoch for epoch, _ in seen] == history and [epoch.epoch for epoch in history] == list(range(1, 9))
    assert history[-1].validation_accuracy > 0.9 and history[-1].loss < history[0].loss
    best = -1.0
    for epoch, is_best in seen:
        assert is_best == (epoch.validation_accuracy > best)
        best = max(best, epoch.validation_accuracy)
    predicted = model.predict(validation.images, verbose=0).argmax(axis=1)
    assert np.mean(predicted == validation.labels) == pytest.approx(loop.best_epoch(history).validation_accuracy)


def test_the_weights_left_are_those_of_the_best_epoch(settings):
    kept = {}
    settings = settings.model_copy(
        update={"epochs": 6, "learning_rate": 0.3, "schedule": "constant"}
    )  # so high that it gets worse again

    def on_epoch(progress):
        kept[len(progress.history)] = model.get_weights()
        best = loop.best_epoch(progress.history).epoch
        assert all(np.array_equal(a, b) for a, b in zip(progress.best_weights, kept[best], strict=True))

    model = architectures.build((8, 8, 1), 4, settings)
    history = loop.fit(model, make_split(120, 1), make_split(40, 3), settings, on_epoch, NOWHERE)
    best = loop.best_epoch(history)
    assert best.epoch < 6, "choose a seed for which the last epoch is not the best"
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), kept[best.epoch], strict=True))


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(settings):
    first, history, _ = train(settings)
    second, again, _ = train(settings)
    _, other, _ = train(settings.model_copy(update={"seed": 2}))
    assert history == again != other
    assert all(np.array_equal(a, b) for a, b in zip(first.get_weights(), second.get_weights(), strict=True))


def numbered(first: int, count: int) -> Split:
    """Images of which each pixel is the image's label, and no label is there twice."""
    labels = np.arange(first, first + count, dtype=np.uint8)
    return Split(np.broadcast_to(labels[:, None, None, None], (count, 8, 8, 1)), labels)


class Witness:
    """Stands in for a model: remembers the labels that it is trained and validated with, batch by batch."""

    def __init__(self):
        self.optimizer, self.trained, self.validated = SimpleNamespace(learning_rate=None), [], []

    def fit(self, batches, shuffle, verbose):
        assert not shuffle, "keras would shuffle by a seed of its own"
        self.trained.append(self.see(batches))
        return SimpleNamespace(history={"loss": [1.0], "accuracy": [0.5]})

    def evaluate(self, batches, verbose, return_dict):
        self.validated.append(self.see(batches))
        return {"loss": 1.0, "accuracy": 0.5}

    def see(self, batches) -> list[list[int]]:
        seen = [(images.numpy(), labels.numpy()) for images, labels in batches]
        assert all((images == labels[:, None, None, None]).all() for images, labels in seen), "an image keeps its label"
        return [labels.tolist() for _, labels in seen]

    def get_weights(self):
        return []

    def set_weights(self, weights):
        pass


def witness(settings) -> Witness:
    model = Witness()
    loop.fit(model, numbered(0, 40), numbered(100, 12), settings, lambda state: None, NOWHERE)
    return model


def test_each_epoch_trains_on_every_training_image_once_and_validates_on_every_validation_image(settings):
    seen = witness(settings)
    assert [len(batch) for batch in seen.trained[0]] == [16, 16, 8]
    for epochs, labels in ((seen.trained, range(40)), (seen.validated, range(100, 112))):
        assert [sorted(itertools.chain(*epoch)) for epoch in epochs] == [list(labels)] * 3


def test_the_order_of_images_depends_on_seed_and_epoch_alone(settings):
    orders = witness(settings).trained
    assert orders == witness(settings).trained
    others = witness(settings.model_copy(update={"seed": settings.seed + 1})).trained
    assert len({str(order) for order in orders + others}) == 6


def test_the_schedule_falls_from_the_given_rate_towards_zero(settings):
    settings = settings.model_copy(update={"learning_rate": 0.1, "epochs": 4, "schedule": "cosine"})
    rates = [schedules.learning_rate(settings, epoch) for epoch in (1, 2, 3, 4)]
    assert rates == pytest.approx([0.1, 0.0853553, 0.05, 0.0146447], abs=1e-6)
    model, _, _ = train(settings)
    assert float(model.optimizer.learning_rate) == pytest.approx(rates[-1])
    constant = settings.model_copy(update={"schedule": "constant"})
    assert schedules.learning_rate(constant, 4) == 0.1


def test_diverged_training_is_an_error(settings):
    with pytest.raises(UserError, match=r"training diverged in epoch 1 .* try a smaller train\.learning_rate"):
        train(settings.model_copy(update={"learning_rate": 1e30}))


def test_a_batch_larger_than_the_data_is_refused(settings):
    with pytest.raises(UserError, match=r"train\.batch_size: 500 is more than the 120 training images"):
        train(settings.model_copy(update={"batch_size": 500}))
