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
from pipeline.evaluation import plots
from pipeline.evaluation.findings import Findings

BATCH = 1000  # images at a time
TABLES = [paths.REPORTS / f"{name}.csv" for name in ("per_class", "calibration", "confusion")]


def predict(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """`images` uint8 (n, height, width, channels) → probabilities float32 (n, classes)."""
    return model.predict(images, batch_size=BATCH, verbose=0)


def texts(found: Findings, labels: np.ndarray, predicted: np.ndarray) -> dict[Path, str]:
    """Path → content of reports/test.json and of the tables that DVC plots.

    per_class.csv has a row a class, calibration.csv a row a bin of confidence, confusion.csv a row an image, with the
    names of its actual and its predicted class. `labels`, `predicted` (n,): class numbers.
    """
    names = np.array(found.classes)
    confusion = pd.DataFrame({"actual": names[labels], "predicted": names[predicted]})
    tables = zip(TABLES, (found.per_class, found.calibration, confusion), strict=True)
    overall = json.dumps({f"test/{name}": value for name, value in found.overall.items()}, indent=2) + "\n"
    return {paths.TEST_METRICS: overall} | {path: table.to_csv(index=False) for path, table in tables}


def pictures(
    found: Findings, test: Split, probabilities: np.ndarray, settings: Evaluate, learning_curves: Figure
) -> dict[Path, Figure]:
    """Path → picture, of those in reports/figures/."""
    shown, classes = settings.showcase, found.classes
    figures = {
        "learning_curves": learning_curves,
        "confusion_matrix": plots.confusion(found.confusion, classes),
        "reliability": plots.reliability(found.calibration, found.overall["calibration_error"]),
        "mistakes": plots.mistakes(test, probabilities, classes, settings.mistakes),
        "showcase": plots.showcase(test.images[shown], probabilities[shown], test.labels[shown], classes, shown),
    }
    return {paths.FIGURES / f"{name}.png": figure for name, figure in figures.items()}
