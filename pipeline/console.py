"""How a program of this project starts, and how it ends when something is wrong."""

import argparse
import contextlib
import math
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

QUIET = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # tensorflow's start-up notes about processors; its errors are exceptions too
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MPLBACKEND": "agg",  # figures are files; no screen is needed
}


class UserError(Exception):
    """Something that the user can mend. The message is one line or more: what is wrong, where, what is allowed."""


def without_passwords(text: str) -> str:
    """The text with *** for the password, or token, before the @ of an address: libraries repeat these in messages."""
    return re.sub(r"(:/+(?:[^/@\s:]+:)?)[^/\s]+@", r"\1***@", text)


def say(text: str) -> None:
    """Prints one line at once, also when the output is a pipe (`dvc repro | tee`)."""
    print(text, flush=True)


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """Drops what is written to stderr in the block, by C libraries too: tensorflow's import has no switch for it all.

    An exception in the block is reported as ever, since that happens later.
    """
    kept = os.dup(2)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def run(main: Callable[[], None], doc: str) -> None:
    """Runs a stage as a program without options: `--help` prints `doc`, see `guard` for the rest."""
    parser = argparse.ArgumentParser(
        description=doc,
        epilog="All settings stand in params.yaml.",
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.parse_args()
    guard(main)


def guard(main: Callable[[], None]) -> None:
    """Runs `main`; turns a user's mistake into one line on stderr and an exit code.

    Exit codes: 0 done, 1 a mistake in the input or the system refused (disk full, no permission), 130 Ctrl-C.
    A defect of the program itself keeps its traceback.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a terminal that knows no × or … shows ?
    interrupt = _interrupt_once()
    signal.signal(signal.SIGTERM, interrupt)  # a polite kill ends as Ctrl-C does
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:  # as it is in the background of a shell
        signal.signal(signal.SIGINT, interrupt)
    try:
        main()
    except UserError as error:
        sys.exit(without_passwords(f"error: {error}"))
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        sys.exit(f"error: {where}{error.strerror or error}")
    except KeyboardInterrupt:
        print("\nstopped by Ctrl-C; the same command goes on", file=sys.stderr)
        sys.exit(130)


def _interrupt_once() -> Callable[[int, Any], None]:
    """A handler of signals that raises KeyboardInterrupt; what follows within a second is part of the same wish.

    On Ctrl-C, the terminal sends SIGINT to all programs at once, and `mlflow run` then SIGTERM to the one that it
    started: that must not cut short how the first ends things.
    """
    latest = -math.inf

    def handler(_number: int, _frame: Any) -> None:
        nonlocal latest
        before, latest = latest, time.monotonic()
        if latest - before > 1:
            raise KeyboardInterrupt

    return handler
