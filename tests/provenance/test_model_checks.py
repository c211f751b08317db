"""The model of a folder against what MLflow has of its run."""

import json
from pathlib import Path

import pytest
from helpers.git import commit_all, git

from pipeline.provenance import dvc_files, model_checks

pytestmark = pytest.mark.usefixtures("project")


def failed(checks) -> list[str]:
    checks = list(checks)
    assert checks
    return [check.what for check in checks if not check.passed]


def test_parameters_in_the_lock_are_those_of_the_run():
    assert failed(model_checks.logged_parameters({"train.epochs": "2", "train.model.dropout": "0.0"})) == []
    logged = {"train.epochs": "3", "train.model.dropout": "0.0"}
    assert failed(model_checks.logged_parameters(logged)) == ["train.epochs of dvc.lock = MLflow"]
    assert failed(model_checks.logged_parameters({"train.epochs": "2"})) == ["train.model.dropout of dvc.lock = MLflow"]


def test_limits_that_changed_after_the_training_are_no_other_training(monkeypatch):
    values = {"seed": 1, "checks": {"pixel_max": 255}}
    monkeypatch.setattr(dvc_files, "locked_params", lambda stage: values if stage == "preprocess" else {})
    assert failed(model_checks.logged_parameters({"preprocess.seed": "1", "preprocess.checks.pixel_max": "99"})) == []
    assert failed(model_checks.logged_parameters({"preprocess.seed": "2"})) == ["preprocess.seed of dvc.lock = MLflow"]


@pytest.mark.parametrize("path", ["pipeline/train.py", "pipeline/models"])
def test_code_in_the_lock_is_that_of_the_commit(path):
    head = git("rev-parse", "HEAD")
    assert failed(model_checks.committed_code(head)) == []
    lock = Path("dvc.lock")
    lock.write_text(lock.read_text().replace(dvc_files.md5(Path(path)), "f" * 32))
    assert failed(model_checks.committed_code(head)) == [f"{path} of dvc.lock = commit {head[:8]}"]


def test_code_is_held_against_what_git_would_check_out():
    Path(".gitattributes").write_text("*.py text eol=crlf\n")
    paths = (Path("pipeline/train.py"), Path("pipeline/models"))
    before = [dvc_files.md5(path) for path in paths]
    for path in Path("pipeline").rglob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    text = Path("dvc.lock").read_text()
    for old, path in zip(before, paths, strict=True):
        text = text.replace(old, dvc_files.md5(path))
    Path("dvc.lock").write_text(text)
    assert failed(model_checks.committed_code(commit_all())) == []


def test_a_file_that_is_in_the_commit_no_more_is_found():
    Path("pipeline/models/b.py").unlink()
    head = commit_all()
    assert failed(model_checks.committed_code(head)) == [f"pipeline/models of dvc.lock = commit {head[:8]}"]


@pytest.mark.parametrize(
    "text", ["[" * 20_000, '{"test": {"loss": ' + "9" * 400 + "}}", '{"tests": {}}', "[]", '{"test']
)
def test_a_file_of_metrics_that_cannot_be_read_is_broken(text):
    Path("reports").mkdir()
    Path("reports/test.json").write_text(text)
    assert failed(model_checks.metrics({})) == ["reports/test.json"]


def test_metrics_that_one_side_alone_has_are_broken():
    Path("reports").mkdir()
    Path("reports/test.json").write_text(json.dumps({"test/loss": 0.5, "test/invented": 1.0}))
    logged = {"test/loss": 0.5, "test/accuracy": 0.9, "train/loss": 0.1}
    wrong = [f"reports/test.json, test/{name} = MLflow" for name in ("accuracy", "invented")]
    assert failed(model_checks.metrics(logged)) == wrong
