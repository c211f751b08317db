"""kill -9, SIGTERM, Ctrl-C and failing writes at any moment of `dvc repro`: it ends as if nothing had happened."""

import csv
import hashlib
import io
import os
import random
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from helpers.data import METRICS
from helpers.faults import EPOCHS, interrupt, kill_after
from helpers.project import Project
from mlflow import MlflowClient

pytestmark = pytest.mark.e2e
STAGES = ("download", "preprocess", "train", "evaluate")
MEASURED = ("epoch_seconds", "cpu_seconds")  # which differ each time


def lock(project: Project) -> str:
    """dvc.lock without what names the run."""
    run_id = project.folder / "models" / "run_id"
    return (project.folder / "dvc.lock").read_text().replace(hashlib.md5(run_id.read_bytes()).hexdigest(), "RUN")


def check(project: Project, done: Project) -> None:
    """That a project is as if it had not been disturbed."""
    mine, theirs = project.outputs(), done.outputs()
    mine.pop("models/run_id"), theirs.pop("models/run_id")
    assert mine == theirs
    assert lock(project) == lock(done)
    (run,), (other,) = project.runs(), done.runs()
    assert run.info.status == "FINISHED"
    assert run.info.run_id == (project.folder / "models" / "run_id").read_text().strip()
    assert project.artifacts(run) == done.artifacts(other)
    for name in ("epoch/train_loss", "epoch/validation_accuracy", *MEASURED):
        points = project.client().get_metric_history(run.info.run_id, name)
        assert [point.step for point in points] == list(range(1, EPOCHS + 1)), name
    assert [point.value for point in points] == sorted(point.value for point in points), "what was killed counts too"
    assert {k: v for k, v in run.data.metrics.items() if k not in MEASURED} == {
        k: v for k, v in other.data.metrics.items() if k not in MEASURED
    }
    (model,) = project.client().search_logged_models(["0"])
    assert model.tags["model.sha256"] == mine["models/model.keras"]
    assert not [path for path in project.folder.rglob("*.tmp") if ".dvc" not in path.parts]
    assert not list((project.folder / ".state").glob("training/*"))


def test_stopped_at_any_moment_and_started_again(done, project, round_number):
    chance = random.Random(round_number)
    stages = [STAGES[number] for number in sorted(chance.choices(range(len(STAGES)), k=3))]
    for attempt, stage in enumerate([*stages, "none"]):
        process, shown = project.start("dvc", "repro"), ""
        while line := process.stdout.readline():
            shown += line
            if line == f"Running stage '{stage}':\n":
                break
        try:
            shown += process.communicate(timeout=chance.uniform(0, 7) if line else None)[0]
        except subprocess.TimeoutExpired:
            sent = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT][(round_number + attempt) % 3]
            now = re.findall("^Running stage '(.*)'", shown + interrupt(process, sent), re.MULTILINE)
            print(f"round {round_number}: {sent.name} in {now[-1]}")
            if mended := project.ok("python", "-m", "pipeline", "repair"):  # as `make repro` does
                print(f"round {round_number}: {mended}", end="")
        else:
            assert process.returncode == 0, shown
            break
    project.ok("dvc", "status")
    check(project, done)


@pytest.mark.skipif(os.getuid() != 0, reason="only root may mount a small disk")
def test_a_full_disk_is_one_line_and_training_goes_on_when_there_is_room(done, prepared, tmp_path):
    project = prepared.copy(tmp_path / "copy")
    small = "mount -t tmpfs -o size=24k tmpfs .state && ! dvc repro && cp mlflow.db then.db"  # room for a state or none
    shown = project.ok("unshare", "--mount", "sh", "-c", f"{small} && mount -o remount,size=1m .state && dvc repro")
    assert "error: " in shown and "No space left on device" in shown and "Traceback" not in shown
    (run,) = MlflowClient(f"sqlite:///{project.folder}/then.db").search_runs(["0"])
    assert run.info.status == "FAILED" and "No space left" in run.data.tags["error"]
    check(project, done)


ON_A_SMALL_DISK = """
copy=$1 && shift
cp -a . "$copy" && mount -t tmpfs -o size=1g tmpfs . && cd "$PWD" && cp -a "$copy"/. . && rm -r "$copy"
for room in "$@"; do
    mount -o remount,size=$(($(df -k --output=used . | tail -n 1) + room))k .
    python -m pipeline repair && dvc repro && break
done
mount -o remount,size=1g . && python -m pipeline repair && dvc repro && cp -a . "$copy"
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root may mount a small disk")
def test_out_of_room_at_any_moment_and_started_again(done, project, tmp_path, round_number):
    chance, copy = random.Random(round_number), tmp_path / "kept"
    rooms = [str(chance.randrange(800)) for _ in range(4)]  # kB; `dvc repro` writes some 1,500
    script = ("unshare", "--mount", "sh", "-c", ON_A_SMALL_DISK, "sh", str(copy), *rooms)
    shown = project.ok(*script)
    assert "Traceback" not in shown
    print(*re.findall("^error: .*", shown, re.IGNORECASE | re.MULTILINE), sep=f"\nround {round_number}: ")
    shutil.rmtree(project.folder)
    copy.rename(project.folder)
    check(project, done)


def test_a_training_whose_dvc_was_killed_ends_and_the_next_one_waits_for_it(prepared, tmp_path):
    project = prepared.copy(tmp_path / "copy").change("train", epochs=60)
    process = project.start("dvc", "repro")
    assert any(line.startswith("epoch  3/") for line in process.stdout)
    process.kill()  # DVC alone, as a machine short of memory does it
    process.wait()
    project.change("train", epochs=2)
    shown = project.ok("dvc", "repro", "train")
    orphan, run = project.runs()
    assert f"waiting for process {orphan.data.tags['process.id']}, " in shown
    assert (orphan.info.status, run.info.status) == ("FAILED", "FINISHED")
    assert orphan.data.tags["error"].startswith("params.yaml: edited while this ran")
    assert (project.folder / "models/run_id").read_text().strip() == run.info.run_id
    assert project.outputs()["models/model.keras"] == run.data.tags["model.sha256"]
    assert "up to date" in project.ok("dvc", "status", "train")
    process.communicate()


def test_a_restoration_that_was_killed_is_completed_in_the_same_run(done, tmp_path, inside):
    project = done.copy(tmp_path / "copy")
    (project.folder / "mlflow.db").unlink()
    kill_after(project.start("python", "-m", "pipeline", "sync"), "run ")
    inside(project, "sync")
    shown = inside(project, "verify")
    assert "was restored" in shown and "links agree" in shown
    inside(project, "sync")
    (run,) = project.runs()
    assert run.info.status == "FINISHED" and "restored_from" in run.data.tags
    lost = done.artifacts(done.runs()[0]) - project.artifacts(run)
    assert {name.split("/")[0] for name in lost} == {"environment", "checkpoints", "gate.json", "tables"}
    assert {name for name in lost if name.startswith("tables/")} == {"tables/predictions.csv"}
    assert [entry.dataset.name for entry in run.inputs.dataset_inputs] == [
        f"quadrants {x}" for x in ("train", "validation", "test")
    ]
    points = project.client().get_metric_history(run.info.run_id, "epoch/train_loss")
    assert [point.step for point in points] == list(range(1, EPOCHS + 1))
    assert len(project.client().get_metric_history(run.info.run_id, "test/accuracy")) == 1


def test_a_training_killed_as_dvc_experiment_goes_on_in_the_same_run(prepared, tmp_path):
    project = prepared.copy(tmp_path / "copy")
    project.ok("git", "add", "-A")
    project.ok("git", "commit", "-qm", "data")
    command = ("dvc", "exp", "run", "--temp", "--name", "warm", "-S", f"train.epochs={EPOCHS * 2}")
    kill_after(project.start(*command), "epoch  5/")
    shown = project.ok(*command)
    assert "going on after epoch" in shown
    (run,) = project.runs()
    assert (run.info.run_name, run.info.status) == (f"warm: cnn {EPOCHS * 2} epochs", "FINISHED")
    assert set(run.data.metrics) >= METRICS
    assert Path(run.info.artifact_uri.removeprefix("file://")).is_dir()
    points = project.client().get_metric_history(run.info.run_id, "epoch/train_loss")
    assert [point.step for point in points] == list(range(1, EPOCHS * 2 + 1))
    table = csv.DictReader(io.StringIO(project.ok("dvc", "exp", "show", "--csv")))
    (row,) = [row for row in table if row["Experiment"] == "warm" and not row["State"]]  # the killed one is "Running"
    assert row["train.epochs"] == str(EPOCHS * 2) and float(row["test/accuracy"]) > 0
    assert project.ok("git", "status", "--porcelain") == ""
