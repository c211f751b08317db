"""MLflow's server with its UI: on the store that this project works with, or one to share."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import IO
from urllib.error import URLError

import psutil

from pipeline.core import files, interrupt
from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.serving.listen import HOST, listen

QUICK = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # else it starts seven more programs
OFTEN = 0.2  # seconds between two questions whether it answers
GRACE = 1  # seconds to end in


def run(store: str, port: int, said: str, artifacts: Path | None = None) -> None:
    """Serves the store at an address, on `port` or a free one, until Ctrl-C; prints `said` once it answers.

    {address} in it becomes the server's. It keeps the files of new runs in the folder `artifacts`, if one is named, and
    beside it which process it is: one that a killed program has left there is ended. Raises UserError where MLflow ends
    before.
    """
    note = artifacts.with_name("process") if artifacts else None
    if note:
        end_left(note)
    with listen(port) as free:
        port = free.getsockname()[1]
    address = f"http://{HOST}:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port), "--workers", "1"]
    environment = os.environ | QUICK | {"MLFLOW_BACKEND_STORE_URI": store}  # not in the command, which all can see
    if artifacts:
        environment["MLFLOW_ARTIFACTS_DESTINATION"] = str(artifacts)
    say("MLflow's server starts: up to half a minute")
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
        try:
            if note:
                files.write_text(note, f"{process.pid} {psutil.Process(process.pid).create_time()}")
            while process.poll() is None and not answers(f"{address}/health"):
                time.sleep(OFTEN)
            if process.poll() is None:
                say(said.replace("{address}", address))
            process.wait()
        finally:
            with interrupt.more_time:
                end(process)
        raise UserError(f"MLflow's server ended: {last_line(log)}")


def answers(address: str) -> bool:
    """Whether a server answers."""
    with suppress(URLError, OSError):
        return urllib.request.urlopen(address, timeout=5).status == 200
    return False


def end_left(note: Path) -> None:
    """Ends the program that a note is about, if it still runs."""
    with suppress(OSError, ValueError, psutil.Error):
        number, started = note.read_text(encoding="utf-8").split()
        left = psutil.Process(int(number))
        if str(left.create_time()) == started:
            all_of_it = [left, *left.children(recursive=True)]
            os.killpg(left.pid, signal.SIGKILL)
            psutil.wait_procs(all_of_it, GRACE)  # they have the port


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a program and those that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)


def last_line(file: IO[bytes]) -> str:
    """The last line of a file that is not empty."""
    file.seek(0)
    lines = file.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
