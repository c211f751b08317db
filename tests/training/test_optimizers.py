import keras
import numpy as np
import pytest
from helpers.data import make_split

from pipeline.config.schema import Train
from pipeline.training import optimizers
from pipeline.training.schedules import Schedule


def built() -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.layers.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(4)])


def trained(optimizer: keras.Optimizer) -> keras.Model:
    model = built()
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)
    split = make_split(120, 1)
    model.fit(split.images / 255, split.labels, batch_size=8, epochs=4, verbose=0)
    return model


def test_adam_in_one_operation_goes_where_keras_goes():
    one, other = trained(optimizers.Adam(0.01)), trained(keras.optimizers.Adam(0.01))
    for ours, theirs in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
    assert len(one.optimizer.variables) == len(other.optimizer.variables)


def rates(params: Train, steps: int = 8, **changes) -> list[float]:
    schedule = Schedule(params.model_copy(update={"learning_rate": 0.1, **changes}), steps)
    return [float(schedule(np.int64(step))) for step in range(steps)]


def test_the_learning_rate_of_each_step(params):
    train = params.train
    assert rates(train, schedule="constant", warmup=0.0) == pytest.approx([0.1] * 8)
    assert rates(train, schedule="constant", warmup=0.5)[:5] == pytest.approx([0.0125, 0.0375, 0.0625, 0.0875, 0.1])
    assert rates(train, schedule="linear", warmup=0.0) == pytest.approx([0.1 * (7.5 - k) / 8 for k in range(8)])
    falling = [0.1 * (1 + np.cos(np.pi * (k + 0.5) / 8)) / 2 for k in range(8)]
    assert rates(train, schedule="cosine", warmup=0.0) == pytest.approx(falling, rel=1e-5)
    one_cycle = rates(train, schedule="linear", warmup=0.25)
    assert one_cycle[:2] == pytest.approx([0.025, 0.075]) and np.argmax(one_cycle) == 2
    assert all(np.diff(one_cycle[2:]) < 0) and 0 < one_cycle[-1] < 0.01


def test_all_epochs_together_are_one_schedule_and_convolutions_are_not_compiled_by_xla(params):
    model = built()
    settings = params.train.model_copy(update={"epochs": 3, "batch_size": 16, "schedule": "linear", "warmup": 0.0})
    optimizers.compile_model(model, settings, images=40)  # batches of 16, 16 and 8 images: nine steps
    model.optimizer.iterations.assign(8)
    assert float(model.optimizer.learning_rate) == pytest.approx(settings.learning_rate * 0.5 / 9)
    assert model.jit_compile is False, "on a CPU, it makes convolutions 14 times slower"


def test_a_compiled_model_can_be_saved_by_whoever_has_it(params, tmp_path):
    model = built()
    optimizers.compile_model(model, params.train, images=40)
    model.save(tmp_path / "mine.keras")
    kept = keras.saving.load_model(tmp_path / "mine.keras", compile=False)
    assert all(map(np.array_equal, kept.get_weights(), model.get_weights()))


def weights_after_a_step(params: Train) -> dict[str, np.ndarray]:
    """The weights after one step with all images, by name."""
    keras.utils.set_random_seed(1)
    norm = keras.layers.BatchNormalization(name="norm")
    model = keras.Sequential(
        [keras.layers.Input((8, 8, 1)), keras.layers.Flatten(), norm, keras.layers.Dense(4, activation="softmax")]
    )
    for weights in model.trainable_weights:
        weights.assign(keras.ops.ones_like(weights))
    optimizers.compile_model(model, params.model_copy(update={"epochs": 1, "batch_size": 120}), images=120)
    split = make_split(120, 1)
    model.fit(split.images / 255, split.labels, batch_size=120, verbose=0)
    return {weights.name: np.asarray(weights) for weights in model.trainable_weights}


def test_kernels_decay_by_the_rate_and_biases_and_norms_do_not(params):
    settings = params.train.model_copy(update={"schedule": "constant", "warmup": 0.0, "learning_rate": 0.1})
    without = weights_after_a_step(settings)
    decayed = weights_after_a_step(settings.model_copy(update={"weight_decay": 0.5}))
    assert without["kernel"] - decayed["kernel"] == pytest.approx(0.05, abs=1e-6)
    for name in ("bias", "gamma", "beta"):
        assert np.array_equal(without[name], decayed[name])


def test_smoothed_labels_give_a_share_of_the_target_to_all_classes(params):
    def loss(smoothing: float) -> float:
        model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Activation("linear")])
        optimizers.compile_model(model, params.train.model_copy(update={"label_smoothing": smoothing}), images=16)
        return model.evaluate(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 1]), verbose=0, return_dict=True)["loss"]

    right, wrong = -np.log([0.9, 0.8]).mean(), -np.log([0.1, 0.2]).mean()
    assert loss(0.0) == pytest.approx(right, rel=1e-5)
    assert loss(0.2) == pytest.approx(0.9 * right + 0.1 * wrong, rel=1e-5)
