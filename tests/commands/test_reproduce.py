"""A run is trained again from what it carries."""

import shutil
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.project import Project

from pipeline.core import files
from pipeline.core.errors import UserError
from pipeline.provenance import lineage
from pipeline.provenance.worktree import worktree
from pipeline.workflow import reproduce

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def workspace(done, tmp_path_factory) -> Project:
    """A finished project."""
    return done.copy(tmp_path_factory.mktemp("reproduce") / "a b")


def test_the_verdict_is_on_data_then_bytes_then_figures(tmp_path):
    for name in ("train", "validation"):
        (tmp_path / "data/prepared" / name).mkdir(parents=True)
        (tmp_path / "data/prepared" / name / "labels.npy").write_text(name)
    files.write_text(tmp_path / "models/model.keras", "a model")
    files.write_text(tmp_path / "reports/train.json", '{"validation": {"accuracy": 0.9}}')
    data = {f"data.{n}.sha256": files.folder_sha256(tmp_path / "data/prepared" / n) for n in ("train", "validation")}
    same = {"model.sha256": files.sha256(tmp_path / "models/model.keras")}

    def verdict(tags: dict, accuracy: float) -> str:
        data = SimpleNamespace(tags=tags, metrics={"best/accuracy": accuracy})
        return reproduce.compare(SimpleNamespace(data=data), tmp_path)

    assert "byte for byte" in verdict(data | same, 0.9)
    assert "other bytes, but the same validation accuracy, 0.9" in verdict(data | {"model.sha256": "0"}, 0.9)
    with pytest.raises(UserError, match=r"another model: validation accuracy 0\.9, not 0\.8"):
        verdict(data | {"model.sha256": "0"}, 0.8)
    with pytest.raises(UserError, match="other train data came out"):
        verdict(data | same | {"data.train.sha256": "0"}, 0.9)


def test_what_is_other_than_where_the_run_was_trained_is_named():
    def others(packages: str, **tags: str) -> str | None:
        return reproduce.other_environment(SimpleNamespace(data=SimpleNamespace(tags=tags)), packages)

    here = lineage.tags({})
    assert others(lineage.packages(), **{name: here[name] for name in ("processor", "python.version")}) is None
    assert others("") is None
    assert (
        others("numpy==1.0\n", processor="Z80")
        == f"processor was Z80, is {here['processor']}; numpy was 1.0, is {version('numpy')}"
    )
    assert others("nothing==2\n") == "nothing was 2, is missing"
    assert others("".join(f"p{n}==1\n" for n in range(12))).endswith("p9 was 1, is missing; and 2 more")


HOOKED = """
from pipeline.provenance.worktree import worktree
with worktree("HEAD") as folder:
    print(*sorted(path.name for path in folder.iterdir()))
"""


def cached(project: Project) -> set[Path]:
    return {path for path in (project.folder / ".dvc/cache").rglob("*") if path.is_file()}


def newest(project: Project):
    return project.runs()[-1]


def test_a_run_comes_out_byte_for_byte_and_nothing_here_changes(workspace):
    before, runs = workspace.outputs(), len(workspace.runs())
    # left by a try that was killed before the change was taken back: the run's tag says that its tree was clean
    workspace.client().log_text(newest(workspace).info.run_id, "not for this run", "environment/uncommitted.diff")
    shown = workspace.ok("python", "-m", "pipeline", "reproduce", newest(workspace).info.run_id)
    assert "the same model, byte for byte" in shown
    assert workspace.outputs() == before and len(workspace.runs()) == runs
    assert workspace.ok("git", "status", "--porcelain") == ""
    assert workspace.ok("git", "worktree", "list").count("\n") == 1

    workspace.client().set_tag(newest(workspace).info.run_id, "git.commit", "f" * 40)
    shown = workspace.fails("python", "-m", "pipeline", "reproduce", newest(workspace).info.run_id)
    assert "is not in this repository" in shown


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


def test_uncommitted_code_goes_along_and_is_needed_also_within_a_larger_repository(prepared, tmp_path):
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
    cache = cached(project)
    shown = project.ok("python", "-m", "pipeline", "reproduce", run.info.run_id[:10])
    assert "the same model, byte for byte" in shown
    assert cached(project) == cache, "else a later `dvc repro` would take the run from DVC's cache"


def test_a_run_that_is_not_there_is_one_line(workspace):
    assert "error: run 0123 is not in the MLflow store" in workspace.fails(
        "python", "-m", "pipeline", "reproduce", "0123"
    )
