"""Sweeps that are stopped, killed and started again: exact totals, nothing left running, nothing lost."""

import contextlib
import os
import random
import signal
import subprocess

import psutil
import pytest
from helpers import postgres
from helpers.project import Project
from helpers.sweeps import check, children, epochs_trained, opened, parents, still_at_work, tune
from optuna.trial import TrialState

from pipeline.tuning import storage, trials
from pipeline.tuning.study import load_existing_study

pytestmark = pytest.mark.e2e


EPOCHS = 12


@pytest.fixture
def project(prepared, tmp_path) -> Project:
    """A project whose trials are long enough to be interrupted."""
    return prepared.copy(tmp_path / "copy").change("tune", epochs=EPOCHS, pruner="none")


def kill(process: subprocess.Popen) -> None:
    """kill -9 for a program and all that it has started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def wait_for(process: subprocess.Popen, text: str) -> None:
    """Returns as soon as a program has printed a line with `text`."""
    for line in process.stdout:
        if text in line:
            return
    raise AssertionError(f"{text!r} was not printed")


def wait_for_epochs(project: Project, process: subprocess.Popen, count: int) -> None:
    """Returns as soon as that many epochs have been reported in all."""
    journal = project.folder / "sweeps" / "optuna.journal"
    while not journal.exists() or journal.read_bytes().count(b'"intermediate_value"') < count:
        still_at_work(process)


def test_ctrl_c_and_sigterm_end_after_the_epoch_and_another_call_goes_on(project, inside):
    project.change("train", threads=1)  # so that one worker goes on with what one of two has begun
    process = project.start(*tune("--trials", "3", "--workers", "2"))
    wait_for_epochs(project, process, 5)
    while sum(bool(trial.intermediate_values) for trial in opened(project).trials) < 2:
        still_at_work(process)  # the other worker may take its first trial later
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it
    shown, _ = process.communicate()
    assert process.returncode == 130 and "Traceback" not in shown, shown
    assert "stopping after the epochs under way" in shown
    study = opened(project)
    assert not study.get_trials(states=(TrialState.RUNNING,))
    interrupted = [trial for trial in study.trials if trial.state == TrialState.FAIL]
    assert len(interrupted) == len(study.get_trials(states=(TrialState.WAITING,))) == 2
    (parent,) = parents(project)
    assert parent.info.status == "KILLED"
    for trial in interrupted:
        run = children(project, parent)[trial.number]
        assert run.info.status == "FAILED" and "interrupted after epoch" in run.data.tags["error"]
    process = project.start(*tune("--trials", "3"))
    wait_for_epochs(project, process, sum(len(trial.intermediate_values) for trial in study.trials) + 1)
    process.terminate()  # is as polite
    shown, _ = process.communicate()
    assert process.returncode == 130 and "Traceback" not in shown, shown
    assert not opened(project).get_trials(states=(TrialState.RUNNING,))
    inside(project, "tune", "--trials", "3")
    study = check(project, 3)
    assert len(study.trials) == 3 + len(trials.retried(study)) >= 5, "the second end may fall behind a last epoch"
    for epochs in epochs_trained(project).values():
        assert epochs == list(range(1, EPOCHS + 1)), "each once, over all calls"


def test_a_killed_worker_loses_its_trial_to_the_other_and_a_killed_launcher_takes_its_workers_along(project, inside):
    process = project.start(*tune("--trials", "4", "--workers", "2"))
    wait_for_epochs(project, process, 5)
    first, second = [c for c in psutil.Process(process.pid).children() if "spawn_main" in " ".join(c.cmdline())]
    first.kill()
    wait_for(process, "was killed by signal 9")
    process.kill()
    second.wait(timeout=60)
    study = opened(project)
    assert len(study.get_trials(states=(TrialState.RUNNING,))) <= 1, "the killed one's, if the other did not see it"
    inside(project, "tune", "--trials", "4")
    study = check(project, 4)
    assert len(trials.retried(study)) == 2


def test_ctrl_c_while_the_workers_start_is_a_polite_end(project, round_number):
    process = project.start(*tune("--trials", "2", "--workers", "2"))
    wait_for(process, "up to 2 trials")
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(random.Random(round_number).uniform(0, 4))
    os.killpg(process.pid, signal.SIGINT)
    shown, _ = process.communicate()
    assert process.returncode == 130 and "Traceback" not in shown, shown
    assert not [trial for trial in opened(project).trials if trial.state is TrialState.RUNNING]
    (parent,) = parents(project)
    assert parent.info.status == "KILLED"


def test_killed_at_any_moment_the_total_is_exact_and_the_best_is_kept(project, inside, round_number):
    """Round 0 kills once, which is what a quick run can afford; the others up to three times."""
    chance, best = random.Random(round_number), -1.0
    for _ in range(1 + round_number % 3):
        process = project.start(*tune("--trials", "3", "--workers", "2"))
        try:
            shown, _ = process.communicate(timeout=chance.uniform(2, 20))
        except subprocess.TimeoutExpired:
            kill(process)
        else:
            assert process.returncode == 0, shown
        if (project.folder / "sweeps" / "optuna.journal").exists() and parents(project):
            now = trials.best_trial(opened(project))
            assert now is None or now.values[0] >= best, "the best value is never lost"
            best = now.values[0] if now else best
    inside(project, "tune", "--trials", "3", "--workers", "2")
    study = check(project, 3)
    for epochs in epochs_trained(project).values():
        assert set(epochs) == set(range(1, EPOCHS + 1))
        assert len(epochs) <= EPOCHS + 3, "at most the epoch under way is repeated after a kill"
    assert trials.best_trial(study).values[0] >= best


def test_a_failing_trial_says_why_and_the_others_go_on(prepared, tmp_path, inside):
    project = prepared.copy(tmp_path / "copy")
    space = project.params()["tune"]["space"] | {"learning_rate": {"choices": [0.01, 1e30]}}
    project.change("tune", space=space, sampler="random")
    shown = inside(project, "tune", "--trials", "4")
    study = check(project, 4)
    failed = [trial for trial in study.trials if trial.state == TrialState.FAIL]
    assert failed and "→  failed: training diverged in epoch 1" in shown
    (parent,) = parents(project)
    for trial in failed:
        assert "training diverged" in children(project, parent)[trial.number].data.tags["error"]


def test_a_study_in_postgresql_survives_kill_9_and_its_password_is_nowhere(project, inside):
    with postgres.server() as address:
        command = tune("--trials", "4", "--workers", "2", "--storage", address)
        process = project.start(*command)
        wait_for(process, "study first")
        study = load_existing_study(storage.open_storage(address), "first")
        while sum(len(trial.intermediate_values) for trial in study.trials) < 10:
            still_at_work(process)
        kill(process)
        assert len(study.get_trials(states=(TrialState.RUNNING,))) == 2
        shown = inside(project, *command[3:])
        assert len(trials.effective_trials(study)) == 4 and len(trials.retried(study)) == 2
        assert all(trial.state.is_finished() for trial in study.trials)
        count = len(study.trials)
        adopted = inside(project, "adopt", "--study", "first", "--all", OPTUNA_STORAGE=address)
        assert "+++ params.yaml" in adopted
    (parent,) = parents(project)
    assert parent.info.status == "FINISHED" and len(children(project, parent)) == count
    assert not [run for run in project.runs() if run.info.status == "RUNNING"]
    assert not (project.folder / "sweeps").exists()
    assert postgres.PASSWORD not in shown
    for path in project.folder.rglob("*"):
        if path.is_file():
            assert postgres.PASSWORD.encode() not in path.read_bytes(), path


def test_a_database_that_does_not_answer_is_one_line_without_the_password(project, inside):
    shown = inside(project, "tune", "--trials", "1", "--storage", "postgresql://u:secret@127.0.0.1:1/x", fails=True)
    assert "storage postgresql://u:***@127.0.0.1:1/x: " in shown and "secret" not in shown
