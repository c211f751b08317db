"""How a stage begins and ends: one at a time, with what it began with noted, so that DVC never notes anything else.

DVC hashes parameters, code and outputs when the stage has ended (3.67): what was edited meanwhile would pass for what
made the outputs, and what another process wrote meanwhile for the outputs.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from pipeline.core import paths
from pipeline.core.cli import say
from pipeline.core.code_hash import PACKAGE, code_sha256
from pipeline.core.errors import UserError
from pipeline.core.untrusted import matches


class Snapshot(NamedTuple):
    """What a program began with: parameters, how they were read, and the code (path in the package → sha256)."""

    params: tuple[Any, ...]
    read: Callable[[], tuple[Any, ...]]
    code: dict[str, str]

    def assert_unchanged(self) -> None:
        """Raises UserError if the parameters, or code that this process has loaded, were edited since."""
        now = code_sha256()
        edited = [f"{PACKAGE.name}/{name}" for name in sorted(_loaded()) if self.code.get(name) != now.get(name)]
        params = None
        with contextlib.suppress(UserError, OSError):
            params = self.read()
        if params != self.params:
            edited.append(str(paths.PARAMS))
        if edited:
            raise UserError(
                f"{', '.join(edited)}: edited while this ran, so nobody could say what made the outputs; "
                "undo that and the same command goes on, or leave it and the command begins afresh"
            )


def snapshot(read: Callable[[], tuple[Any, ...]]) -> Snapshot:
    """Reads parameters by `read`, and notes them and the code. Raises what `read` raises."""
    return Snapshot(read(), read, code_sha256())


@contextlib.contextmanager
def begin(read: Callable[[], tuple[Any, ...]]) -> Iterator[Snapshot]:
    """Holds the lock on the outputs in this folder for the block; yields what the stage begins with, once it has it.

    Another process waits, and says for which. DVC runs one stage at a time, but a stage goes on to its end when its DVC
    is killed.
    """
    lock = FileLock(Path.cwd() / ".state" / "outputs.lock")
    holder = Path(lock.lock_file)  # the file keeps the number of the process that has the lock, or had it last
    try:
        lock.acquire(timeout=0)
    except Timeout:
        number = holder.read_text(encoding="utf-8", errors="replace")
        if matches(number, "process id"):  # not yet, where the other one has just begun
            say(f"waiting for process {number}, which is still at the outputs in this folder; `kill {number}` ends it")
        lock.acquire()
    try:
        holder.write_text(str(os.getpid()), encoding="utf-8")
        yield snapshot(read)
    finally:
        lock.release()


def require(*inputs: Path) -> None:
    """Raises UserError for the first of a stage's inputs that is not there."""
    for path in inputs:
        if not path.exists():
            raise UserError(f"{path} is missing; `dvc repro` makes it")


def _loaded() -> set[str]:
    """The files of the package that are in this process, by their paths in it."""
    ours = [module for name, module in list(sys.modules.items()) if name.split(".")[0] in (PACKAGE.name, "__main__")]
    known = (Path(name) for module in ours if (name := getattr(module, "__file__", None)))
    return {path.relative_to(PACKAGE).as_posix() for path in known if path.is_relative_to(PACKAGE)}
