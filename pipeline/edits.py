"""Keeps DVC from noting parameters and code that a stage did not run with, and outputs that it did not make.

DVC hashes all three when the stage has ended (3.67): what was edited meanwhile would pass for what made the outputs,
and what another process wrote meanwhile for the outputs.
"""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from pipeline import paths
from pipeline.console import UserError, say
from pipeline.fingerprint import code_sha256
from pipeline.params import load


class Begun(NamedTuple):
    """What a program began with: sections of params.yaml, their names, and the code (file name → sha256)."""

    params: tuple[Any, ...]
    sections: tuple[str, ...]
    code: dict[str, str]


def begin(*sections: str) -> Begun:
    """Loads these sections of params.yaml, and notes them and the code. Raises UserError as `load` does."""
    return Begun(load(*sections), sections, code_sha256())


def refuse(begun: Begun) -> None:
    """Raises UserError if those sections, or code that this process has loaded, were edited since."""
    now = code_sha256()
    edited = [f"pipeline/{name}" for name in sorted(_loaded()) if begun.code.get(name) != now.get(name)]
    if not _same(begun):
        edited.append(str(paths.PARAMS))
    if edited:
        raise UserError(
            f"{', '.join(edited)}: edited while this ran, so nobody could say what made the outputs; "
            "undo that and the same command goes on, or leave it and the command begins afresh"
        )


@contextlib.contextmanager
def outputs() -> Iterator[None]:
    """One process at a time writes the outputs in this folder; another one waits, and says so.

    DVC runs one stage at a time, but a stage outlives a DVC that was killed: a training until the end of its epoch,
    the others until they are done.
    """
    lock = FileLock(Path.cwd() / ".state" / "outputs.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say("waiting for another process that is still at the outputs in this folder")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _loaded() -> set[str]:
    """The names of the pipeline's files that are in this process."""
    here = Path(__file__).parent
    known = (Path(module.__file__) for module in list(sys.modules.values()) if getattr(module, "__file__", None))
    return {path.name for path in known if path.parent == here}


def _same(begun: Begun) -> bool:
    try:
        return load(*begun.sections) == begun.params
    except (UserError, OSError):
        return False
