"""Ctrl-C and SIGTERM end a program within two seconds, whatever it is at."""

import signal
import subprocess
import sys
import time

import pytest
from helpers.project import ROOT

from pipeline.core import interrupt

FAREWELL = interrupt.FAREWELL + interrupt.GOES_ON

BEGINS = """
import os, signal, sys, time
signal.signal(signal.SIGINT, {sigint})
from pipeline.core import interrupt
def send(number=signal.SIGINT): os.kill(os.getpid(), number)
def say(text): print(text, flush=True)
with interrupt.handled():
"""


def run(body: str, sigint: str = "signal.default_int_handler") -> tuple[int, list[str], float]:
    """Exit code, lines on stdout and stderr, and seconds from the line "go" on, of a program with this body."""
    code = BEGINS.format(sigint=sigint) + "".join(f"    {line}\n" for line in body.strip().splitlines())
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=ROOT, stdout=-1, stderr=subprocess.STDOUT, text=True) as process:
        lines, started = [], time.monotonic()
        for line in process.stdout:
            if line == "go\n":
                started = time.monotonic()
            elif line.strip():
                lines.append(line.strip())
        process.wait()
        return process.returncode, lines, time.monotonic() - started


HANGS = {
    "in what follows the exception": "say('go')\ntry: send()\nexcept KeyboardInterrupt: time.sleep(60)",
    "in a C library that no signal reaches": "import ctypes, threading\nthreading.Timer(0.2, send).start()\nsay('go')\n"
    "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})\nctypes.CDLL(None).sleep(60)",
    "in a thread, at the end": "import threading\nthreading.Thread(target=time.sleep, args=(60,)).start()\n"
    "say('go')\nsend()",
    "with stderr switched off": "from pipeline.core import cli\nsay('go')\n"
    "with cli.suppress_stderr():\n    try: send()\n    except KeyboardInterrupt: time.sleep(60)",
}


@pytest.mark.parametrize("body", HANGS.values(), ids=HANGS)
def test_what_hangs_ends_too(body):
    code, lines, seconds = run(body)
    assert (code, lines) == (130, [FAREWELL])
    assert seconds < 4, "two, and two for a busy machine"


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_either_signal_lets_the_program_put_things_in_order(number):
    body = f"try: send(signal.{number}); say('never here')\nfinally: send(signal.SIGTERM); say('in order')"
    assert run(body)[:2] == (130, ["in order", FAREWELL]), "the second, at once, is what `mlflow run` sends"


def test_what_a_library_makes_of_a_signal_is_still_one():
    scopes = "try: send()\nfinally: raise RuntimeError('Exiting device scope without proper scope nesting.')"
    assert run(scopes)[:2] == (130, [FAREWELL])
    with pytest.raises(ZeroDivisionError), interrupt.kept():
        raise ZeroDivisionError


def test_what_keeps_nothing_does_not_go_on():
    assert run("interrupt.keeps_nothing.set()\nsend()")[:2] == (130, ["stopped by Ctrl-C"])


def test_a_program_may_take_longer_until_somebody_loses_patience():
    body = """
interrupt.GRACE, interrupt.SAME_WISH = 0.1, 0.2
try: send()
except KeyboardInterrupt:
    with interrupt.more_time:
        send(signal.SIGTERM)
        time.sleep(0.5)
        say("epochs under way")
        send()
        say("never here")
"""
    assert run(body)[:2] == (130, ["epochs under way", FAREWELL])


def test_what_follows_more_time_is_ended_when_it_hangs():
    body = """
try: send()
except KeyboardInterrupt:
    with interrupt.more_time:
        say("go")
    time.sleep(60)
"""
    code, lines, seconds = run(body)
    assert (code, lines, seconds < 4) == (130, [FAREWELL], True)


def test_a_signal_that_is_ignored_stays_so():
    assert run("send(); say('goes on')", "signal.SIG_IGN")[:2] == (0, ["goes on"])


def test_an_interrupt_during_the_imports_is_the_same_line():
    process = subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "pipeline", "verify"], cwd=ROOT, stderr=-1, text=True
    )
    assert any(line.endswith("pipeline.core.interrupt\n") for line in process.stderr)
    assert any(" click" in line for line in process.stderr)
    process.send_signal(signal.SIGTERM)
    _, shown = process.communicate()
    assert process.returncode == 130 and "Traceback" not in shown
    assert [line for line in shown.splitlines() if line and not line.startswith("import time")] == [FAREWELL]
