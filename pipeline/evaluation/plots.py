"""Numbers → pictures. Each function returns a matplotlib figure; `save` writes one, the same bytes each time."""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from pipeline.core import files
from pipeline.data.arrays import Split

DOTS_PER_INCH = 100
AS_THEY_ARE: Any = {"text.parse_math": False}  # a class may be named $$


def save(figure: Figure, path: Path) -> None:
    """Writes a figure as PNG, atomically."""
    with files.replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DOTS_PER_INCH)


@matplotlib.rc_context(AS_THEY_ARE)
def samples(split: Split, classes: list[str], per_class: int = 10) -> Figure:
    """The first images of each class, a row a class."""
    figure = Figure(figsize=(per_class * 0.7 + 1.2, len(classes) * 0.75), layout="constrained")
    axes = figure.subplots(len(classes), per_class, squeeze=False)
    for label, row in enumerate(axes):
        found = np.flatnonzero(split.labels == label)[:per_class]
        for column, axis in enumerate(row):
            axis.set(xticks=[], yticks=[])
            axis.set_frame_on(False)
            if column < len(found):
                _show(axis, split.images[found[column]])
        row[0].set_ylabel(classes[label], rotation=0, ha="right", va="center")
    return figure


@matplotlib.rc_context(AS_THEY_ARE)
def learning_curves(history: pd.DataFrame, best_epoch: int) -> Figure:
    """Loss and accuracy of training and validation by epoch. Columns as in reports/history.csv."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axis, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        axis.plot(history["epoch"], history[name], marker="o", markersize=3, label="training (with dropout)")
        axis.plot(history["epoch"], history[f"validation_{name}"], marker="o", markersize=3, label="validation")
        axis.axvline(best_epoch, color="0.6", linestyle=":", label=f"best epoch ({best_epoch})")
        axis.set(xlabel="epoch", ylabel=name)
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.legend()
    return figure


@matplotlib.rc_context(AS_THEY_ARE)
def confusion(matrix: np.ndarray, classes: list[str]) -> Figure:
    """`matrix`: counts (actual, predicted). Colour shows the share of the actual class."""
    side = len(classes) * 0.65 + 2.5
    figure = Figure(figsize=(side, side), layout="constrained")
    axis = figure.subplots()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(matrix):
        if count:
            color = "white" if shares[row, column] > 0.5 else "black"
            axis.text(column, row, f"{count}", ha="center", va="center", color=color, fontsize=9)
    ticks = range(len(classes))
    axis.set_xticks(ticks, classes, rotation=45, ha="right")
    axis.set_yticks(ticks, classes)
    axis.set(xlabel="predicted", ylabel="actual")
    return figure


@matplotlib.rc_context(AS_THEY_ARE)
def mistakes(split: Split, probabilities: np.ndarray, classes: list[str], count: int) -> Figure:
    """The wrongly classified images of which the model was most sure, the surest first."""
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != split.labels)
    wrong = wrong[np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")][:count]
    columns = 5
    rows = max(1, -(-len(wrong) // columns))
    figure = Figure(figsize=(columns * 2.1, rows * 2.4), layout="constrained")
    for axis in figure.subplots(rows, columns, squeeze=False).flat:
        axis.axis("off")
    for axis, index in zip(figure.axes, wrong, strict=False):
        _show(axis, split.images[index])
        guess = f"{classes[predicted[index]]} {probabilities[index, predicted[index]]:.1%}"
        axis.set_title(f"test image {index}\n{guess}\nis {classes[split.labels[index]]}", fontsize=9)
    return figure


@matplotlib.rc_context(AS_THEY_ARE)
def showcase(image: np.ndarray, probabilities: np.ndarray, label: int, classes: list[str], index: int) -> Figure:
    """One test image beside its probabilities, as in the tutorial."""
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.5])
    _show(left, image)
    left.set(xticks=[], yticks=[])
    figure.suptitle(f"test image {index}: {classes[label]} (class {label})", x=0.01, ha="left")  # room for long names
    colors = ["#2c7a3f" if number == label else "#9aa7b4" for number in range(len(classes))]
    right.barh(range(len(classes)), probabilities, color=colors)
    for number, probability in enumerate(probabilities):
        right.text(probability + 0.01, number, f"{probability:.1%}", va="center", fontsize=9)
    right.set_yticks(range(len(classes)), classes)
    right.invert_yaxis()
    right.set(xlim=(0, 1.15), xlabel="probability")
    return figure


def _show(axis, image: np.ndarray) -> None:
    axis.imshow(image.squeeze(-1) if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=255)
