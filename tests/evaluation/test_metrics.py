import numpy as np
import pytest

from pipeline.evaluation import metrics

LABELS = np.array([0, 0, 1, 1, 2], np.uint8)
PROBABILITIES = np.array(
    [[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.1, 0.9, 0.0], [0.2, 0.8, 0.0], [0.5, 0.3, 0.2]], np.float32
)


def test_overall_figures_are_those_worked_out_by_hand():
    found = metrics.overall(LABELS, PROBABILITIES, bins=10)
    assert found["accuracy"] == 0.6
    assert found["loss"] == pytest.approx(-np.mean(np.log([0.8, 0.3, 0.9, 0.8, 0.2])), abs=1e-6)
    assert found["macro_f1"] == round((1 / 2 + 4 / 5 + 0) / 3, 6)


def test_rows_count_as_shares_and_a_class_that_is_nowhere_counts_as_0():
    found = metrics.overall(LABELS, PROBABILITIES / 2, bins=10)
    assert found["loss"] == metrics.overall(LABELS, PROBABILITIES, bins=10)["loss"]
    assert metrics.overall(np.array([0, 1]), np.eye(3)[:2], bins=10)["macro_f1"] == round(2 / 3, 6)


def test_calibration_error_weighs_the_bins_by_images():
    # by bin: 0.5 wrong; 0.6 wrong; 0.8, 0.8 right; 0.9 right
    expected = (0.5 + 0.6 + 2 * 0.2 + 0.1) / 5
    assert metrics.calibration_error(LABELS, PROBABILITIES, bins=10) == pytest.approx(expected, abs=1e-5)
    assert metrics.calibration(LABELS, PROBABILITIES, bins=10)["images"].sum() == 5


def test_a_confidence_on_an_edge_counts_in_the_bin_below():
    top = np.array([0.25, 0.5, 0.625, 0.75, 1.0000001])  # the last as float32 makes it
    rest = (1 - top) / 3
    probabilities = np.stack([top, rest, rest, rest], axis=1)
    table = metrics.calibration(np.array([0, 0, 0, 1, 0]), probabilities, bins=4)
    assert table.to_dict("list") == {
        "bin": [0.25, 0.5, 0.75, 1.0],
        "images": [1, 1, 2, 1],
        "confidence": [0.25, 0.5, 0.6875, 1],
        "accuracy": [1, 1, 0.5, 1],
    }


def test_a_perfect_model_is_perfectly_calibrated():
    assert metrics.calibration_error(np.array([0, 1]), np.eye(2, dtype=np.float32), bins=15) == 0


def test_per_class_figures():
    table = metrics.per_class(LABELS, PROBABILITIES, ["a", "b", "c"])
    assert table.columns.tolist() == ["class", "precision", "recall", "f1", "images"]
    assert table["class"].tolist() == ["a", "b", "c"]
    assert table["precision"].tolist() == pytest.approx([1 / 2, 2 / 3, 0], abs=1e-6)
    assert table["recall"].tolist() == pytest.approx([1 / 2, 1, 0])
    assert table["images"].tolist() == [2, 2, 1]


def test_rows_of_the_confusion_matrix_are_the_actual_classes():
    assert metrics.confusion(LABELS, PROBABILITIES).tolist() == [[1, 1, 0], [0, 2, 0], [1, 0, 0]]
