import keras
import numpy as np
import pytest
from helpers.data import make_split

from pipeline.core.errors import UserError
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
    assert history[-1].validation["accuracy"] > 0.9 and history[-1].training["loss"] < history[0].training["loss"]
    best = -1.0
    for epoch, is_best in seen:
        assert is_best == (epoch.validation["accuracy"] > best)
        best = max(best, epoch.validation["accuracy"])
    predicted = model.predict(validation.images, verbose=0).argmax(axis=1)
    assert np.mean(predicted == validation.labels) == pytest.approx(loop.best_epoch(history).validation["accuracy"])


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


def test_every_image_is_seen_once_an_epoch_in_another_order():
    import tensorflow as tf

    images, labels = tf.zeros((10, 1), tf.uint8), tf.range(10)
    orders = [
        np.concatenate([labels for _, labels in loop._batches(images, labels, 4, (1, epoch))]) for epoch in (1, 2)
    ]
    assert all(sorted(order) == list(range(10)) for order in orders)
    assert orders[0].tolist() != orders[1].tolist()


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


def test_a_metric_that_the_model_is_compiled_with_is_in_the_history_without_more_ado(settings):
    model = architectures.build((8, 8, 1), 4, settings)
    top_2 = keras.metrics.SparseTopKCategoricalAccuracy(2, name="top_2")
    model.compile(model.optimizer, "sparse_categorical_crossentropy", metrics=["accuracy", top_2])
    short = settings.model_copy(update={"epochs": 1})
    (epoch,) = loop.fit(model, make_split(120, 1), make_split(40, 3), short, lambda state: None, NOWHERE)
    parts = (["loss", "accuracy", "top_2"], ["validation_loss", "validation_accuracy", "validation_top_2"])
    assert list(epoch.row()) == ["epoch", *parts[0], *parts[1]]
    assert epoch.row()["validation_top_2"] == epoch.validation["top_2"] >= epoch.validation["accuracy"]
