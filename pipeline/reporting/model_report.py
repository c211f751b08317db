"""The report on a model: one HTML page that needs no network, for somebody who knows nothing of it yet."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from markupsafe import Markup

from pipeline.config.schema import Evaluate
from pipeline.core import results
from pipeline.data.arrays import Split
from pipeline.evaluation import behaviour
from pipeline.evaluation.cost import Cost
from pipeline.evaluation.findings import Findings, Guess
from pipeline.reporting import charts, page, pictures

CELLS = 100  # kinds of mistakes whose pictures the page carries, the most frequent ones
IN_A_CELL = 8  # pictures of each
ROOM = 1_200_000  # characters that they may take, so that the page stays under 3 MB
WIDEST = 30  # classes in the matrix, those most often confused; more are no picture any longer
TYPICAL = 40  # typical pictures of classes, those that are not recognised first
NAMED = 10  # of them on the first screen


class Origin(NamedTuple):
    """What a model was made of, as far as it is the same each time it is made."""

    data_set: str
    model: str  # name of the architecture
    summary: str  # table of the layers
    cost: Cost
    size: int  # bytes of the file
    md5: str  # of the file, by which dvc.lock knows it
    params: dict[str, Any]  # leaf name → value
    lineage: dict[str, str]  # what → sha256
    history: pd.DataFrame  # as in reports/history.csv
    training: dict[str, float]  # as in reports/train.json
    checks: dict[str, Any]  # as in reports/data_checks.json

    @property
    def failed_checks(self) -> int:
        """How many of the data checks did not pass, those that only warn aside."""
        return sum(not check["passed"] and check.get("level") != "warning" for check in self.checks["checks"])

    @property
    def warnings(self) -> list[str]:
        """The names of the data checks that warn."""
        return [
            each["check"] for each in self.checks["checks"] if not each["passed"] and each.get("level") == "warning"
        ]

    @property
    def commands(self) -> list[str]:
        """What to type in a clone to make the model again, from the first commit whose dvc.lock has it."""
        commit = f"git log --all --format=%h -S{self.md5} -- dvc.lock | tail -n 1"
        there = f'git worktree add --detach ../again "$({commit})" && cd ../again'
        return [there, "dvc repro", "python -m pipeline verify"]


def render(found: Findings, test: Split, predicted: np.ndarray, origin: Origin, settings: Evaluate) -> str:
    """Returns the page; equal input gives equal text. `predicted` (n,): the class given to each test image."""
    best = int(origin.training[results.BEST_EPOCH])
    return page.render_file(
        "model.html",
        title=f"How good is this {origin.data_set} classifier?",
        found=found,
        origin=origin,
        worst=max(found.invariances, key=lambda each: each.changed.value),
        accuracy_chart=curves(origin.history, "accuracy", best),
        loss_chart=curves(origin.history, "loss", best),
        shown_classes=(shown := shown_classes(found)),
        cells=matrix(found, test, predicted, shown),
        class_rows=class_rows(found),
        reliability_chart=charts.reliability(
            "Accuracy by confidence", *(found.calibration[name] for name in ("confidence", "accuracy", "images"))
        ),
        picture=lambda index: pictures.data_uri(test.images[index : index + 1]),
        changed_picture=lambda each: changed_picture(each, test.images),
        named=found.archetypes[:NAMED],
        archetypes=typical(found),
        settings=settings,
        in_a_cell=IN_A_CELL,
    )


def class_rows(found: Findings) -> list[dict[str, Any]]:
    """A row for each class: name, accuracy with its interval, precision, F1."""
    return [
        {"name": row["class"], "precision": row["precision"], "f1": row["f1"], "accuracy": each.accuracy}
        for row, each in zip(found.per_class.to_dict("records"), found.by_class, strict=True)
    ]


def curves(history: pd.DataFrame, name: str, best_epoch: int) -> Markup:
    """The chart of a metric on training and validation images, by epoch."""
    lines = {"training": history[name], "validation": history[f"validation_{name}"]}
    return charts.curves(name, list(history["epoch"]), lines, best_epoch)


def changed_picture(found: behaviour.Invariance, images: np.ndarray) -> str:
    """An image beside what a behaviour test makes of it; one whose prediction changes, where there is one."""
    chosen = found.example or 0
    image = images[chosen : chosen + 1]
    _, change = behaviour.CHANGES[found.name]
    return pictures.data_uri(np.concatenate([image, change(image)[0]]))


def typical(found: Findings) -> list[Guess]:
    """The typical images that the page shows: of many, those that are not recognised first."""
    if len(found.archetypes) <= TYPICAL:
        return found.archetypes
    return sorted(found.archetypes, key=lambda guess: guess.label == guess.predicted)[:TYPICAL]


def shown_classes(found: Findings) -> list[int]:
    """The numbers of the classes in the matrix, in their order: all, or of many those most often confused."""
    labels = range(len(found.classes))
    confused = [label for actual, guess, _ in found.confused for label in (actual, guess)]
    return sorted(list(dict.fromkeys([*confused, *labels]))[:WIDEST])


def matrix(found: Findings, test: Split, predicted: np.ndarray, shown: list[int]) -> list[list[dict[str, Any]]]:
    """The confusion matrix of the classes `shown`, row by row.

    A cell has its count, its share of the row, what it means, and some pictures where `strips` has them.
    """
    carried = strips(found, test, predicted, shown)
    totals = np.maximum(found.confusion.sum(axis=1), 1)
    rows = []
    for actual in shown:
        row = []
        for guess in shown:
            count = int(found.confusion[actual, guess])
            title = f"{found.classes[actual]} taken for {found.classes[guess]}"
            cell = {
                "count": count,
                "share": count / totals[actual],
                "id": f"cell-{actual}-{guess}",
                "title": title if actual != guess else f"{found.classes[actual]}, and rightly so",
                "pictures": carried.get((actual, guess)),
            }
            row.append(cell)
        rows.append(row)
    return rows


def strips(found: Findings, test: Split, predicted: np.ndarray, shown: list[int]) -> dict[tuple[int, int], str]:
    """(actual, predicted) → some pictures, of the most frequent mistakes first, then of hits, while there is ROOM."""
    mistakes = [(actual, guess) for actual, guess, _ in found.confused if actual in shown and guess in shown]
    hits = [(label, label) for label in shown if found.confusion[label, label]]
    carried: dict[tuple[int, int], str] = {}
    left = ROOM
    for actual, guess in mistakes[:CELLS] + hits:
        chosen = np.flatnonzero((test.labels == actual) & (predicted == guess))[:IN_A_CELL]
        strip = pictures.data_uri(test.images[chosen])
        left -= len(strip)
        if left < 0:
            break
        carried[actual, guess] = strip
    return carried
