import subprocess
from pathlib import Path

import pytest
from helpers.data import free_port
from helpers.git import commit_all, git

from pipeline.commands.repair import main
from pipeline.core.errors import UserError
from pipeline.provenance import dvc_files, repair

WHOLE = "schema: '2.0'\nstages:\n  train:\n    cmd: python\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    Path(".dvc/tmp").mkdir(parents=True)


def test_whole_files_and_missing_ones_are_left_alone():
    assert repair.repair() == []
    repair.RWLOCK.write_text("{}")
    Path("dvc.lock").write_text(WHOLE)
    assert repair.repair() == []
    assert (repair.RWLOCK.read_text(), Path("dvc.lock").read_text()) == ("{}", WHOLE)


@pytest.mark.parametrize("text", ["", '{"read": {}, "wri'])
def test_a_torn_lock_file_of_dvc_is_removed(text):
    repair.RWLOCK.write_text(text)
    assert repair.repair() == [".dvc/tmp/rwlock was half written; it is removed"]
    assert not repair.RWLOCK.exists()


@pytest.mark.parametrize("text", ["", WHOLE[:20], WHOLE[:24], WHOLE[:38]])
def test_a_torn_dvc_lock_comes_back_out_of_git_or_goes(text):
    Path("dvc.lock").write_text(text)
    assert repair.repair() == ["dvc.lock was half written; it is removed"]
    assert dvc_files.locked() == {}
    Path("dvc.lock").write_text(WHOLE)
    commit_all()
    Path("dvc.lock").write_text(text)
    assert repair.repair() == ["dvc.lock was half written; the committed one is back"]
    assert Path("dvc.lock").read_text() == WHOLE


def conflict() -> None:
    """Leaves the folder in the middle of a merge of two branches, each with a dvc.lock of its own."""
    Path("dvc.lock").write_text(WHOLE)
    commit_all()
    git("checkout", "-qb", "other")
    Path("dvc.lock").write_text(WHOLE.replace("python", "other"))
    commit_all()
    git("checkout", "-q", "-")
    Path("dvc.lock").write_text(WHOLE.replace("python", "ours"))
    commit_all()
    with pytest.raises(subprocess.CalledProcessError):
        git("merge", "-q", "other")


@pytest.mark.parametrize("how", ["conflicts", "conflicts, staged", "no markers"])
def test_the_two_sides_of_a_merge_are_left_for_the_user_to_choose_from(how):
    conflict()
    if how == "conflicts, staged":
        git("add", "dvc.lock")
    elif how == "no markers":
        Path("dvc.lock").write_text(WHOLE[:20])
    text = Path("dvc.lock").read_text()
    with pytest.raises(UserError, match=r"^dvc\.lock: a merge left conflicts in it; .*--theirs"):
        repair.repair()
    assert Path("dvc.lock").read_text() == text


def test_a_server_that_does_not_answer_is_told_before_dvc_removes_anything(monkeypatch, tmp_path):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
    repair.RWLOCK.write_text("")
    with pytest.raises(UserError, match="does not answer"):
        main()
    assert not repair.RWLOCK.exists()
