"""What is found in somebody's data: parts, classes and sizes, and what is wrong with it."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from pipeline.core.errors import UserError, first

PARTS = {  # part of a data set → what folders, splits and files of it are called
    "train": ("train", "training"),
    "validation": ("validation", "val", "valid", "dev"),
    "test": ("test", "testing", "t10k"),
}
FEW = 10  # pictures, below which a class is called tiny


class Wanted(NamedTuple):
    """What the user has said of it; None where he leaves it to what is found."""

    name: str | None = None
    size: tuple[int, int] | None = None  # height, width
    channels: int | None = None
    resize: str | None = None


class Part(NamedTuple):
    """A part as params.yaml has it (`half`), and how many images of each class it has."""

    half: dict[str, Any]
    counts: dict[str, int]

    @property
    def images(self) -> int:
        return sum(self.counts.values())


class Found(NamedTuple):
    """A data set. `problems` make `dvc repro` refuse it until they are mended; `notes` are worth a look."""

    name: str
    source: str
    classes: list[str]
    shape: tuple[int, int, int]  # height, width, channels
    parts: dict[str, Part]
    sizes: Counter[tuple[int, int]]
    problems: list[str]
    notes: list[str]


def part_called(name: str) -> str | None:
    """The part that a name stands for, in large letters or small ones; None where it stands for none."""
    return next((part for part, names in PARTS.items() if name.strip().lower() in names), None)


def part_in(name: str) -> str | None:
    """The part that one of the words in a name stands for, the first: test of x_test; None where none does."""
    return next((part for word in re.split(r"[^a-z0-9]+", name.lower()) if (part := part_called(word))), None)


def data_set_name(text: str) -> str:
    """A name that a data set may have, near to the name of a file."""
    return re.sub(r"[^\w .-]+", "-", text)[:100].strip(" .-_") or "my-pictures"


def in_order(names: Iterable[str]) -> list[str]:
    """Names as a person would sort them: 2 before 10, and large letters among small ones."""

    def key(name: str) -> tuple[list[tuple[int, str]], str]:
        return [
            (int(each), "") if each.isdecimal() else (-1, each.casefold()) for each in re.split(r"(\d+)", name)
        ], name

    return sorted(set(names), key=key)


def assert_classes(classes: list[str], where: str) -> None:
    """Raises UserError where there are too few of them, or too many."""
    if not 2 <= len(classes) <= 256:
        known = f": {', '.join(classes)}" if len(classes) == 1 else ""
        raise UserError(
            f"{where}: {len(classes)} classes{known}; a data set has 2 to 256, each a folder of pictures, or a label"
        )


def tiny(parts: dict[str, Part], classes: list[str]) -> list[str]:
    """A line for each class that has few images in all."""
    total = {name: sum(part.counts.get(name, 0) for part in parts.values()) for name in classes}
    return first([f"class {name} has {count} images only" for name, count in total.items() if count < FEW])


def lacking(parts: dict[str, Part], classes: list[str]) -> list[str]:
    """A line for each part that lacks a class which another part has."""
    return first(
        [
            f"{part} has no images of class {name}"
            for part, each in parts.items()
            for name in classes
            if not each.counts.get(name)
        ]
    )


def copies(digests: dict[str, list[tuple[str, str]]], is_cut: bool) -> tuple[list[str], list[str]]:
    """Content → (part, name) of each image that has it. Returns problems and notes.

    Copies in two parts are a problem, also where test images are cut (`is_cut`) from those of which some are copies.
    """
    across: list[str] = []
    within: list[str] = []
    for places in digests.values():
        if len(places) > 1:
            line = " = ".join(name for _, name in places[:4]) + (" = …" if len(places) > 4 else "")
            (across if len({part for part, _ in places}) > 1 else within).append(line)
    problems, notes = [], []
    if across:
        problems += [f"{len(across):,} images are in two parts:", *first([f"  {line}" for line in sorted(across)])]
    if within:
        cut = ", and where copies get into both train and test" if is_cut else ""
        cut = f" (the data checks refuse more than preprocess.checks.duplicates{cut})"
        notes += [
            f"{len(within):,} images are there more than once{cut}:",
            *first([f"  {line}" for line in sorted(within)]),
        ]
    return problems, notes
