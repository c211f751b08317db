import multiprocessing
import sys

import optuna
import pytest

from pipeline.core.errors import UserError
from pipeline.tuning import launch
from pipeline.tuning.study import silence_optuna


def stop(complaint) -> None:
    complaint.send("latest.npz: No space left on device")
    sys.exit(1)


def test_the_reason_for_which_the_last_worker_stopped_is_in_the_error(params, capsys):
    silence_optuna()
    spawn = multiprocessing.get_context("spawn")
    reader, writer = spawn.Pipe(duplex=False)
    process = spawn.Process(target=stop, args=(writer,), name="worker 1")
    process.start()
    with pytest.raises(UserError, match=r"stopped: latest\.npz: No space left on device; the same command goes on"):
        launch._watch(optuna.create_study(), params.tune, {process: reader})
    assert "worker 1 stopped: latest.npz" in capsys.readouterr().out
