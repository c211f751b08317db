import os
import signal
import subprocess
import sys

import pytest
from helpers.project import ROOT

from pipeline.core import files


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "file"
    files.write_text(path, "old")
    with pytest.raises(OSError, match="full"), files.replacing(path) as temporary:
        temporary.write_text("ne")
        raise OSError("disk full")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "folder"
    for name in ("one", "two"):
        with files.replacing(path) as temporary:
            temporary.mkdir()
            (temporary / name).write_text(name)
    assert [file.name for file in path.iterdir()] == ["two"]
    assert list(tmp_path.iterdir()) == [path]


KILLED = """
import os, pathlib, signal, sys
from pipeline.core import files
with files.replacing(pathlib.Path(sys.argv[1])) as temporary:
    temporary.mkdir()
    (temporary / "half").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_left_is_removed_by_the_next_and_nothing_else(tmp_path):
    path, number = tmp_path / "te.st", os.getpid()
    killed = subprocess.run([sys.executable, "-c", KILLED, path], check=False, cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    left.with_suffix(".old").touch()
    (tmp_path / f".te.st.{number}.tmp").mkdir()  # of one killed in a container, where numbers come again
    stay = [f".te.st.{os.getppid()}.tmp", ".te.st.note.tmp", ".te_st.1234567.tmp", f".other.{number}.tmp"]
    for name in stay:
        (tmp_path / name).touch()
    files.write_text(path, "whole")
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(["te.st", *stay])


def test_sha256_is_the_standard_one(tmp_path):
    (tmp_path / "empty").touch()
    assert files.sha256(tmp_path / "empty").startswith("e3b0c44298fc1c14")


def test_dvc_names_the_root_where_a_stage_runs_in_a_copy(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert files.project_root() == tmp_path.resolve()
