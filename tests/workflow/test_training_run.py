import contextlib
import hashlib
from pathlib import Path

import mlflow
import numpy as np
import pytest
from helpers.data import SHIPPED
from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

from pipeline.config import recipes
from pipeline.config.load import parse
from pipeline.config.schema import Tracking, leaves
from pipeline.core import paths
from pipeline.tracking import runs
from pipeline.tracking.logging import log_files
from pipeline.training import checkpoint
from pipeline.workflow import training_run
from pipeline.workflow.training_run import Start, decide


@pytest.mark.parametrize(
    ("status", "has_state", "is_committed", "is_opened", "start"),
    [
        (None, False, False, False, Start()),  # nothing is known of it
        (None, True, False, True, Start()),  # the state of a run in another store: gone on from, in a new run
        ("KILLED", False, False, False, Start(continues="earlier")),  # killed in its first epoch
        ("KILLED", True, False, False, Start(continues="earlier")),
        ("RUNNING", True, False, False, Start(continues="earlier")),
        ("FINISHED", True, False, False, Start(continues="earlier")),  # killed before the state was removed
        ("FINISHED", False, False, False, Start(forgets_state=True)),
        ("FINISHED", True, True, False, Start(forgets_state=True)),
        ("KILLED", True, True, True, Start(forgets_state=True)),
        ("KILLED", True, False, True, Start(checkpoints_of="earlier")),
        ("FINISHED", False, False, True, Start(forgets_state=True)),
    ],
)
def test_how_a_training_begins(status, has_state, is_committed, is_opened, start):
    assert decide("earlier" if status else None, status, has_state, is_committed, is_opened) == start


@pytest.fixture
def data(store, tmp_path, monkeypatch):
    """A folder with prepared data, of a kind, in which the process stands."""
    monkeypatch.chdir(tmp_path)
    for folder in paths.TRAINING_DATA.values():
        folder.mkdir(parents=True)
        np.save(folder / "labels.npy", np.zeros(3, np.uint8))


def left_by(params, status: str) -> str:
    """The id of a training's run that was killed with this status, and with a state to go on from."""
    with training_run.training_run(params.dataset, params.train) as (run_id, folder):
        (folder / checkpoint.STATE).write_bytes(b"state")
    runs.end(run_id, status)
    return run_id


def test_the_run_records_what_params_yaml_asks_for(data, store, params, monkeypatch):
    started = []
    monkeypatch.setattr(SystemMetricsMonitor, "start", lambda monitor: started.append(monitor._run_id))
    monkeypatch.setattr(SystemMetricsMonitor, "finish", lambda _: None)
    with training_run.training_run(params.dataset, params.train, Tracking(system_metrics=True)) as (run_id, _):
        pass
    with training_run.training_run(params.dataset, params.train, params.tracking):
        pass
    assert started == [run_id]


def test_a_training_with_a_state_goes_on_in_its_run(data, store, params):
    earlier = left_by(params, "RUNNING")
    with training_run.training_run(params.dataset, params.train) as (run_id, folder):
        assert run_id == earlier and checkpoint.exists(folder)
        assert store.get_run(run_id).info.status == "RUNNING"
    assert store.get_run(run_id).info.status == "FINISHED"


@pytest.mark.parametrize(("status", "after"), [("FAILED", "KILLED"), ("FINISHED", "FINISHED")])
def test_under_mlflow_run_it_goes_on_in_the_run_that_was_opened_for_it(data, store, params, monkeypatch, status, after):
    earlier = left_by(params, status)
    opened = store.create_run("0").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", opened)
    with training_run.training_run(params.dataset, params.train) as (run_id, folder):
        assert run_id == opened and checkpoint.exists(folder)
    assert store.get_run(earlier).info.status == after


def test_under_mlflow_run_the_new_run_has_the_checkpoints_of_the_one_in_which_the_training_began(
    data, store, params, monkeypatch, tmp_path
):
    (tmp_path / "epoch_001.keras").write_bytes(b"weights")
    with training_run.training_run(params.dataset, params.train) as (earlier, folder):
        (folder / checkpoint.STATE).write_bytes(b"state")
        log_files([tmp_path / "epoch_001.keras"], "checkpoints")
    runs.end(earlier, "KILLED")
    monkeypatch.setenv("MLFLOW_RUN_ID", store.create_run("0").info.run_id)
    with training_run.training_run(params.dataset, params.train) as (run_id, _):
        taken = store.download_artifacts(run_id, "checkpoints/epoch_001.keras", str(tmp_path))
        assert run_id != earlier and Path(taken).read_bytes() == b"weights"


def test_a_training_whose_outputs_dvc_has_noted_is_done_once_more_afresh(data, store, params):
    earlier = left_by(params, "FINISHED")
    md5 = hashlib.md5(f"{earlier}\n".encode()).hexdigest()
    paths.LOCK.write_text(f"stages:\n  train:\n    outs:\n    - path: {paths.RUN_ID}\n      md5: {md5}\n")
    with training_run.training_run(params.dataset, params.train) as (run_id, folder):
        assert run_id != earlier and not checkpoint.exists(folder)


def test_another_folder_with_the_same_store_has_a_run_of_its_own(data, store, params, monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    with training_run.training_run(params.dataset, params.train) as (here, _):
        monkeypatch.setenv("DVC_ROOT", str(tmp_path / "other"))
        (tmp_path / "other").mkdir()
        with contextlib.ExitStack() as stack:
            mlflow.end_run("RUNNING")  # two processes in one
            there, _ = stack.enter_context(training_run.training_run(params.dataset, params.train))
            assert there != here


def test_another_training_gets_a_run_of_its_own(data, store, params):
    earlier = left_by(params, "KILLED")
    other = params.train.model_copy(update={"seed": params.train.seed + 1})
    with training_run.training_run(params.dataset, other) as (run_id, folder):
        assert run_id != earlier and not checkpoint.exists(folder)


def test_a_run_is_called_after_its_recipe_where_that_is_not_the_usual_one(monkeypatch):
    monkeypatch.setattr(training_run, "git", lambda *_: SHIPPED.read_text())
    monkeypatch.delenv("DVC_EXP_NAME", raising=False)
    usual = parse(SHIPPED.read_bytes(), "").train
    fast = leaves.replace(usual, recipes.read("fast"))
    epochs = fast.epochs
    assert training_run.name(usual) == "cnn 10 epochs"
    assert training_run.name(fast) == f"fast: vgg {epochs} epochs"
    assert training_run.name(leaves.replace(fast, {"seed": 2, "epochs": 3})) == "fast: vgg 3 epochs seed=2"
    assert training_run.name(fast, "dusty-lobe") == f"dusty-lobe: fast: vgg {epochs} epochs"
    assert training_run.name(leaves.replace(usual, {"filters": 8})) == "cnn 10 epochs filters=8"
