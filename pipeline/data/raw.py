"""Reads the raw files that params.yaml describes, strictly.

A format is read by `read(half, dataset_config)` in the file of pipeline/data/formats/ that is called as the format.
"""

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from pipeline.config.schema import Dataset, Half, Share
from pipeline.core.errors import UserError
from pipeline.data.arrays import Split
from pipeline.data.formats import csv, folder, share


def read(dataset_config: Dataset) -> dict[str, Split]:
    """Reads all parts from data/raw. Returns {"train": Split, "test": Split}, and "validation" where it is described.

    Raises UserError for what is damaged, missing or not as described: a line for each problem, of all parts.
    """
    found: dict[str, Split] = {}
    problems: list[str] = []
    for part, half in dataset_config.halves.items():
        try:
            found[part] = reader(half.format)(half, dataset_config)
            problems += _miscounted(part, half, found[part], dataset_config)
        except UserError as error:
            problems += str(error).splitlines()
    if problems:
        raise UserError("\n".join(dict.fromkeys(problems)))
    if isinstance(dataset_config.test, Share):
        found["train"], found["test"] = share.cut(found["train"], dataset_config.test)
    return found


def reader(name: str) -> Callable[[Any, Dataset], Split]:
    """The function that reads a format."""
    read: Callable[[Any, Dataset], Split] = importlib.import_module(f"pipeline.data.formats.{name}").read
    return read


def names(dataset_config: Dataset) -> dict[str, list[str]]:
    """Part → the name of the file of each image, in the order in which `read` returns them, of parts that are pictures.

    Raises UserError where `read` does.
    """
    listed: dict[str, Callable[[Any, Dataset], dict[str, int]]] = {"folder": folder.listed, "csv": csv.listed}
    found = {}
    for part, half in dataset_config.halves.items():
        if half.format in listed:
            labels = listed[half.format](half, dataset_config)
            found[part] = list(labels)
            if part == "train" and isinstance(dataset_config.test, Share):
                rest, aside = share.places(np.array(list(labels.values()), np.uint8), dataset_config.test)
                whole = found["train"]
                found |= {"train": [whole[i] for i in rest], "test": [whole[i] for i in aside]}
    return found


def _miscounted(part: str, half: Half, split: Split, dataset_config: Dataset) -> list[str]:
    """Of IDX files the data checks say it, where the part is not cut first."""
    is_checked_later = half.format == "idx" and not (part == "train" and isinstance(dataset_config.test, Share))
    number = len(split.images)
    if is_checked_later or half.count in (None, number):
        return []
    return [f"dataset.{part}.count is {half.count:,}; there are {number:,} images in {half.blamed('images')}"]
