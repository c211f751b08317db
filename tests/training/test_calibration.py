import keras
import numpy as np
import pytest

from pipeline.data.arrays import Split
from pipeline.evaluation.metrics import calibration_error
from pipeline.models import architectures
from pipeline.training.calibration import best_temperature, calibrate


def drawn(temperature: float, count: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are too sure (below 1) or doubt too much (above 1), and labels drawn by the true ones."""
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (count, 4))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (true.cumsum(axis=1) > rng.random((count, 1))).argmax(axis=1)
    said = np.exp(logits / temperature)
    return said / said.sum(axis=1, keepdims=True), labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_the_temperature_is_found_that_makes_probabilities_true(temperature):
    assert best_temperature(*drawn(temperature)) == pytest.approx(1 / temperature, rel=0.03)


def test_certain_and_useless_answers_stay_within_the_range():
    assert best_temperature(np.eye(4)[[0, 1, 2, 3]], np.array([0, 1, 2, 3])) < 0.5
    assert best_temperature(np.eye(4)[[0, 1, 2, 3]], np.array([1, 2, 3, 0])) > 5


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_no_answer_changes_and_the_model_is_divided_by_what_is_returned(params, precision):
    model = architectures.build((8, 8, 1), 4, params.train.model_copy(update={"precision": precision}))
    images = np.random.default_rng(0).integers(0, 256, (400, 8, 8, 1), dtype=np.uint8)
    before = model.predict(images, verbose=0)
    labels = np.where(np.arange(400) % 10 < 9, before.argmax(axis=1), 0)  # it is right far more often than it says
    temperature = calibrate(model, Split(images, labels.astype(np.uint8)))
    after = model.predict(images, verbose=0)
    assert temperature < 0.5 and (before.argmax(axis=1) == after.argmax(axis=1)).mean() > 0.99
    scaled = keras.ops.convert_to_numpy(keras.ops.softmax(np.log(before) / temperature))
    assert after == pytest.approx(scaled, abs=1e-3 if precision == "float32" else 0.1)
    assert calibration_error(labels, after, 10) < calibration_error(labels, before, 10)
