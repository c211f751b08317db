"""`mlflow run` and `dvc exp run` with the real programs, on small data."""

import csv
import io
import json
from pathlib import Path

import pytest
from helpers.data import METRICS
from helpers.project import Project

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def workspace(done, tmp_path_factory) -> Project:
    """A finished project; DVC 3.67 refuses experiments in folders with letters outside ASCII."""
    return done.copy(tmp_path_factory.mktemp("adhoc") / "a b")


def test_mlflow_run_leaves_a_complete_run_and_the_workspace_as_it_was(workspace):
    before, known = workspace.outputs(), {run.info.run_id for run in workspace.runs()}
    workspace.ok(
        "mlflow", "run", ".", "--env-manager", "local", "-P", "epochs=1", "-P", "filters=6", "-P", "dropout=0.4"
    )
    (run,) = [run for run in workspace.runs() if run.info.run_id not in known]
    assert run.info.status == "FINISHED" and set(run.data.metrics) >= METRICS
    assert (run.data.params["train.epochs"], run.data.params["train.model.filters"]) == ("1", "6")
    assert {"figures/confusion_matrix.png", "checkpoints/epoch_001.keras"} <= workspace.artifacts(run)
    assert workspace.outputs() == before
    assert workspace.ok("git", "status", "--porcelain") == ""


def test_a_wrong_parameter_of_mlflow_run_is_one_line_and_a_failed_run(workspace):
    """Quoted by MLflow's shell, too; test_experiment has other mistakes."""
    shown = workspace.fails("mlflow", "run", ".", "--env-manager", "local", "-P", "epochs=1; touch x")
    assert "error: train.epochs: input should be a valid integer" in shown
    assert workspace.runs()[-1].info.status == "FAILED"
    assert not (workspace.folder / "x").exists()


def test_dvc_experiments_share_the_store_and_show_their_metrics(workspace):
    known = len(workspace.runs())
    for epochs in (3, 4):
        workspace.ok("dvc", "exp", "run", "--queue", "--name", f"queued-{epochs}", "-S", f"train.epochs={epochs}")
    workspace.ok("dvc", "queue", "start", "-j", "2")
    workspace.ok("dvc", "queue", "logs", "--follow", "queued-3")
    workspace.ok("dvc", "queue", "logs", "--follow", "queued-4")
    rows = list(csv.DictReader(io.StringIO(workspace.ok("dvc", "exp", "show", "--csv"))))
    shown = {row["Experiment"]: row for row in rows}
    assert [shown[name]["train.epochs"] for name in ("queued-3", "queued-4")] == ["3", "4"]
    assert all(float(shown[name]["test/accuracy"]) > 0 for name in ("queued-3", "queued-4"))
    new = workspace.runs()[known:]
    difference = json.loads(workspace.ok("dvc", "metrics", "diff", "HEAD", "queued-4", "--json"))
    assert "best/validation_loss" in difference["reports/train.json"]
    assert sorted(run.info.run_name for run in new) == ["queued-3: cnn 3 epochs", "queued-4: cnn 4 epochs"]
    assert {run.info.status for run in new} == {"FINISHED"} and all(set(run.data.metrics) >= METRICS for run in new)
    assert all(Path(run.info.artifact_uri.removeprefix("file://")).is_dir() for run in new)
    assert workspace.ok("git", "status", "--porcelain") == ""
