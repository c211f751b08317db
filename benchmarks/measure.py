"""Runs a program and says what it took: CPU and wall seconds, peak memory, and when it said what."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO, NamedTuple

import psutil

from pipeline.core.cli import QUIET
from pipeline.core.errors import UserError

NONE: Mapping[str, str] = MappingProxyType({})
LEFT_OUT = ("DVC_", "MLFLOW_", "OPTUNA_", "GIT_", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE", "TF_")


class Mark(NamedTuple):
    """A line that a program printed, and the CPU and wall seconds from its start until then."""

    line: str
    cpu: float
    wall: float


class Run(NamedTuple):
    """What a program took from its start to its end, or to its first mark if it was stopped there."""

    cpu: float  # seconds, user and system, with all processes that it started and waited for
    wall: float  # seconds
    peak: int  # bytes of memory, of the largest of its processes
    marks: list[Mark]
    output: str

    def number(self, pattern: str) -> float:
        """The number in the last line of the output that fits a pattern with one group."""
        found = re.findall(pattern, self.output)
        if not found:
            raise UserError(f"the program printed no line with {pattern}")
        return float(found[-1])

    def between(self) -> "Run":
        """The part of the run between its first and its last mark."""
        first, last = self.marks[0], self.marks[-1]
        return self._replace(cpu=last.cpu - first.cpu, wall=last.wall - first.wall)


def environment() -> dict[str, str]:
    """That of a user who has activated the virtual environment and set nothing else that changes what is measured."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return kept | QUIET | {"PATH": path, "PYTHONUNBUFFERED": "1"}


def run(command: list[str], folder: Path, mark: str = "", stops: bool = False, others: Mapping[str, str] = NONE) -> Run:
    """Runs a program in a folder. `mark` is a pattern: each line of stdout that fits it is noted with its time.

    With `stops`, the program is ended at the first such line. `others` are set in its environment.
    Raises UserError with its last lines if it fails or prints no such line.
    """
    pattern = re.compile(mark) if mark else None
    marks, lines = [], []
    with tempfile.TemporaryFile("w+") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment(), **others},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                lines.append(line)
                if pattern and pattern.search(line):
                    marks.append(Mark(line.strip(), cpu_so_far(process.pid), time.perf_counter() - started))
                    if stops:
                        break
            cpu, peak = wait(process, is_killed=bool(stops and marks))
        except BaseException:  # Ctrl-C reaches this process alone
            end(process)
            raise
        wall = time.perf_counter() - started
        if (process.returncode and not (stops and marks)) or (pattern and not marks):
            raise UserError(f"{' '.join(command)} failed with exit code {process.returncode}:\n{tail(lines, errors)}")
    if stops:
        cpu, wall = marks[0].cpu, marks[0].wall
    return Run(cpu, wall, peak, marks, "".join(lines))


def wait(process: subprocess.Popen[str], is_killed: bool) -> tuple[float, int]:
    """Waits for the end of a process, of its group killed. Returns its CPU seconds and its peak memory in bytes.

    The system counts what the process waited for itself. A process begins with the peak of the one that starts it: this
    one has to stay small.
    """
    if is_killed:
        os.killpg(process.pid, signal.SIGKILL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def end(process: subprocess.Popen[str]) -> None:
    """Kills a process and all that it started, if it is still there."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def cpu_so_far(number: int) -> float:
    """CPU seconds of a process and all below it until now, in steps of 0.01."""
    total = 0.0
    try:
        top = psutil.Process(number)
        for process in (top, *top.children(recursive=True)):
            total += sum(process.cpu_times()[:4])  # user and system, and those of children that have ended
    except psutil.NoSuchProcess:  # ended meanwhile
        pass
    return total


def tail(lines: list[str], errors: IO[str]) -> str:
    """The last lines of stdout and stderr."""
    errors.seek(0)
    return "".join([*lines[-5:], *errors.readlines()[-10:]]).strip()
