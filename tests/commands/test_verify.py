"""What the command prints and how it ends; tests/provenance/test_verify.py breaks the links one by one."""

import sys
from pathlib import Path

import pytest
from helpers.verifying import run_of

pytestmark = pytest.mark.e2e
VERIFY = ("python", "-m", "pipeline", "verify")


@pytest.fixture
def check(inside):
    """Runs the command."""
    return lambda project, *arguments, **others: inside(project, "verify", *arguments, **others)


def test_an_untouched_folder_agrees_in_every_link(done, check):
    kinds = {"work tree", "commits", "source files", "stages", "outputs", "DVC's cache", "prepared data", "metrics"}
    kinds |= {"parameters", "code", "model", "logged models", "manifests", "artifacts", "curves"}
    shown = done.ok(*VERIFY, "--all")
    assert "✗" not in shown and "~" not in shown and "links agree" in shown
    assert [kind for kind in kinds if f"✓ {kind}" not in shown] == []
    assert "links agree" in check(done, run_of(done).info.run_id)


def test_what_is_in_the_folder_is_told_before_mlflow_is_asked(done, check):
    shown = check(done, fails=True, MLFLOW_TRACKING_URI="http://127.0.0.1:9")  # nobody answers there
    *told, error = shown.splitlines()
    kinds = ["work tree", "source files", "DVC's cache", "stages", "outputs"]
    assert [line[:17].rstrip() for line in told] == [f"✓ {kind}" for kind in kinds] and "127.0.0.1:9" in error


def test_a_run_that_is_not_there_is_one_line(done, check):
    assert "error: run 0123 is not in the MLflow store" in check(done, "0123", fails=True)


def test_a_lock_that_vouches_for_what_did_not_run_is_found(done, tmp_path, check):
    project = done.copy(tmp_path / "copy").change("train", epochs=3)
    models = project.folder / "pipeline" / "models" / "cnn.py"
    models.write_text(models.read_text() + "# never ran\n")
    project.ok("dvc", "commit", "--force")  # says: take it as up to date
    project.ok("git", "commit", "-qam", "as if it had made this model")
    shown = check(project, fails=True)
    assert "✗ train.epochs of dvc.lock = MLflow\n" in shown and "✗ pipeline/models of dvc.lock = commit" in shown


def test_what_is_not_committed_but_can_be_made_again_is_no_failure_unless_strict(done, tmp_path, check, inside):
    project = done.copy(tmp_path / "copy")
    project.ok("dvc", "exp", "run", "-S", "train.epochs=1")
    uncommitted = "not committed yet: git add dvc.lock params.yaml && git commit"
    shown = check(project)
    assert uncommitted in shown and "~ work tree            0 of 1 agree" in shown and "✗" not in shown
    assert "error: 2 of " in check(project, "--strict", fails=True)

    project.client().delete_run((project.folder / "models/run_id").read_text().strip())
    assert "`python -m pipeline sync` restores it" in check(project)
    inside(project, "sync")
    shown = check(project)
    assert uncommitted in shown and "was restored" in shown
    project.ok("git", "commit", "-qam", "the experiment")
    assert "links agree" in check(project, "--strict")


def test_without_git_all_but_the_commits_is_checked(done, check, monkeypatch):
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    shown = check(done, "--all")
    assert "note: commits are not checked: git is missing" in shown
    assert "✓ logged models" in shown and "✓ stages" in shown and "commits  " not in shown
