"""A run is trained again from what it carries."""

import shutil
from pathlib import Path

import pytest
from helpers.project import Project

from pipeline.core.errors import UserError
from pipeline.provenance.worktree import worktree

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def workspace(prepared, tmp_path_factory) -> Project:
    """A project under git."""
    return prepared.copy(tmp_path_factory.mktemp("reproduce") / "a b")


HOOKED = """
from pipeline.provenance.worktree import worktree
with worktree("HEAD") as folder:
    print(*sorted(path.name for path in folder.iterdir()))
"""


def cached(project: Project) -> set[Path]:
    return {path for path in (project.folder / ".dvc/cache").rglob("*") if path.is_file()}


def test_a_worktree_that_a_killed_one_left_is_removed_by_the_next(workspace):
    dies = "import os, signal; print(folder, flush=True); os.kill(os.getpid(), signal.SIGKILL) #"
    code = HOOKED.replace("print(", dies)
    left = Path(workspace.run("python", "-c", code).stdout.strip())
    assert left.is_dir()
    workspace.ok("python", "-c", HOOKED)
    assert not left.parent.exists()
    assert workspace.ok("git", "worktree", "list").count("\n") == 1


def test_hooks_of_dvc_are_not_in_the_way(workspace):
    workspace.ok("dvc", "install")
    try:
        with pytest.raises(UserError, match="is not in this repository"), worktree("f" * 40):
            pass
        shown = workspace.ok("python", "-c", HOOKED)
    finally:
        for hook in (workspace.folder / ".git" / "hooks").iterdir():
            hook.unlink()
    assert "params.yaml" in shown and "missing-files" not in shown
    assert workspace.ok("git", "worktree", "list").count("\n") == 1


def test_a_run_with_uncommitted_code_comes_out_byte_for_byte_and_nothing_here_changes(prepared, tmp_path, inside):
    """In a project that is a folder of a larger repository."""
    (tmp_path / "larger").mkdir()
    project = prepared.copy(tmp_path / "larger" / "in ner")
    shutil.rmtree(project.folder / ".git")
    project.ok("git", "init", "-q", "..")
    project.ok("git", "add", "-A")
    project.ok("git", "commit", "-qm", "all")
    models = project.folder / "pipeline" / "models" / "cnn.py"
    text = models.read_text()
    models.write_text(text.replace('activation="relu"', 'activation="tanh"'))
    (project.folder / "pipeline" / "new.py").write_text("NEW = 1\n")
    project.ok("python", "-m", "pipeline", "experiment", "--epochs", "1")
    models.write_text(text)
    (project.folder / "pipeline" / "new.py").unlink()
    (run,) = project.runs()
    assert run.data.tags["git.dirty"] == "true"
    assert {"environment/uncommitted.diff", "environment/requirements.txt"} <= project.artifacts(run)
    assert run.data.tags["python.version"] and run.data.tags["processor"]
    before, cache = project.outputs(), cached(project)
    shown = inside(project, "reproduce", run.info.run_id[:10], "--trust-diff")
    assert "the same model, byte for byte" in shown
    assert "training cnn" in shown and "git add" not in shown, "DVC's advice is about a folder that goes"
    assert project.outputs() == before and len(project.runs()) == 1
    assert project.ok("git", "status", "--porcelain") == ""
    assert project.ok("git", "worktree", "list").count("\n") == 1
    assert cached(project) == cache, "else a later `dvc repro` would take the run from DVC's cache"
