import errno
import threading
from pathlib import Path

import optuna
import pytest
import sqlalchemy
import tensorflow as tf
from helpers.data import make_split

from pipeline.core.errors import UserError
from pipeline.models import architectures
from pipeline.training import checkpoint
from pipeline.tuning import launch, mlflow_runs, storage, trials, worker
from pipeline.tuning.objective import TrainingFailed
from pipeline.tuning.states import States
from pipeline.tuning.study import Interrupted, Plan, open_study, silence_optuna

pytestmark = pytest.mark.whole

SPLITS = {"train": make_split(32, 1), "validation": make_split(20, 2)}


@pytest.fixture
def study(tmp_path) -> optuna.Study:
    silence_optuna()
    return optuna.create_study(storage=storage.open_storage(str(tmp_path / "optuna.journal")), study_name="a")


def run_one(study, tmp_path, error):
    """One trial of a worker whose training raises `error`; others may go on before that."""
    unlocked = []

    def train(trial):
        assert unlocked
        trial.suggest_float("x", 0, 1)
        raise error

    with storage.worker_lease(str(tmp_path / "optuna.journal")) as name:
        study.optimize(worker.sort_faults(train, name, lambda: unlocked.append(True)), n_trials=1, catch=(Exception,))


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


def test_the_state_of_a_training_is_removed_and_nothing_that_somebody_wrote_there(study, tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    name = "a" * 32
    with checkpoint.claim(name) as folder:
        (folder / "latest.npz").touch()
    study.add_trial(optuna.create_trial(value=0.5, user_attrs={"training": name}))
    worker._forget(States(), study, study.trials[0])
    assert not folder.exists() and folder.parent.exists()
    for path in (folder.parent, ".", "../training"):
        study.add_trial(optuna.create_trial(value=0.5, user_attrs={"training": str(path)}))
        with pytest.raises(UserError, match=r"trial \d: training: .* is no training .*; nothing was done with it"):
            worker._forget(States(), study, study.trials[-1])
    assert folder.parent.exists()


def test_a_trial_that_is_pruned_or_interrupted_has_no_error(study, tmp_path):
    run_one(study, tmp_path, optuna.TrialPruned())
    run_one(study, tmp_path, Interrupted("after epoch 1"))
    assert [trial.state.name for trial in study.trials] == ["PRUNED", "FAIL"]
    assert [trial.user_attrs.keys() for trial in study.trials] == [{"worker"}, {"worker"}]


@pytest.fixture
def threads() -> list[int]:
    """The numbers of threads that a worker has asked tensorflow for."""
    return []


@pytest.fixture
def plan(store, tmp_path, params, monkeypatch, threads) -> Plan:
    """A study of three short trials with two objectives, the run of which is open no more."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(architectures, "use_threads", threads.append)  # tensorflow takes it in a new process alone
    silence_optuna()
    changes = {"trials": 3, "epochs": 1, "pruner": "none", "objectives": ["validation_accuracy", "parameters"]}
    tune = params.tune.model_copy(update=changes)
    train = params.train.model_copy(update={"epochs": 1, "threads": 1})
    address = str(tmp_path / "optuna.journal")
    with mlflow_runs.study_run(open_study(storage.open_storage(address), tune, {}), tune, {}) as parent:
        pass
    return Plan(address, parent, params.dataset, train, tune, {"train": "a" * 64}, params.tracking)


def test_a_worker_takes_trials_to_the_exact_total_and_reports_the_study(plan, store, capsys, tmp_path, threads):
    study = open_study(storage.open_storage(plan.address), plan.tune, {})
    study.ask()  # of a worker that was killed before it had a name
    tags = {"mlflow.parentRunId": plan.parent, "optuna.trial": "0"}
    left = store.create_run("0", tags=tags).info.run_id
    worker.take_trials(plan, SPLITS, lambda: False, threading.Event())
    assert [trial.state.name for trial in study.trials] == ["FAIL", "COMPLETE", "COMPLETE", "COMPLETE"]
    assert trials.retried(study) == {0} and threads == [1]
    assert len({trial.user_attrs.get("worker") for trial in study.trials[1:]}) == 1
    assert trials.attribute(study.trials[1], "worker")
    assert store.get_run(left).info.status == "FAILED"
    assert store.get_run(left).data.tags["error"] == "its worker stopped; queued again"
    run, best = store.get_run(plan.parent), trials.best_trial(study)
    assert run.info.status == "FINISHED" and run.data.tags["best_run"] == best.user_attrs["mlflow_run_id"]
    assert run.data.params["best_filters"] == str(best.params["filters"])
    assert run.data.metrics["best/validation_accuracy"] == best.values[0] and run.data.metrics["trials/complete"] == 3
    (model,) = store.search_logged_models(["0"], f"source_run_id = '{plan.parent}'")
    assert model.tags["model.sha256"] == run.data.tags["model.sha256"]
    assert "figures/study.html" in {file.path for file in store.list_artifacts(plan.parent, "figures")}
    tables = Path(store.download_artifacts(plan.parent, "tables", str(tmp_path)))
    columns, *rows = (tables / "front.csv").read_text().splitlines()
    assert columns.startswith("trial,accuracy,parameters,") and len(rows) == len(study.best_trials)
    table = (tables / "trials.csv").read_text()
    assert table.startswith("number,") and "worker" not in table and "mlflow_run_id" not in table
    assert not list(tmp_path.glob(".state/training/*")) and not list(tmp_path.glob("optuna.journal.locks/worker-*"))
    launch.conclude(study, plan.tune)
    shown = capsys.readouterr().out
    assert "3 complete, 0 pruned, 0 failed" in shown and "adopt --study first" in shown and plan.parent in shown
    points = store.get_metric_history(plan.parent, "best/validation_accuracy")
    worker.take_trials(plan, SPLITS, lambda: False, threading.Event())
    assert len(study.trials) == 4 and store.get_metric_history(plan.parent, "best/validation_accuracy") == points, (
        "once"
    )


def test_a_worker_that_is_to_stop_begins_no_trial(plan):
    worker.take_trials(plan, SPLITS, lambda: True, threading.Event())
    assert not open_study(storage.open_storage(plan.address), plan.tune, {}).trials


def test_a_sweep_of_which_every_training_fails_ends_and_says_why(plan, store):
    steep = plan.train.model_copy(update={"learning_rate": 1e30})
    plan = plan._replace(train=steep, tune=plan.tune.model_copy(update={"trials": 1}))
    study = open_study(storage.open_storage(plan.address), plan.tune, {})
    worker.take_trials(plan, SPLITS, lambda: False, threading.Event())
    assert [trial.state.name for trial in study.trials] == ["FAIL"]
    assert store.get_run(plan.parent).info.status == "FINISHED"
    with pytest.raises(UserError, match="study first has no complete trial: training diverged in epoch 1"):
        launch.conclude(study, plan.tune)


def test_a_study_without_a_complete_trial_says_why(plan):
    study = open_study(storage.open_storage(plan.address), plan.tune, {})
    for error, why in ((None, "the time was over"), ("training diverged", "training diverged")):
        if error:
            study.add_trial(optuna.create_trial(state=optuna.trial.TrialState.FAIL, user_attrs={"error": error}))
        with pytest.raises(UserError, match=f"study first has no complete trial: {why}"):
            launch.conclude(study, plan.tune)
