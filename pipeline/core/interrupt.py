"""Ctrl-C and SIGTERM end every command within two seconds, with one line and exit code 130.

The first signal raises KeyboardInterrupt, so that files, locks and the MLflow run are put in order. A thread sees to
it that this takes no longer than GRACE: what hangs in a library or on the network ends then and there. A run that
could not be ended as KILLED is marked so by the next start.
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

FAREWELL = "stopped by Ctrl-C; the same command goes on"
EXIT_CODE = 130
GRACE = 1.5  # seconds
SAME_WISH = 1.0  # seconds; on Ctrl-C, `mlflow run` sends SIGTERM to the program that the terminal has told already
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Interrupts:
    """What this process knows of its signals."""

    raised: float | None = None  # when KeyboardInterrupt was raised last, in seconds of time.monotonic()
    may_take_longer = False
    wakeup = -1  # the pipe's end into which Python writes the number of each signal, at once
    said = False


@contextlib.contextmanager
def handled() -> Iterator[None]:
    """Turns Ctrl-C and SIGTERM in the block into one line on stderr and exit code 130.

    A signal that the parent process ignores stays ignored, as SIGINT is in the background of a shell.
    """
    _Interrupts.raised, _Interrupts.may_take_longer, _Interrupts.said = None, False, False
    told, _Interrupts.wakeup = os.pipe()
    os.set_blocking(_Interrupts.wakeup, False)
    signal.set_wakeup_fd(_Interrupts.wakeup, warn_on_full_buffer=False)
    stderr = os.dup(2)  # it may be switched off where the program hangs
    threading.Thread(target=_leave_in_time, args=(told, stderr), daemon=True).start()
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _on_signal)
    try:
        yield
    except KeyboardInterrupt:
        _say_farewell(2)
        sys.exit(EXIT_CODE)


@contextlib.contextmanager
def more_time() -> Iterator[None]:
    """Lets what follows a Ctrl-C take as long as the block needs. A second Ctrl-C raises KeyboardInterrupt in it."""
    _Interrupts.may_take_longer = True
    try:
        yield
    finally:
        _Interrupts.may_take_longer = False
        if _Interrupts.wakeup >= 0:
            os.write(_Interrupts.wakeup, bytes([signal.SIGINT]))


def _on_signal(number: int, frame: FrameType | None) -> None:
    """Raises KeyboardInterrupt for the first signal, and for a later one that comes in a `more_time` block."""
    now, last = time.monotonic(), _Interrupts.raised
    if last is None or (_Interrupts.may_take_longer and now - last > SAME_WISH):
        _Interrupts.raised = now
        raise KeyboardInterrupt


def _leave_in_time(told: int, stderr: int) -> None:
    """Ends the process GRACE after a signal, unless it may take longer. Runs in a thread of its own."""
    while number := os.read(told, 1):
        if number[0] in SIGNALS:
            time.sleep(GRACE)
            if not _Interrupts.may_take_longer:
                _leave(stderr)


def _leave(stderr: int) -> NoReturn:
    _say_farewell(stderr)
    os._exit(EXIT_CODE)


def _say_farewell(stderr: int) -> None:
    if not _Interrupts.said:
        _Interrupts.said = True
        os.write(stderr, f"\n{FAREWELL}\n".encode())
