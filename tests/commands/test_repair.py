import subprocess
from pathlib import Path

import pytest

from pipeline.commands import repair
from pipeline.provenance import dvc_files

WHOLE = "schema: '2.0'\nstages:\n  train:\n    cmd: python\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    Path(".dvc/tmp").mkdir(parents=True)


def commit() -> None:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    for command in (("add", "dvc.lock"), (*identity, "commit", "-qm", "lock")):
        subprocess.run(["git", *command], check=True)


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
    commit()
    Path("dvc.lock").write_text(text)
    assert repair.repair() == ["dvc.lock was half written; the committed one is back"]
    assert Path("dvc.lock").read_text() == WHOLE
