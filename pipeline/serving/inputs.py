"""What was typed as pictures → the files: a file, a folder, a pattern (`shots/*.png`, quoted too), or - for stdin."""

import glob
import io
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pipeline.core.errors import UserError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".npy")  # what is taken from a folder; a file that is named may have any
STDIN = "-"
LARGEST = 256 * 2**20  # bytes that are read from stdin


class Input(NamedTuple):
    """The name of a file, as it was typed or found; or of what leads to none, and why."""

    name: str
    error: str | None = None


def find(arguments: Iterable[str]) -> list[Input]:
    """The files that the arguments stand for, in the order of the arguments, those of a folder by name."""
    return [found for argument in arguments for found in _find(argument)]


def _find(argument: str) -> Iterator[Input]:
    is_pattern = argument != STDIN and not os.path.lexists(argument) and glob.has_magic(argument)
    matches = sorted(glob.glob(argument, recursive=True)) if is_pattern else [argument]  # noqa: PTH207 - may begin with /
    if not matches:
        yield Input(argument, "is a pattern that fits no file")
    for match in matches:
        if Path(match).is_dir():
            yield from _in_folder(match)
        else:
            yield Input(match)


def _in_folder(folder: str) -> Iterator[Input]:
    """The pictures in a folder and the folders in it, without hidden ones and without following links to folders."""
    problems: list[OSError] = []
    is_empty = True
    for above, folders, names in os.walk(folder, onerror=problems.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                is_empty = False
                yield Input(os.path.join(above, name))  # noqa: PTH118 - as it was typed, where Path would drop a ./
    for problem in problems:
        yield Input(str(problem.filename), problem.strerror)
    if is_empty and not problems:
        yield Input(folder, f"is a folder without pictures ({', '.join(SUFFIXES)})")


def open_binary(name: str) -> BinaryIO:
    """The file, opened. Raises UserError, which does not name it, for what is no file or cannot be read."""
    if name == STDIN:
        content = sys.stdin.buffer.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise UserError(f"is more than {LARGEST:,} bytes")
        return io.BytesIO(content)
    try:
        if Path(name).exists() and not Path(name).is_file():  # to open a pipe would wait for whoever writes
            raise UserError("is no file; a picture can be piped to -")
        return Path(name).open("rb")
    except (OSError, ValueError) as error:  # ValueError: a null byte
        raise UserError(getattr(error, "strerror", None) or str(error)) from None
