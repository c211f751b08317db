"""Labels and probabilities → numbers and tables."""

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix as count_confusions
from sklearn.metrics import f1_score, log_loss, precision_recall_fscore_support

DIGITS = 6  # of what is written to files: more than any figure is good for


def overall(labels: np.ndarray, probabilities: np.ndarray, bins: int) -> dict[str, float]:
    """`labels` (n,), `probabilities` (n, classes) → loss (nats), accuracy, macro F1, calibration error."""
    classes = range(probabilities.shape[1])
    predicted = probabilities.argmax(axis=1)
    exact = probabilities.astype("float64")
    exact /= exact.sum(axis=1, keepdims=True)  # float32 rows miss 1 by their last bits
    found = {
        "loss": log_loss(labels, exact, labels=classes),
        "accuracy": np.mean(predicted == labels),
        "macro_f1": f1_score(labels, predicted, labels=classes, average="macro", zero_division=0),
        "calibration_error": calibration_error(labels, probabilities, bins),
    }
    return {name: round(float(value), DIGITS) for name, value in found.items()}


def per_class(labels: np.ndarray, probabilities: np.ndarray, classes: list[str]) -> pd.DataFrame:
    """One row a class: class, precision, recall, f1, images. A class that was never predicted has precision 0."""
    predicted = probabilities.argmax(axis=1)
    columns = precision_recall_fscore_support(labels, predicted, labels=range(len(classes)), zero_division=0)
    table = pd.DataFrame(dict(zip(("precision", "recall", "f1", "images"), columns, strict=True)))
    table.insert(0, "class", classes)
    return table.round(DIGITS)


def confusion(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Counts, int64 (classes, classes): row = actual, column = predicted."""
    return count_confusions(labels, probabilities.argmax(axis=1), labels=range(probabilities.shape[1]))


def calibration(labels: np.ndarray, probabilities: np.ndarray, bins: int) -> pd.DataFrame:
    """Reliability table: for each equal-width bin of confidence, how sure and how right the model is there.

    Columns: bin (upper edge), images, confidence, accuracy (means; 0 in an empty bin).
    """
    confidence = probabilities.max(axis=1).astype("float64")
    right = probabilities.argmax(axis=1) == labels
    number = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    images = np.bincount(number, minlength=bins)
    total = np.maximum(images, 1)
    return pd.DataFrame(
        {
            "bin": (np.arange(bins) + 1) / bins,
            "images": images,
            "confidence": np.bincount(number, confidence, bins) / total,
            "accuracy": np.bincount(number, right, bins) / total,
        }
    ).round(DIGITS)


def calibration_error(labels: np.ndarray, probabilities: np.ndarray, bins: int) -> float:
    """Expected calibration error: mean |accuracy − confidence| over the bins, weighted by images.

    Guo et al., On Calibration of Modern Neural Networks, 2017 (https://arxiv.org/abs/1706.04599), equation 3.
    """
    table = calibration(labels, probabilities, bins)
    return float(np.average((table["accuracy"] - table["confidence"]).abs(), weights=table["images"]))
