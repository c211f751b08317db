"""How a program of this project starts, and how it ends when something is wrong."""

import argparse
import contextlib
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

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
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill ends as Ctrl-C does
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
