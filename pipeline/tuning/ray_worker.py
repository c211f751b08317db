"""A worker of a sweep, as a task of a Ray cluster: on any node, and once more on another one if its node dies."""

import contextlib
import logging
import os
import tempfile
import threading
from typing import TYPE_CHECKING

from pipeline.core import cli
from pipeline.core.cli import QUIET
from pipeline.data.arrays import Split

if TYPE_CHECKING:
    import ray.actor

    from pipeline.tuning.study import Plan


def work(
    plan: "Plan",
    number: int,
    home: "ray.actor.ActorHandle",
    environment: dict[str, str],
    train: Split,
    validation: Split,
) -> str | None:
    """The whole life of worker `number`. Returns None at a good end, else why the machine ended it, in one line.

    `environment` is set in this process. Images and labels lie in the node's object store and cannot be written to.
    No file of the project is needed: states of trainings go to `home` after each epoch.
    """
    import ray

    try:
        is_wanted = bool(ray.get(home.begin.remote(number, ray.get_runtime_context().get_node_id())))
    except ray.exceptions.RayError as error:
        return f"the machine that the sweep was started on does not answer: {str(error).splitlines()[0]}"
    if not is_wanted:
        return None
    try:
        with tempfile.TemporaryDirectory(prefix="seamline-") as folder:
            os.environ.pop("MLFLOW_RUN_ID", None)
            os.environ.update(environment, DVC_ROOT=folder)
            return _take_trials(plan, home, {"train": train, "validation": validation})
    except OSError as error:  # of that folder: the node's disk is full, or nothing may be written there
        return f"{error.filename or 'temporary folder'}: {error.strerror or error}"


def _take_trials(plan: "Plan", home: "ray.actor.ActorHandle", splits: dict[str, Split]) -> str | None:
    import ray

    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    from pipeline.tuning.study import silence_optuna

    silence_optuna()
    with cli.suppress_stderr():
        from pipeline.tuning import worker
    from pipeline.tuning.states import StatesElsewhere

    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # as in launch._work

    def stopping() -> bool:
        with contextlib.suppress(ray.exceptions.RayError):
            return bool(ray.get(home.is_stopping.remote()))
        return True  # nobody waits for what comes of it

    try:
        worker.take_trials(plan, splits, stopping, threading.Event(), StatesElsewhere(home))
    except (worker.MachineFault, *worker.MACHINE) as error:
        return worker.reason(error)
    return None
