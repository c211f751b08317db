import optuna

from pipeline.tuning import storage, worker
from pipeline.tuning.study import silence_optuna


def test_a_dead_workers_trial_is_queued_again_though_its_run_was_deleted(store, tmp_path, params):
    silence_optuna()
    address = str(tmp_path / "sweeps" / "optuna.journal")
    study = optuna.create_study(storage=storage.open_storage(address))
    for run_id in ("0123", store.create_run("0").info.run_id):
        trial = study.ask()
        trial.set_user_attr("worker", "worker-that-was-killed")
        trial.set_user_attr("mlflow_run_id", run_id)
    deleted = trial.user_attrs["mlflow_run_id"]
    store.delete_run(deleted)
    with storage.worker_lease(address) as alive:
        study.ask().set_user_attr("worker", alive)
        worker.requeue_stale_trials(study, address)
        states = [trial.state.name for trial in study.trials]
    assert states == ["FAIL", "FAIL", "RUNNING", "WAITING", "WAITING"]


def test_a_trial_that_lost_its_worker_before_it_had_a_name_is_queued_again(store, tmp_path):
    silence_optuna()
    address = str(tmp_path / "sweeps" / "optuna.journal")
    study = optuna.create_study(storage=storage.open_storage(address))
    study.ask()
    worker.requeue_stale_trials(study, address)
    assert [trial.state.name for trial in study.trials] == ["FAIL", "WAITING"]
