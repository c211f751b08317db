"""Ctrl-C and SIGTERM end every command within two seconds, with one line and exit code 130.

The first signal raises KeyboardInterrupt, so that files, locks and the MLflow run are put in order. A thread sees to
it that this takes no longer than GRACE: what hangs in a library or on the network ends then and there. A run that
could not be ended as KILLED is marked so by the next start.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

FAREWELL = "stopped by Ctrl-C"
GOES_ON = "; the same command goes on"
EXIT_CODE = 130
GRACE = 1.5  # seconds
SAME_WISH = 1.0  # seconds; on Ctrl-C, `mlflow run` sends SIGTERM to the program that the terminal has told already
SIGNALS = (signal.SIGINT, signal.SIGTERM)

keeps_nothing = threading.Event()  # set by a command that begins anew each time
more_time = threading.Lock()  # `with more_time:` after a Ctrl-C takes as long as it needs, or until the next Ctrl-C


@contextlib.contextmanager
def handled() -> Iterator[None]:
    """Turns Ctrl-C and SIGTERM in the block into one line on stderr and exit code 130.

    A signal that the parent process ignores stays ignored, as SIGINT is in the background of a shell.
    """
    told, wakeup = os.pipe()
    os.set_blocking(wakeup, False)
    signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)  # Python writes the number of each signal there, at once
    stderr = os.dup(2)  # it may be switched off where the program hangs
    threading.Thread(target=_leave_in_time, args=(told, stderr), daemon=True).start()
    raised = -SAME_WISH

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal raised
        now = time.monotonic()
        if now - raised > SAME_WISH:
            raised = now
            raise KeyboardInterrupt

    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, on_signal)
    try:
        with kept():
            yield
    except KeyboardInterrupt:
        _leave(stderr)


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """A Ctrl-C in the block stays one, whatever a library makes of it.

    tensorflow raises RuntimeError where one falls between the opening and the closing of its scopes.
    """
    try:
        yield
    except Exception as error:
        behind: BaseException | None = error
        while behind and not isinstance(behind, KeyboardInterrupt):
            behind = behind.__context__
        if behind:
            raise KeyboardInterrupt from None
        raise


def _leave_in_time(told: int, stderr: int) -> None:
    """Ends the process GRACE after the first signal, or after the end of a `more_time` block. Runs in a thread."""
    while os.read(told, 1)[0] not in SIGNALS:
        pass
    time.sleep(GRACE)
    while more_time.locked():
        with more_time:
            pass
        time.sleep(GRACE)
    _leave(stderr)


def _leave(stderr: int) -> NoReturn:
    """Ends the process without waiting for its threads."""
    os.write(stderr, f"\n{FAREWELL}{'' if keeps_nothing.is_set() else GOES_ON}\n".encode())
    os._exit(EXIT_CODE)
