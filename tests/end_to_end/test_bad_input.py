"""Bad input: one clear line, an exit code other than 0, and what was there stays there."""

import json
import os
import shutil
import subprocess

import pytest
from helpers.data import make_split, write_source
from helpers.project import ROOT, Project

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def workspace(done, tmp_path_factory) -> Project:
    """A finished project that every test leaves as it found it."""
    return done.copy(tmp_path_factory.mktemp("bad") / "a b é")


def test_mistakes_in_the_parameters_stop_before_any_output_is_touched(workspace):
    """tests/config/test_load.py has many more."""
    before, params = workspace.outputs(), workspace.params()
    params["train"]["epochs"] = 0
    del params["train"]["model"]["dropout"]
    workspace.write_params(params)
    try:
        shown = workspace.fails("dvc", "repro")
        assert "params.yaml: train.epochs: input should be greater than or equal to 1, not 0" in shown
        assert "params.yaml: train.model.dropout is missing" in shown
        assert workspace.outputs() == before
    finally:
        workspace.ok("git", "checkout", "params.yaml")
    assert "up to date" in workspace.ok("dvc", "repro")


def test_bad_data_stops_before_anything_is_written(workspace, tmp_path):
    """tests/data/test_expectations.py has every other fault."""
    before, params, runs = workspace.outputs(), workspace.params(), len(workspace.runs())
    train, test = make_split(160, 1), make_split(40, 2)
    test.images[2] = train.images[77]
    params |= {"dataset": params["dataset"] | write_source(tmp_path / "bad", train, test)}
    params["download"]["sources"] = [str(tmp_path / "bad")]
    workspace.write_params(params)
    try:
        assert "train-images[77] is True, test-images[2] is True" in workspace.fails("dvc", "repro")
        after = workspace.outputs()
        kept = [name for name in before if not name.startswith(("data/raw", "reports/data_checks"))]
        assert [name for name in kept if after.get(name) != before[name]] == []
        assert not json.loads((workspace.folder / "reports/data_checks.json").read_text())["passed"]
        run = workspace.runs()[-1]
        assert len(workspace.runs()) == runs + 1 and run.info.status == "FAILED"
        assert "data/data_checks.html" in workspace.artifacts(run)
    finally:
        workspace.ok("git", "checkout", "params.yaml", "dvc.lock")
        workspace.ok("dvc", "checkout", "--force")
    assert workspace.outputs() == before


def test_a_damaged_raw_file_is_named(workspace, inside):
    """tests/data/test_raw.py has other damages."""
    before = workspace.outputs()
    path = workspace.folder / "data/raw/train-images"
    path.write_bytes(path.read_bytes()[:-64])
    try:
        shown = inside(workspace, "preprocess", fails=True)
        assert "error: data/raw/train-images: 160 × 8 × 8 values make 10256 bytes; this file has 10192" in shown
        after = workspace.outputs()
        assert {name for name in before if after.get(name) != before[name]} == {"data/raw/train-images"}
    finally:
        workspace.ok("dvc", "checkout", "--force")


def test_without_network_and_source_each_source_is_listed_and_the_files_stay(workspace):
    before, params = workspace.outputs(), workspace.params()
    params["download"]["sources"] = ["http://127.0.0.1:9/data/", "/nowhere"]
    params["dataset"]["test"]["labels_sha256"] = "0" * 64
    workspace.write_params(params)
    try:
        shown = workspace.fails("dvc", "repro")
        assert "http://127.0.0.1:9/data/: train-images.gz: Cannot connect" in shown
        assert "/nowhere: has neither train-images.gz nor train-images" in shown
        assert workspace.outputs() == before
    finally:
        workspace.ok("git", "checkout", "params.yaml")


def test_a_read_only_data_folder_is_named(project):
    """A folder that even root cannot write: a file stands where data/raw has to be made."""
    read_only = project.folder / "data"
    read_only.mkdir()
    if os.geteuid():
        read_only.chmod(0o500)
        shown = project.fails("python", "-m", "pipeline", "download")
        read_only.chmod(0o700)
    elif subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0:
        mount = "mount --bind data data && mount -o remount,ro,bind data && exec python -m pipeline download"
        shown = project.fails("unshare", "--mount", "sh", "-c", mount)
    else:
        pytest.skip("as root, a read-only folder needs a mount of its own, which is not allowed here")
    assert "error: data/" in shown and ("Read-only file system" in shown or "Permission denied" in shown)


def with_make(project: Project) -> Project:
    """Adds the Makefile, and the mark that the environment is installed: the tests' own is used."""
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(ROOT / name, project.folder)
    (project.folder / ".venv").mkdir()
    (project.folder / ".venv/installed").write_text(f"{project.folder}\n")
    return project


def test_a_lock_file_that_a_killed_dvc_left_empty_is_removed(workspace, tmp_path):
    project = with_make(workspace.copy(tmp_path / "copy"))
    (project.folder / ".dvc/tmp/rwlock").write_bytes(b"")
    assert "Unable to read RWLock-file" in project.fails("dvc", "repro", "--force", "params")
    assert "test accuracy" in project.ok("make", "repro")
    project.ok("dvc", "repro", "--force", "params")
    (project.folder / ".dvc/tmp/rwlock").write_bytes(b"")
    project.change("preprocess", seed=7)
    code = "from pipeline.workflow import prepare; prepare.bring_up_to_date()"  # as a sweep and `mlflow run` begin
    shown = project.ok("python", "-c", code)
    assert ".dvc/tmp/rwlock was half written; it is removed" in shown and "Running stage 'preprocess'" in shown


def test_a_folder_without_git_history_says_which_command_makes_it_work(project):
    shutil.rmtree(with_make(project).folder / ".git")
    assert "git init" in project.fails("make", "repro")
    project.ok("git", "init", "-q")
    project.ok("dvc", "repro", "download")
