"""Faults of what is typed beside `dvc repro`: `mlflow run`, a stage by itself, and several programs at once."""

import contextlib
import random
import re
import signal
import subprocess

import pytest
from helpers.faults import EPOCHS, interrupt, kill_after
from helpers.sweeps import check, tune

pytestmark = pytest.mark.e2e


def test_mlflow_run_stopped_at_any_moment_and_started_again(done, prepared, tmp_path, round_number):
    project, chance = prepared.copy(tmp_path / "copy"), random.Random(round_number)
    before = project.outputs()
    command = ("mlflow", "run", ".", "--env-manager", "local", "-P", f"epochs={EPOCHS}")
    kill_after(project.start(*command), "epoch  5/")
    process = project.start(*command)
    try:
        shown, _ = process.communicate(timeout=chance.uniform(1, 20))
    except subprocess.TimeoutExpired:
        sent = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT][round_number % 3]
        shown = interrupt(process, sent)
        epochs = re.findall(r"^epoch +(\d+)/", shown, re.MULTILINE)
        print(f"round {round_number}: {sent.name} after epoch {epochs[-1] if epochs else 0}")
        shown += project.ok(*command)
    assert "going on after epoch" in shown
    assert {run.info.status for run in project.runs()} <= {"FINISHED", "KILLED", "FAILED"}  # MLflow's word for Ctrl-C
    finished = [run for run in project.runs() if run.info.status == "FINISHED"]
    assert finished[-1].info.run_id == project.runs()[-1].info.run_id
    (other,) = done.runs()
    for run in finished:  # the last one, and one that was stopped when it was complete
        assert run.data.tags["model.sha256"] == other.data.tags["model.sha256"]
        assert project.artifacts(run) == done.artifacts(other)
        assert project.artifacts(run) - {"manifest.json"} <= project.manifest(run)["files"].keys()
        points = project.client().get_metric_history(run.info.run_id, "epoch/train_loss")
        assert [point.step for point in points] == list(range(1, EPOCHS + 1))
    assert project.outputs() == before and not list((project.folder / ".state").glob("training/*"))


def test_ctrl_c_says_how_to_go_on_and_the_run_is_marked_killed_until_then(prepared, tmp_path, round_number):
    project = prepared.copy(tmp_path / "copy").change("train", epochs=EPOCHS * 4)
    process = project.start("python", "-m", "pipeline", "train")
    assert any(line.startswith("epoch  3/") for line in process.stdout)
    with contextlib.suppress(subprocess.TimeoutExpired):  # in the middle of the next epoch, or of noting it
        process.wait(timeout=random.Random(round_number).uniform(0, 0.5))
    farewell = interrupt(process, signal.SIGINT).splitlines()[-1]
    assert (process.returncode, farewell) == (130, "stopped by Ctrl-C; the same command goes on")
    (run,) = project.runs()
    # RUNNING where the signal met a write to the store: ending the run would have to wait for that, and the process
    # ends two seconds after Ctrl-C whatever it waits for. The next start marks such a run KILLED
    assert run.info.status in ("KILLED", "RUNNING")
    print(f"round {round_number}: {run.info.status}")
    assert "going on after epoch" in project.ok("python", "-m", "pipeline", "train")
    assert [run.info.status for run in project.runs()] == ["FINISHED"]


def test_processes_that_meet_an_empty_store_at_once_all_succeed(project, round_number):
    code = "from pipeline.tracking import logging, runs\nwith runs.run(): logging.log_metrics({'x': 1})"
    started = [project.start("python", "-c", code) for _ in range(4)]
    outputs = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0] * 4, outputs
    assert [run.info.status for run in project.runs()] == ["FINISHED"] * 4


def test_repro_twice_beside_a_sweep_twice_beside_mlflow_run_all_at_once(prepared, tmp_path):
    project = prepared.copy(tmp_path / "copy").change("train", epochs=3)
    commands = [
        ("dvc", "repro"),
        ("dvc", "repro"),
        tune("--trials", "4"),
        tune("--trials", "4"),
        ("mlflow", "run", ".", "--env-manager", "local", "-P", "filters=3"),
    ]
    started = [project.start(*command) for command in commands]
    outputs = [process.communicate()[0] for process in started]
    assert all("Traceback" not in output for output in outputs), outputs
    for command, process, output in zip(commands, started, outputs, strict=True):
        is_busy = command[0] == "dvc" and re.search("Unable to acquire lock|is busy, it is being blocked by", output)
        assert process.returncode == 0 or is_busy, (command, output)  # DVC lets one at a time into a folder
    study = check(project, 4)  # one, which both sweeps began from nothing
    assert len(study.trials) == 4 and len({trial.user_attrs["worker"] for trial in study.trials}) == 2
    project.ok("dvc", "repro")
    assert not [run for run in project.runs() if run.info.status not in ("FINISHED", "KILLED", "FAILED")]
