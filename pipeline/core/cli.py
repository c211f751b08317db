"""How a program of this project starts, and how it ends when something is wrong."""

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from pipeline.core.addresses import mask_passwords
from pipeline.core.errors import UserError

QUIET = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # tensorflow's start-up notes about processors; its errors are exceptions too
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # with the password of its server
    "MPLBACKEND": "agg",  # figures are files; no screen is needed
}
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 120}  # of click


def say(text: str) -> None:
    """Prints a line or more at once, also when the output is a pipe (`dvc repro | tee`)."""
    print(printable(text), flush=True)


def counted(count: int | str, noun: str) -> str:
    """`1 epoch`, `2 epochs`."""
    return f"{count} {noun}" if str(count) == "1" else f"{count} {noun}s"


def printable(text: str) -> str:
    """The text with what commands a terminal, or hides in it, written out: what stands in a store may be anybody's."""
    if text.isprintable():  # nearly always, and a hundred times as fast
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


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


def command(doc: str | None, cls: type[click.Command] = click.Command, **settings: Any) -> Callable[..., Any]:
    """Makes a function a command; `doc`, the docstring of its module, is what `--help` prints, line by line."""
    help_text = "\n\n".join(f"\b\n{paragraph}" for paragraph in (doc or "").split("\n\n"))  # click fills lines else
    return click.command(cls=cls, help=help_text, context_settings=SETTINGS | settings)


def run_cli(main: Callable[[], None]) -> None:
    """Runs `main`; turns a user's mistake into one line on stderr and an exit code.

    Exit codes: 0 done, 1 a mistake in the input or the system refused (disk full, no permission), 2 a mistake on the
    command line; for Ctrl-C see `interrupt`. A defect of the program itself keeps its traceback.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no × or … shows ?
    try:
        main()
    except click.exceptions.Exit as ended:  # after --help
        sys.exit(ended.exit_code)
    except click.Abort:  # what click makes of Ctrl-C at a question
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        print(printable(f"error: {error.format_message()}"), file=sys.stderr)
        sys.exit(error.exit_code)
    except UserError as error:
        sys.exit(printable(mask_passwords(f"error: {error}")))
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        sys.exit(printable(mask_passwords(f"error: {where}{error.strerror or error}")))
