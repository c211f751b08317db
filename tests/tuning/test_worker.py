import errno

import optuna
import pytest
import sqlalchemy
import tensorflow as tf

from pipeline.core.errors import UserError
from pipeline.tuning import storage, trials, worker
from pipeline.tuning.objective import TrainingFailed
from pipeline.tuning.study import silence_optuna


@pytest.fixture
def study(tmp_path) -> optuna.Study:
    silence_optuna()
    return optuna.create_study(storage=storage.open_storage(str(tmp_path / "optuna.journal")), study_name="a")


def run_one(study, tmp_path, error):
    """One trial of a worker whose training raises `error`."""

    def train(trial):
        trial.suggest_float("x", 0, 1)
        raise error

    with storage.worker_lease(str(tmp_path / "optuna.journal")) as name:
        study.optimize(worker.sort_faults(train, name, lambda: None), n_trials=1, catch=(Exception,))


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "a.npz"), "a.npz: No space left on device"),
        (MemoryError("Unable to allocate 3 GiB"), "Unable to allocate 3 GiB"),
        (tf.errors.ResourceExhaustedError(None, None, "OOM when allocating"), "OOM when allocating"),
        (sqlalchemy.exc.OperationalError("insert", {}, Exception("no connection")), "no connection"),
        (optuna.exceptions.StorageInternalError("no commit"), "no commit"),
        (UserError("MLflow's store: disk is full\nmore"), "MLflow's store: disk is full"),
    ],
)
def test_what_the_machine_refuses_stops_the_worker_and_the_trial_is_queued_again(study, tmp_path, error, shown):
    with pytest.raises(worker.MachineFault) as caught:
        run_one(study, tmp_path, error)
    assert worker.reason(caught.value) == shown
    storage.requeue_stale_trials(study, str(tmp_path / "optuna.journal"))
    assert [trial.state.name for trial in study.trials] == ["FAIL", "WAITING"]
    assert study.trials[1].params == study.trials[0].params and not trials.effective_trials(study)


@pytest.mark.parametrize("error", [TrainingFailed("training diverged"), ValueError("kernel too large")])
def test_what_the_parameters_did_counts_against_them(study, tmp_path, error):
    run_one(study, tmp_path, error)
    storage.requeue_stale_trials(study, str(tmp_path / "optuna.journal"))
    assert [trial.state.name for trial in study.trials] == ["FAIL"] and len(trials.effective_trials(study)) == 1
    assert study.trials[0].user_attrs["error"] == str(error)
