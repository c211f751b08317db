"""Smaller and larger data sets out of the raw IDX files: a balanced part, or copies that differ from each other."""

from pathlib import Path
from typing import Any

import numpy as np

from pipeline.core import files


def write(raw: Path, folder: Path, params: Any, count: int) -> dict[str, dict[str, Any]]:
    """Writes raw files for `count` images, of which the same share is for tests, below `folder`.

    Returns the changes to params.yaml that describe them. Validation has the same share of the training images too.
    """
    folder.mkdir()
    dataset, whole = params["dataset"], {half: params["dataset"][half]["count"] for half in ("train", "test")}
    changed = {}
    for half, present in whole.items():
        described = dict(dataset[half]) | {"count": count * present // sum(whole.values())}
        rows = balanced(np.fromfile(raw / described["labels"], np.uint8, offset=8))
        for kind, dimensions in (("labels", 1), ("images", 3)):
            path = folder / described[kind]
            write_file(raw / described[kind], path, rows, described["count"], dimensions)
            described[f"{kind}_sha256"] = files.sha256(path)
        changed[half] = described
    validation = params["preprocess"]["validation"] * count // sum(whole.values())
    return {
        "dataset": changed,
        "preprocess": {"validation": validation},
        "evaluate": {"showcase": min(params["evaluate"]["showcase"], changed["test"]["count"] - 1)},
    }


def balanced(labels: np.ndarray) -> np.ndarray:
    """Row numbers in an order in which the classes take turns, so that any first part of it is balanced."""
    turn = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        of_class = labels == label
        turn[of_class] = np.arange(of_class.sum())
    return np.argsort(turn, kind="stable")


def write_file(source: Path, target: Path, rows: np.ndarray, count: int, dimensions: int) -> None:
    """Writes `count` rows of an IDX file, beginning anew where there are no more: the header, then the values.

    Copies of an image differ in the first pixel, since a data set with the same image twice fails its checks. No more
    than one copy is in memory: see measure.wait.
    """
    header = np.fromfile(source, ">u4", count=1 + dimensions)
    values = np.fromfile(source, np.uint8, offset=header.nbytes).reshape(header[1:])
    header[1] = count
    with target.open("wb") as file:
        file.write(header.tobytes())
        for copy, start in enumerate(range(0, count, len(rows))):
            part = values[rows[: count - start]]
            if copy and dimensions > 1:
                part[:, 0, 0] = copy
            part.tofile(file)
