import itertools
import math

import keras
import numpy as np
import pytest
from helpers.data import SHIPPED, make_split
from helpers.resuming import compiled
from helpers.witness import Witness, numbered

from pipeline.config import recipes
from pipeline.config.load import load
from pipeline.core.errors import UserError
from pipeline.data.arrays import Split
from pipeline.models import architectures
from pipeline.training import loop, optimizers
from pipeline.training.history import TrainingState, best_epoch


@pytest.fixture
def settings(params):
    return params.train.model_copy(update={"epochs": 3})


NOWHERE = TrainingState([], [])


def train(settings, on_epoch=lambda progress: None):
    train, validation = make_split(120, 1), make_split(40, 3)
    model = compiled(settings)
    return model, loop.fit(model, train, validation, settings, on_epoch, NOWHERE), validation


def fit(settings, accuracies=(0.5, 0.5, 0.5), on_epoch=lambda state: None, state=NOWHERE, **others):
    """Trains a witness on the images 0–39, validates on 100–111; returns it and the history."""
    model = Witness(accuracies, **others)
    return model, loop.fit(model, numbered(0, 40), numbered(100, 12), settings, on_epoch, state)


def test_it_learns_and_reports_each_epoch(settings):
    seen = []
    settings = settings.model_copy(update={"epochs": 8})
    model, history, validation = train(settings, lambda progress: seen.append((progress.history[-1], progress.is_best)))
    assert [epoch for epoch, _ in seen] == history and [epoch.epoch for epoch in history] == list(range(1, 9))
    assert history[-1].validation["accuracy"] > 0.9 and history[-1].training["loss"] < history[0].training["loss"]
    best = -1.0
    for epoch, is_best in seen:
        assert is_best == (epoch.validation["accuracy"] > best)
        best = max(best, epoch.validation["accuracy"])
    predicted = model.predict(validation.images, verbose=0).argmax(axis=1)
    assert np.mean(predicted == validation.labels) == pytest.approx(best_epoch(history).validation["accuracy"])


def test_the_weights_left_are_those_of_the_best_epoch_and_the_earliest_of_equals(settings):
    kept = []
    model, history = fit(
        settings.model_copy(update={"epochs": 5}),
        (0.4, 0.6, 0.5, 0.6, 0.3),
        lambda state: kept.append((state.best_weights, len(state.history), state.is_best)),
    )
    assert model.get_weights() == [2] and best_epoch(history).epoch == 2
    assert kept == [([1], 1, True), ([2], 2, True), ([2], 3, False), ([2], 4, False), ([2], 5, False)]


def test_it_goes_on_after_the_last_epoch_with_the_best_weights_so_far(settings):
    states = []
    whole, history = fit(settings, (0.7, 0.4, 0.6), states.append)
    rest = Witness((0.7, 0.4, 0.6))
    rest.set_weights([np.full(1, 2.0)])
    assert loop.fit(rest, numbered(0, 40), numbered(100, 12), settings, states.append, states[1]) == history
    assert rest.trained == whole.trained[2:] and rest.get_weights() == [1]
    assert [len(state.history) for state in states] == [1, 2, 3, 3]


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(settings):
    first, history, _ = train(settings)
    second, again, _ = train(settings)
    _, other, _ = train(settings.model_copy(update={"seed": 2}))
    assert history == again != other
    assert all(np.array_equal(a, b) for a, b in zip(first.get_weights(), second.get_weights(), strict=True))


def test_each_epoch_trains_on_every_training_image_once_and_validates_on_every_validation_image(settings):
    seen, _ = fit(settings)
    assert [len(batch) for batch in seen.trained[0]] == [16, 16, 8]
    for epochs, labels in ((seen.trained, range(40)), (seen.validated, range(100, 112))):
        assert [sorted(itertools.chain(*epoch)) for epoch in epochs] == [list(labels)] * 3


def test_the_order_of_images_depends_on_seed_and_epoch_alone(settings):
    orders = fit(settings)[0].trained
    assert orders == fit(settings)[0].trained
    others = fit(settings.model_copy(update={"seed": settings.seed + 1}))[0].trained
    assert len({str(order) for order in orders + others}) == 6


def test_a_ctrl_c_of_which_tensorflow_makes_an_error_is_one_again(settings):
    def left_amid_a_scope(state):
        try:
            raise KeyboardInterrupt
        finally:
            raise RuntimeError

    with pytest.raises(KeyboardInterrupt):
        fit(settings, on_epoch=left_amid_a_scope)


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_diverged_training_is_an_error(settings, loss):
    with pytest.raises(UserError, match=r"training diverged in epoch 1 .* try a smaller train\.learning_rate"):
        fit(settings, loss=loss)


def test_a_metric_that_the_model_is_compiled_with_is_in_the_history_without_more_ado(settings):
    model = compiled(settings)
    top_2 = keras.metrics.SparseTopKCategoricalAccuracy(2, name="top_2")
    model.compile(model.optimizer, "sparse_categorical_crossentropy", metrics=["accuracy", top_2])
    short = settings.model_copy(update={"epochs": 1})
    (epoch,) = loop.fit(model, make_split(120, 1), make_split(40, 3), short, lambda state: None, NOWHERE)
    parts = (["loss", "accuracy", "top_2"], ["validation_loss", "validation_accuracy", "validation_top_2"])
    assert list(epoch.row()) == ["epoch", *parts[0], *parts[1]]
    assert epoch.row()["validation_top_2"] == epoch.validation["top_2"] >= epoch.validation["accuracy"]


def test_the_recipe_accurate_trains_on_colour():
    (settings,) = load("train", overrides={"train": recipes.read("accurate")}, path=SHIPPED)
    settings = settings.model_copy(update={"epochs": 1, "batch_size": 8, "precision": "float32"})
    images = np.random.default_rng(1).integers(0, 256, (16, 32, 32, 3), dtype=np.uint8)
    labels = (np.arange(16) % 3).astype(np.uint8)
    images[labels == 1] //= 4
    model = architectures.build((32, 32, 3), 3, settings)
    optimizers.compile_model(model, settings, len(labels))
    (epoch,) = loop.fit(model, Split(images, labels), Split(images, labels), settings, lambda _: None, NOWHERE)
    assert math.isfinite(epoch.training["loss"]) and model.predict(images, verbose=0).shape == (16, 3)
