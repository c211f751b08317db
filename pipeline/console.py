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
from types import FrameType

QUIET = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # tensorflow's start-up notes about processors; its errors are exceptions too
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MPLBACKEND": "agg",  # figures are files; no screen is needed
}


LOOK_AGAIN = 0.05  # seconds after which an interrupt that came amid a call of MLflow is tried again


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
    interrupt = _interrupt()
    for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGINT):  # a polite kill ends as Ctrl-C does
        if signal.getsignal(number) != signal.SIG_IGN:  # as SIGINT is in the background of a shell
            signal.signal(number, interrupt)
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


def _interrupt() -> Callable[[int, FrameType | None], None]:
    """A handler of Ctrl-C and SIGTERM that raises KeyboardInterrupt, as soon as MLflow's store is not in the middle.

    A transaction that is cut short can keep the run from being ended as KILLED, so the handler looks again, by
    SIGALRM. What follows within a second is part of the same wish: on Ctrl-C, `mlflow run` passes SIGTERM on to the
    program that the terminal has told already. Later, somebody has lost patience, and it is raised at once.
    """
    asked = -math.inf

    def handler(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        is_again = False
        if number != signal.SIGALRM:
            before, asked = asked, time.monotonic()
            if asked - before <= 1:
                return
            is_again = before > -math.inf
        if is_again or not _is_in_store(frame):
            raise KeyboardInterrupt
        signal.setitimer(signal.ITIMER_REAL, LOOK_AGAIN)

    return handler


def _is_in_store(frame: FrameType | None) -> bool:
    """Whether a function of MLflow, or of its database, is under way."""
    while frame:
        if str(frame.f_globals.get("__name__")).partition(".")[0] in ("mlflow", "sqlalchemy"):
            return True
        frame = frame.f_back
    return False
