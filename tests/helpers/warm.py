"""`python -m pipeline …` and `dvc …` as forks of a process that has imported the heavy libraries once for all tests.

A new interpreter takes four CPU-seconds to import tensorflow and mlflow, more than most of what it is started for.
There are a `python` and a `dvc` at the head of PATH which hand their words, environment, folder and open files to that
process, and end with the exit code of the fork. The fork runs the code of the folder that it is started in: nothing of
the project is imported before. It has a session of its own: what tests kill, they start without this.
"""

import atexit
import functools
import gc
import json
import multiprocessing.process
import os
import runpy
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path

HEAVY = ["tensorflow", "keras", "mlflow", "pandas", "great_expectations", "optuna", "matplotlib.figure", "dvc.repo"]
FORKED = ("pipeline", "dvc")
SOCKET = "SEAMLINE_WARM"
SIZE = 2**20  # bytes of a request: words and environment


@functools.cache
def environment() -> dict[str, str]:
    """Starts the process, one for each process of pytest. Returns what a program needs to fork it: SOCKET and PATH."""
    folder = Path(tempfile.mkdtemp(prefix="warm-"))
    atexit.register(shutil.rmtree, folder)
    ask = f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -IS {shlex.quote(__file__)} ask "
    for name, words in (("python", ""), ("dvc", "-m dvc")):
        (folder / name).write_text(f'{ask} {words} "$@"\n')
        (folder / name).chmod(0o755)
    address = str(folder / "socket")
    command = [sys.executable, "-P", __file__, "answer", address, str(folder / "python")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout and process.stdout.readline() == b"listening\n"
    path = [str(folder), str(Path(sys.executable).parent), os.environ["PATH"]]
    return {SOCKET: address, "PATH": os.pathsep.join(path)}


def answer(address: str, python: str) -> None:
    """Imports, then forks for each request until the end of the tests, which closes stdin."""
    gc.disable()
    for name in HEAVY:
        __import__(name)
    gc.freeze()
    gc.enable()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(address)
    listening.listen(64)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no zombies
    print("listening", flush=True)
    if not os.fork():
        os.read(0, 1)
        os.kill(os.getppid(), signal.SIGTERM)
        os._exit(0)
    while True:
        asked, _ = listening.accept()
        if not os.fork():
            break
        asked.close()
    listening.close()
    _, module, *words = receive(asked)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if child := os.fork():
        for number in (0, 1, 2):  # a pipe ends with the program
            os.close(number)
        _, status = os.waitpid(child, 0)
        asked.send(bytes([os.waitstatus_to_exitcode(status) % 256]))
        os._exit(0)
    asked.close()
    os.setsid()
    sys.executable = python
    sys.argv = [module, *words]
    sys.path[:] = ["", *sys.path]
    sys.stdin, sys.stdout, sys.stderr = (open(n, "w" if n else "r", closefd=False) for n in range(3))  # noqa: SIM115
    code = run(module)
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(code)  # to take all libraries down one by one, as Python would now, takes longer than most commands


def run(module: str) -> int:
    """Does what `python -m` does; returns the exit code."""
    code: object = None
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        traceback.print_exc()
        return 1
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        return 1
    return code or 0


def receive(asked: socket.socket) -> list[str]:
    """Takes the environment, folder and open files of whoever asks; returns the words."""
    request, passed, _, _ = socket.recv_fds(asked, SIZE, 3)
    told = json.loads(request)
    for number, file in enumerate(passed):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(told["environment"])
    os.chdir(told["folder"])
    multiprocessing.process.ORIGINAL_DIR = told["folder"]  # where a process that is spawned goes to
    return told["words"]


def ask(words: list[str]) -> None:
    """What the `python` of the folder does: a fork for `-m pipeline` or `-m dvc`, the real one for all else."""
    if words[:1] != ["-m"] or words[1] not in FORKED or SOCKET not in os.environ:
        os.execv(sys.executable, [sys.executable, *words])
    asked = socket.socket(socket.AF_UNIX)
    asked.connect(os.environ[SOCKET])
    told = {"words": words, "environment": dict(os.environ), "folder": str(Path.cwd())}
    socket.send_fds(asked, [json.dumps(told).encode()], [0, 1, 2])
    code = asked.recv(1)
    os._exit(code[0] if code else 1)


if __name__ == "__main__":
    if sys.argv[1] == "ask":
        ask(sys.argv[2:])
    else:
        answer(*sys.argv[2:])
