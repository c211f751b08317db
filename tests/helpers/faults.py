"""How the tests end programs that are under way."""

import os
import signal
import subprocess

EPOCHS = 12


def interrupt(process: subprocess.Popen, number: int) -> str:
    """Sends a signal to a program and all that it has started; returns what was printed."""
    os.killpg(process.pid, number)
    return process.communicate()[0]


def kill_after(process: subprocess.Popen, line: str) -> None:
    """kill -9 as soon as a program has printed a line that begins so."""
    assert any(shown.startswith(line) for shown in process.stdout)
    interrupt(process, signal.SIGKILL)
