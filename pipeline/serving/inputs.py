"""What was typed as pictures → the files: a file, a folder, a pattern (`shots/*.png`, quoted too), or - for stdin."""

import functools
import glob
import io
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from pipeline.core.errors import UserError

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".npy")  # what is taken from a folder; a file that is named may have any
STDIN = "-"
LARGEST = 256 * 2**20  # bytes that are read from stdin


class Input(NamedTuple):
    """The name of a file, as it was typed or found; its content, where that is here; or why there is no such file."""

    name: str
    error: str | None = None
    content: bytes | None = None


def find(arguments: Iterable[str]) -> list[Input]:
    """The files that the arguments stand for, in their order, those of a folder by name; each once."""
    found: dict[tuple[str, str], Input] = {}
    real = functools.cache(os.path.realpath)
    for argument in arguments:
        for each in _find(argument):
            folder, name = os.path.split(each.name)  # a link is a file of its own
            found.setdefault(("" if each.name == STDIN else real(folder), name), each)
    return list(found.values())


def _find(argument: str) -> Iterator[Input]:
    is_pattern = argument != STDIN and not os.path.lexists(argument) and glob.has_magic(argument)
    matches = sorted(glob.glob(argument, recursive=True)) if is_pattern else [argument]  # noqa: PTH207 - may begin with /
    if not matches:
        yield Input(argument, "is a pattern that fits no file")
    for match in matches:
        if os.path.isdir(match):  # noqa: PTH112 - False where Path's raises: in a folder that may not be entered
            yield from _in_folder(match)
        else:
            yield _looked_at(match)


def _looked_at(name: str) -> Input:
    """A file, which is not opened yet, or what is wrong with it. To open a pipe would wait for whoever writes."""
    try:
        is_file = name == STDIN or stat.S_ISREG(os.stat(name).st_mode)  # noqa: PTH116 - Path takes longer
    except (OSError, ValueError) as error:  # ValueError: a null byte
        return Input(name, getattr(error, "strerror", None) or str(error))
    return Input(name, None if is_file else "is no file; a picture can be piped to -")


def _in_folder(folder: str) -> Iterator[Input]:
    """The pictures in a folder and the folders in it, without hidden ones and without following links to folders."""
    problems: list[OSError] = []
    is_empty = True
    for above, folders, names in os.walk(folder, onerror=problems.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                is_empty = False
                yield _looked_at(os.path.join(above, name))  # noqa: PTH118 - as it was typed, where Path would drop a ./
    for problem in problems:
        yield Input(str(problem.filename), problem.strerror)
    if is_empty and not problems:
        yield Input(folder, f"is a folder without pictures ({', '.join(SUFFIXES)})")


def open_binary(file: Input) -> BinaryIO:
    """The file, opened. Raises UserError, which does not name it, for what cannot be read."""
    if file.content is not None:
        return io.BytesIO(file.content)
    if file.name == STDIN:
        content = sys.stdin.buffer.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise UserError(f"is more than {LARGEST:,} bytes")
        return io.BytesIO(content)
    try:
        return open(file.name, "rb")  # noqa: PTH123 - as there
    except OSError as error:
        raise UserError(error.strerror or str(error)) from None
