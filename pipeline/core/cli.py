"""How a program of this project starts, and how it ends when something is wrong."""

import contextlib
import inspect
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import click

from pipeline.core.errors import UserError, mask_passwords

QUIET = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # tensorflow's start-up notes about processors; its errors are exceptions too
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MPLBACKEND": "agg",  # figures are files; no screen is needed
}


LOOK_AGAIN = 0.05  # seconds after which an interrupt that came amid a call of MLflow is tried again


def say(text: str) -> None:
    """Prints one line at once, also when the output is a pipe (`dvc repro | tee`)."""
    print(text, flush=True)


@contextlib.contextmanager
def suppress_stderr() -> Iterator[None]:
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


SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 120}


class Command(click.Command):
    """A command whose help is printed as it stands, with its examples."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_as_it_is(self, ctx, formatter)


def write_as_it_is(command: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """Writes the help of a command without filling its lines anew."""
    formatter.write(f"\n{inspect.cleandoc(command.help or '')}\n")


def command(doc: str | None, **settings: Any) -> Callable[[Callable[..., None]], click.Command]:
    """Makes a function a command; `doc`, the docstring of its module, is what `--help` prints."""
    return click.command(cls=Command, help=doc, context_settings=SETTINGS | settings)


@contextlib.contextmanager
def click_errors() -> Iterator[None]:
    """Prints what is wrong with a command line in one line, and ends with exit code 2."""
    try:
        yield
    except click.exceptions.Exit as ended:  # --help
        sys.exit(ended.exit_code)
    except click.ClickException as error:
        print(f"error: {error.format_message()}", file=sys.stderr)
        sys.exit(error.exit_code)


def run_cli(main: Callable[[], None]) -> None:
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
        sys.exit(mask_passwords(f"error: {error}"))
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
