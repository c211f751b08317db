"""The report on a model: one HTML page that needs no network, for somebody who knows nothing of it yet."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from markupsafe import Markup

from pipeline.config.schema import Evaluate
from pipeline.core import results
from pipeline.data.arrays import Split
from pipeline.evaluation.cost import Cost
from pipeline.evaluation.findings import Findings
from pipeline.reporting import charts, page, pictures

CELLS = 100  # kinds of mistakes whose pictures the page carries, the most frequent ones
IN_A_CELL = 8  # pictures of each


class Origin(NamedTuple):
    """What a model was made of, as far as it is the same each time it is made."""

    data_set: str
    model: str  # name of the architecture
    summary: str  # table of the layers
    cost: Cost
    size: int  # bytes of the file
    params: dict[str, Any]  # leaf name → value
    lineage: dict[str, str]  # what → sha256
    history: pd.DataFrame  # as in reports/history.csv
    training: dict[str, float]  # as in reports/train.json
    checks: dict[str, Any]  # as in reports/data_checks.json


def render(found: Findings, test: Split, predicted: np.ndarray, origin: Origin, settings: Evaluate) -> str:
    """Returns the page; equal input gives equal text. `predicted` (n,): the class given to each test image."""
    history, best = origin.history, int(origin.training[results.BEST_EPOCH])
    failed = sum(not check["passed"] for check in origin.checks["checks"])
    return page.render_file(
        "model.html",
        title=f"How good is this {origin.data_set} classifier?",
        found=found,
        model_name=origin.model,
        worst=max(found.invariances, key=lambda each: each.changed.value),
        accuracy_chart=curves(history, "accuracy", best),
        loss_chart=curves(history, "loss", best),
        has_dropout=bool(origin.params.get("dropout")),
        history=history,
        best_epoch=best,
        validation_accuracy=origin.training[results.VALIDATION_ACCURACY],
        cells=matrix(found, test, predicted),
        class_rows=class_rows(found),
        reliability_chart=charts.reliability(
            "Accuracy by confidence", *(found.calibration[name] for name in ("confidence", "accuracy", "images"))
        ),
        picture=lambda index: pictures.data_uri(test.images[index : index + 1]),
        shown=settings.mistakes,
        limits=settings.behaviour.changes,
        cost=origin.cost,
        size=origin.size,
        checks_passed=not failed,
        checks_text=f"{failed} of {len(origin.checks['checks'])} failed" if failed else "all passed",
        lineage=origin.lineage,
        params=origin.params,
        summary=origin.summary,
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
    return charts.curves(f"{name} by epoch", list(history["epoch"]), lines, best_epoch)


def matrix(found: Findings, test: Split, predicted: np.ndarray) -> list[list[dict[str, Any]]]:
    """The confusion matrix, row by row: count, share of the row and, of frequent mistakes, some pictures."""
    frequent = {(actual, guess) for actual, guess, _ in found.confused[:CELLS]}
    rows = []
    for actual, counts in enumerate(found.confusion):
        total = max(1, int(counts.sum()))
        row = []
        for guess, count in enumerate(counts):
            cell = {"count": int(count), "share": count / total, "id": f"cell-{actual}-{guess}"}
            if (actual, guess) in frequent or (actual == guess and count):
                chosen = np.flatnonzero((test.labels == actual) & (predicted == guess))[:IN_A_CELL]
                cell["pictures"] = pictures.data_uri(test.images[chosen])
                cell["title"] = f"{found.classes[actual]} taken for {found.classes[guess]}"
                if actual == guess:
                    cell["title"] = f"{found.classes[actual]}, and rightly so"
            row.append(cell)
        rows.append(row)
    return rows
