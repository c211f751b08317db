"""Numbers → pictures. Each function returns a matplotlib figure; `save` writes one, the same bytes each time."""

import textwrap
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from pipeline.core import files
from pipeline.data.arrays import Split
from pipeline.evaluation import lettering

DOTS_PER_INCH = 100
AS_THEY_ARE: Any = {"text.parse_math": False}  # a class may be named $$
NAME = 22  # characters of a class name in a line
CANDIDATES = 10  # classes beside a showcase, where there are more than fit
READABLE = 60  # classes up to which a confusion matrix has its counts in it


def save(figure: Figure, path: Path) -> None:
    """Writes a figure as PNG, atomically."""
    with files.replacing(path) as temporary, lettering.fitting(figure):
        figure.savefig(temporary, format="png", dpi=DOTS_PER_INCH)


@matplotlib.rc_context(AS_THEY_ARE)
def samples(split: Split, classes: list[str], per_class: int = 10) -> Figure:
    """The first images of each class, a row a class."""
    figure = Figure(figsize=(per_class * 0.7 + 2, len(classes) * 0.75 + 0.5), layout="compressed")
    _title(figure, "The first images of each class")
    height, width, channels = split.images.shape[1:]
    gap = 1 + width // 20
    sheet = np.full((len(classes) * (height + gap), per_class * (width + gap), channels), 255, np.uint8)
    for label in range(len(classes)):
        top = label * (height + gap)
        for column, index in enumerate(np.flatnonzero(split.labels == label)[:per_class]):
            left = column * (width + gap)
            sheet[top : top + height, left : left + width] = split.images[index]
    axis = figure.subplots()  # one for all: a hundred take a second
    _show(axis, sheet[:-gap, :-gap])
    axis.set_frame_on(False)
    centres = [label * (height + gap) + height / 2 for label in range(len(classes))]
    axis.set_yticks(centres, [_lines(name) for name in classes])
    axis.tick_params(left=False, bottom=False, labelbottom=False)
    return figure


@matplotlib.rc_context(AS_THEY_ARE)
def learning_curves(history: pd.DataFrame, best_epoch: int) -> Figure:
    """Loss and accuracy of training and validation by epoch. Columns as in reports/history.csv."""
    figure = Figure(figsize=(10, 4.3), layout="constrained")
    _title(figure, "How the model learned: training images, and validation images that it did not learn from")
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
    has_counts = len(classes) <= READABLE
    side = len(classes) * (0.65 if has_counts else 0.2) + 3.5
    figure = Figure(figsize=(side, side), layout="constrained")
    _title(figure, "What the model takes for what: number of test images, and by colour their share of the row")
    axis = figure.subplots()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(matrix):
        if count and has_counts:
            color = "white" if shares[row, column] > 0.5 else "black"
            axis.text(column, row, f"{count}", ha="center", va="center", color=color, fontsize=9)
    ticks, lines = range(len(classes)), 2 if has_counts else 1
    names = [lettering.in_lines(name, NAME, lines) for name in classes]
    size = 9 if has_counts else 6
    axis.set_xticks(ticks, names, rotation=90, fontsize=size)
    axis.set_yticks(ticks, names, fontsize=size)
    axis.set(xlabel="predicted class", ylabel="actual class")
    return figure


@matplotlib.rc_context(AS_THEY_ARE)
def reliability(table: pd.DataFrame, error: float) -> Figure:
    """How often the model is right where it is this sure, above how many images there are.

    Columns of `table` as in reports/calibration.csv; `error`: expected calibration error.
    """
    figure = Figure(figsize=(6.5, 6.5), layout="constrained")
    _title(figure, f"Is the model right as often as it says? On average it is {error:.1%} off (calibration error)")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    filled = table[table["images"] > 0]
    upper.plot([0, 1], [0, 1], color="0.6", linestyle=":", label="as sure as right")
    upper.plot(filled["confidence"], filled["accuracy"], marker="o", label="this model")
    upper.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="how often it is right (accuracy)")
    upper.legend()
    width = 1 / len(table)
    lower.bar(table["bin"] - width / 2, table["images"], width=width * 0.9)
    lower.set(xlabel="how sure the model is (probability of the predicted class)", ylabel="test images")
    return figure


@matplotlib.rc_context(AS_THEY_ARE)
def mistakes(split: Split, probabilities: np.ndarray, classes: list[str], count: int) -> Figure:
    """The wrongly classified images of which the model was most sure, the surest first."""
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != split.labels)
    wrong = wrong[np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")][:count]
    titles = []
    for index in wrong:
        guess, actual = classes[predicted[index]], classes[split.labels[index]]
        sure = f"{probabilities[index, predicted[index]]:.1%} sure"
        titles.append(
            "\n".join((f"test image {index}", _lines(f"predicted {guess}"), sure, _lines(f"actual {actual}")))
        )
    columns, lines = 5, max((title.count("\n") + 1 for title in titles), default=1)
    rows = max(1, -(-len(wrong) // columns))
    figure = Figure(
        figsize=(columns * 2.1, rows * (2.4 + 0.16 * lines) + 0.3), layout=ConstrainedLayoutEngine(h_pad=0.1)
    )
    _title(figure, "The mistakes of which the model was surest" if titles else "No mistakes")
    for axis in figure.subplots(rows, columns, squeeze=False).flat:
        axis.axis("off")
    for axis, index, title in zip(figure.axes, wrong, titles, strict=False):
        _show(axis, split.images[index])
        axis.set_title(title, fontsize=9)
    return figure


@matplotlib.rc_context(AS_THEY_ARE)
def showcase(image: np.ndarray, probabilities: np.ndarray, label: int, classes: list[str], index: int) -> Figure:
    """One test image beside its probabilities, as in the tutorial; of many classes, the most probable ones."""
    shown = np.arange(len(classes))
    if len(classes) > CANDIDATES:
        shown = np.sort(np.argsort(-probabilities, kind="stable")[:CANDIDATES])
    names = [_lines(classes[number]) for number in shown]
    figure = Figure(figsize=(8, max(4, 0.16 * sum(name.count("\n") + 1 for name in names) + 1.5)), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.5])
    _show(left, image)
    left.set(xticks=[], yticks=[])
    guess = classes[probabilities.argmax()]
    _title(figure, f"test image {index}: actual {classes[label]} (class {label}), predicted {guess}")
    colors = ["#2c7a3f" if number == label else "#9aa7b4" for number in shown]
    right.barh(range(len(shown)), probabilities[shown], color=colors)
    for place, probability in enumerate(probabilities[shown]):
        right.text(probability + 0.01, place, f"{probability:.1%}", va="center", fontsize=9)
    right.set_yticks(range(len(shown)), names, fontsize=9)
    right.invert_yaxis()
    right.set(xlim=(0, 1.15), xlabel="probability (green: the actual class)")
    return figure


def _show(axis, image: np.ndarray) -> None:
    axis.imshow(image.squeeze(-1) if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=255)


def _lines(name: str) -> str:
    """A name in at most two lines."""
    return lettering.in_lines(name, NAME)


def _title(figure: Figure, text: str) -> None:
    """Heads a figure, in as many lines as its width needs: constrained layout makes room for them, not for width."""
    characters = int(figure.get_figwidth() * 72 / 6.5)  # of 10 points, which are at most so wide on average
    figure.suptitle(textwrap.fill(text, characters, max_lines=3, placeholder="…"), x=0.01, ha="left", fontsize=10)
