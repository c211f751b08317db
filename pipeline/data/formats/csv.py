"""A CSV file that names pictures and their classes, in the columns path, label and, where wanted, split."""

import csv
import posixpath
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.config.schema import Dataset, PictureTable
from pipeline.core import folders, paths
from pipeline.core.errors import UserError, first
from pipeline.data import decoding, labels
from pipeline.data.arrays import Split


class Row(NamedTuple):
    """A row that is wanted, and the line of the file that it ends in, from 1."""

    line: int
    path: str
    label: str


def read(half: PictureTable, dataset_config: Dataset) -> Split:
    """Reads the pictures in the order of the file. Their paths begin where the CSV file lies; others are left out.

    Raises UserError with a line for each row that names no picture, or no class; and then for each picture that cannot
    be read.
    """
    found = listed(half, dataset_config)
    images = decoding.decode(paths.RAW / half.path, list(found), dataset_config.image_shape, half.resize)
    return Split(images, np.array(list(found.values()), np.uint8))


def listed(half: PictureTable, dataset_config: Dataset) -> dict[str, int]:
    """Path of each picture in the folder → its label, in the order of the rows. Raises UserError as `read` does."""
    folder = paths.RAW / half.path
    files = folders.listing(folder)
    if half.file not in files:
        raise UserError(f"{folder / half.file} is missing; {folder}/ is there")
    rows = read_rows(folder / half.file, half.split)
    return pictures(rows, folder / half.file, dataset_config.classes, posixpath.dirname(half.file), set(files))


def read_rows(path: Path, split: str | None) -> list[Row]:
    """The rows of a CSV file in UTF-8 that have this value in the column split; all where it is None.

    Raises UserError for what is no such table, and where no row is left.
    """
    wanted = ["path", "label"] if split is None else ["path", "label", "split"]
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            columns = [name.strip() for name in reader.fieldnames or ()]
            if missing := [name for name in wanted if name not in columns]:
                raise UserError(f"{path}: has no column {', '.join(missing)}; it has {', '.join(columns) or 'none'}")
            if doubled := [name for name in wanted if columns.count(name) > 1]:
                raise UserError(f"{path}: has the column {doubled[0]} twice")
            reader.fieldnames = columns
            lines = [(reader.line_num, row) for row in reader]
    except (csv.Error, UnicodeDecodeError) as error:
        raise UserError(f"{path}: is no CSV file in UTF-8: {error}") from None
    found = [
        Row(line, row["path"] or "", (row["label"] or "").strip())
        for line, row in lines
        if split is None or row["split"] == split
    ]
    if not found:
        others = sorted({str(row["split"]) for _, row in lines})[:10] if split else []
        raise UserError(f"{path}: has no row{f' of split {split}; there are {others}' if split else ''}")
    return found


def pictures(rows: list[Row], path: Path, classes: list[str], above: str, files: set[str]) -> dict[str, int]:
    """Path of each picture in the folder that has `files` → its label, in the order of the rows.

    A label is the name of a class, or its number from 0. `above` leads to the CSV file, called `path` in what is said.
    Raises UserError with a line for each row that names none of `files`, one twice, or no class.
    """
    problems: list[str] = []
    found: dict[str, int] = {}
    for line, name, label in rows:
        file, number = posixpath.normpath(posixpath.join(above, name)), labels.from_text(label, classes)
        if not name or file not in files:
            problems.append(f"{path}:{line}: there is no file {name!r}")
        elif not decoding.is_named_as_picture(file):
            problems.append(f"{path}:{line}: {name!r} is no picture by its name ({', '.join(decoding.SUFFIXES)})")
        elif file in found:
            problems.append(f"{path}:{line}: {name!r} is in two rows")
        elif number is None:
            problems.append(f"{path}:{line}: {label!r} is no class, and no number from 0 to {len(classes) - 1}")
        else:
            found[file] = number
    if problems:
        raise UserError("\n".join(first(problems)))
    return found
