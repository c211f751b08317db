"""Answers MLflow's standard clients with names and probabilities. A copy of this file lies beside each model.

It runs where this project is not installed, so it imports nothing of it: only keras, numpy and pandas.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

BATCH = 256  # images at a time: what the layers make of them is many times their size


class ServedModel:
    """A keras model and the names of its classes, in the order of its outputs. May be asked from several threads."""

    def __init__(self, model: keras.Model, classes: list[str]) -> None:
        self.model, self.classes = model, classes

    def predict(self, images: Any) -> pd.DataFrame:
        """Pictures (n, height, width, channels), whole numbers 0–255 → a table with a row for each.

        Columns: class, the name of the most probable one; label, its number; probability, of that one; probabilities,
        a dict name → probability with all classes in their order. Raises ValueError, which says why, for anything else.
        """
        pixels = as_pixels(images, self.model.input_shape[1:])
        batches = [pixels[start : start + BATCH] for start in range(0, len(pixels), BATCH)]
        answers = [keras.ops.convert_to_numpy(self.model(batch, training=False)) for batch in batches]
        probabilities = np.concatenate(answers).astype(float)
        labels = probabilities.argmax(axis=1)
        return pd.DataFrame(
            {
                "class": [self.classes[label] for label in labels],
                "label": labels,
                "probability": probabilities.max(axis=1),
                "probabilities": [dict(zip(self.classes, row.tolist(), strict=True)) for row in probabilities],
            }
        )


def as_pixels(images: Any, shape: tuple[int, int, int]) -> np.ndarray:
    """Pictures as uint8 (n, *shape). Raises ValueError where they are none, or would be changed by this."""
    wanted = f"pictures are numbers in the shape (how many, {', '.join(map(str, shape))})"
    try:
        values = np.asarray(images)
    except ValueError:
        raise ValueError(f"{wanted}; these rows differ in length") from None
    if values.dtype.kind not in "iuf":
        raise ValueError(f"{wanted}; these are not all numbers")
    if values.ndim != 4 or values.shape[1:] != tuple(shape) or not len(values):
        raise ValueError(f"{wanted}; these have the shape {values.shape}")
    if not ((values >= 0) & (values <= 255) & (values % 1 == 0)).all():  # nan keeps none of these
        raise ValueError("pixels are whole numbers from 0 to 255; these are not")
    return values.astype(np.uint8)


def _load_pyfunc(path: str, model_config: dict[str, Any]) -> ServedModel:
    """What MLflow calls: `path` is the .keras file, `model_config` what MLmodel has for it."""
    return ServedModel(keras.saving.load_model(Path(path), compile=False, safe_mode=True), model_config["classes"])
