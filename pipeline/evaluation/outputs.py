"""What the stage evaluate writes, as text and pictures. What is here decides about the bytes of its outputs."""

import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from pipeline.config.schema import Evaluate
from pipeline.core import paths
from pipeline.data.arrays import Split
from pipeline.evaluation import metrics, plots

BATCH = 1000  # images at a time
TABLES = [paths.REPORTS / f"{name}.csv" for name in ("per_class", "calibration", "confusion")]


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """`images` uint8 (n, height, width, channels) → probabilities float32 (n, classes)."""
    return model.predict(images, batch_size=BATCH, verbose=0)


def texts(test: Split, probabilities: np.ndarray, classes: list[str], bins: int) -> dict[Path, str]:
    """Path → content of reports/test.json and of the tables that DVC plots.

    per_class.csv has a row a class, calibration.csv a row a bin of confidence, confusion.csv a row an image, with the
    names of its actual and its predicted class.
    """
    names = np.array(classes)
    tables = (
        metrics.per_class(test.labels, probabilities, classes),
        metrics.calibration(test.labels, probabilities, bins),
        pd.DataFrame({"actual": names[test.labels], "predicted": names[probabilities.argmax(axis=1)]}),
    )
    overall = {"test": metrics.overall(test.labels, probabilities, bins)}
    found = {path: table.to_csv(index=False) for path, table in zip(TABLES, tables, strict=True)}
    return {paths.TEST_METRICS: json.dumps(overall, indent=2) + "\n"} | found


def pictures(
    test: Split, probabilities: np.ndarray, classes: list[str], settings: Evaluate, learning_curves: Figure
) -> dict[Path, Figure]:
    """Path → picture, of those in reports/figures/."""
    shown = settings.showcase
    found = {
        "learning_curves": learning_curves,
        "confusion_matrix": plots.confusion(metrics.confusion(test.labels, probabilities), classes),
        "mistakes": plots.mistakes(test, probabilities, classes, settings.mistakes),
        "showcase": plots.showcase(test.images[shown], probabilities[shown], test.labels[shown], classes, shown),
    }
    return {paths.FIGURES / f"{name}.png": figure for name, figure in found.items()}
