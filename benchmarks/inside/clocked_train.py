"""Trains as `python -m pipeline train` does, with a clock on what keeps the state and on what records.

Clocked are the functions of some modules; imports are not. Prints the shares of all CPU seconds as a JSON object.
"""

import functools
import importlib
import inspect
import json
import pkgutil
import runpy
import sys
import time
from collections.abc import Callable
from types import ModuleType

from pipeline import tracking
from pipeline.core import cli
from pipeline.training import checkpoint, fingerprint

spent = {"safety": 0.0, "recording": 0.0}  # for going on after a kill, and for MLflow
depth = 0


def clocked(function: Callable, part: str) -> Callable:
    """The function, with the CPU seconds of its outermost calls added to a part; all threads count."""

    @functools.wraps(function)
    def call(*arguments, **settings):
        global depth
        depth += 1
        started = time.process_time()
        try:
            return function(*arguments, **settings)
        finally:
            depth -= 1
            if depth == 0:
                spent[part] += time.process_time() - started

    return call


def put_clock_on(module: ModuleType, part: str) -> None:
    """Replaces the functions of a module, before others import them."""
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ == module.__name__:
            setattr(module, name, clocked(function, part))


def main() -> None:
    with cli.suppress_stderr():
        names = [each.name for each in pkgutil.iter_modules(tracking.__path__, f"{tracking.__name__}.")]
        recorders = [importlib.import_module(name) for name in names]
    for module in recorders:
        put_clock_on(module, "recording")
    for module in (checkpoint, fingerprint):
        put_clock_on(module, "safety")
    sys.argv = ["pipeline", "train"]
    try:
        runpy.run_module("pipeline", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if ended.code:
            raise
    print(json.dumps({part: seconds / time.process_time() for part, seconds in spent.items()}))


if __name__ == "__main__":
    main()
