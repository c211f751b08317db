"""Sweeps on a real Ray cluster of several nodes: nodes die, and nothing is lost but the epoch under way."""

import os
import signal

import pytest
from helpers import postgres, ray_cluster
from helpers.sweeps import check_study, children, epochs_trained, parents, still_at_work, tune
from optuna.trial import TrialState

from pipeline.tuning import storage, trials
from pipeline.tuning.study import load_existing_study

pytestmark = pytest.mark.e2e

EPOCHS = 30


@pytest.fixture
def project(prepared, tmp_path):
    """A project whose trials are long enough to be interrupted, and in which a lost worker is missed after seconds."""
    project = prepared.copy(tmp_path / "a b é").change("tune", epochs=EPOCHS, pruner="none")
    code = project.folder / "pipeline" / "tuning" / "storage.py"
    text = code.read_text()
    assert "HEARTBEAT, GRACE = 10, 30" in text
    code.write_text(text.replace("HEARTBEAT, GRACE = 10, 30", "HEARTBEAT, GRACE = 1, 4"))
    return project


def wait_for_epochs(process, study, count: int):
    """Waits until a trial that is under way has ended that many epochs; returns it."""
    while True:
        for trial in study.get_trials(states=(TrialState.RUNNING,)):
            if len(trial.intermediate_values) >= count:
                return trial
        still_at_work(process)


def test_a_sweep_that_was_stopped_and_lost_a_node_ends_as_if_nothing_had_happened(project):
    with postgres.server() as address, ray_cluster.cluster() as nodes:
        command = tune("--ray", nodes.address, "--trials", "3", "--storage", address)
        process = project.start(*command, "--workers", "2")
        study = wait_for_study(process, address)
        wait_for_epochs(process, study, 3)
        os.killpg(process.pid, signal.SIGINT)
        shown, _ = process.communicate()
        assert process.returncode == 130 and "Traceback" not in shown, shown
        assert "stopping after the epochs under way" in shown
        assert not study.get_trials(states=(TrialState.RUNNING,))
        best = trials.best_trial(study)

        process = project.start(*command)
        killed = wait_for_epochs(process, study, 6)
        number = project.client().get_run(killed.user_attrs["mlflow_run_id"]).data.tags["process.id"]
        nodes.kill_the_one_of(int(number))
        shown, _ = process.communicate()
        assert process.returncode == 0 and "Traceback" not in shown, shown
        assert "is lost; its trials go elsewhere from their last finished epoch" in shown
        assert "raylet" not in shown, "Ray itself says nothing"
        assert postgres.PASSWORD not in shown
        study = load_existing_study(storage.open_storage(address), "first")
        assert killed.number in trials.retried(study)
        assert best is None or trials.best_trial(study).values[0] >= best.values[0]
        check_study(project, study, 3)
    (parent,) = parents(project)
    run = children(project, parent)[killed.number]
    assert run.data.tags["error"] == "its worker stopped; queued again"
    for epochs in epochs_trained(project).values():
        assert sorted(set(epochs)) == list(range(1, EPOCHS + 1)), "each was trained, wherever that was"
        assert len(epochs) <= EPOCHS + 1, "at most the epoch under way is repeated when a node dies"
    assert {"figures/study.html", "tables/trials.csv", "tables/front.csv", "manifest.json"} <= project.artifacts(parent)
    for path in project.folder.rglob("*"):
        assert not path.is_file() or postgres.PASSWORD.encode() not in path.read_bytes(), path


def wait_for_study(process, address: str):
    """Waits until the sweep has made its study."""
    for line in process.stdout:
        if "study first: up to" in line:
            return load_existing_study(storage.open_storage(address), "first")
    raise AssertionError(process.communicate()[0])
