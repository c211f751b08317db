import multiprocessing
import os
import signal
import sys

import optuna
import pytest

from pipeline.core.errors import UserError
from pipeline.tuning import launch
from pipeline.tuning.study import silence_optuna


def be_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail() -> None:
    sys.exit("worker 2 stopped: latest.npz: No space left on device")


def end_well() -> None:
    pass


@pytest.fixture
def watch(params):
    """Starts workers that do these things, and watches them to their end."""
    silence_optuna()
    spawn = multiprocessing.get_context("spawn")

    def run(*targets) -> None:
        workers = [spawn.Process(target=target, name=f"worker {i}") for i, target in enumerate(targets, start=1)]
        for process in workers:
            process.start()
        launch._watch(optuna.create_study(), params.tune, workers)

    return run


def test_how_each_worker_ended_is_said_and_one_that_ended_well_is_enough(watch, capfd):
    watch(be_killed, fail, end_well)
    shown = capfd.readouterr()
    assert sorted(shown.out.splitlines()) == ["worker 1 was killed by signal 9", "worker 2 ended with an error"]
    assert shown.err.splitlines() == ["worker 2 stopped: latest.npz: No space left on device"]


def test_it_is_an_error_that_no_worker_ended_well(watch):
    with pytest.raises(UserError, match="no worker is left; the same command goes on"):
        watch(fail)
