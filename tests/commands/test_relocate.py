"""A folder that was moved: its runs, artifacts and models open again after one command."""

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest
from helpers.project import Project

from pipeline.commands.relocate import main as relocate
from pipeline.core.errors import UserError
from pipeline.tracking import runs
from pipeline.tracking.logging import log_text
from pipeline.tracking.store import open_store

pytestmark = pytest.mark.e2e


def test_a_moved_folder_says_so_and_is_repaired_by_one_command(done, tmp_path, inside):
    project = done.copy(tmp_path / "before")
    (run,) = project.runs()
    artifacts = project.artifacts(run)
    assert "nothing to do" in project.ok("python", "-m", "pipeline", "relocate")

    moved = Project.at(project.folder.rename(tmp_path / "after é"))
    shown = inside(moved, "verify", run.info.run_id, fails=True)
    assert "keeps artifacts in" in shown and "python -m pipeline relocate" in shown

    shown = moved.ok("python", "-m", "pipeline", "relocate")
    assert f"lead to {moved.folder}/mlruns now" in shown and "make install" in shown
    inside(moved, "verify", run.info.run_id)
    assert moved.artifacts(run) == artifacts
    path = moved.client().download_artifacts(run.info.run_id, "model_summary.txt", str(tmp_path))
    assert "convolution" in Path(path).read_text()


def test_without_a_store_it_says_so(prepared, tmp_path):
    project = prepared.copy(tmp_path / "copy")
    (project.folder / "mlflow.db").unlink()
    assert "is not there" in project.fails("python", "-m", "pipeline", "relocate")


def test_a_copy_does_not_write_into_the_folder_that_it_was_copied_from(store, tmp_path, monkeypatch):
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(tmp_path / "mlflow.db", copy)
    monkeypatch.setenv("DVC_ROOT", str(copy))
    monkeypatch.delenv("MLFLOW_TRACKING_URI")  # MLflow sets it
    with pytest.raises(UserError, match=f"keeps artifacts in {tmp_path}/mlruns, not in this folder"), runs.run():
        pass
    relocate()
    with runs.run() as run_id:
        log_text("hello", "note.txt")
    assert list(copy.rglob(f"{run_id}/artifacts/note.txt"))


def test_a_store_that_mlflow_ui_made_is_mended(store, tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "mlflow.db")) as connection, connection:
        connection.execute("UPDATE experiments SET artifact_location = 'mlflow-artifacts:/0'")
    with pytest.raises(UserError, match="`mlflow ui` made the store"):
        open_store()
    relocate()
    with runs.run() as run_id:
        log_text("hello", "note.txt")
    assert (tmp_path / "mlruns" / "0" / run_id / "artifacts" / "note.txt").is_file()


@pytest.mark.parametrize("place", [None, 7, b"\xff", "s3://bucket/runs"])
def test_artifacts_that_are_in_no_folder_are_left_there(store, tmp_path, place, capsys):
    with contextlib.closing(sqlite3.connect(tmp_path / "mlflow.db")) as connection, connection:
        connection.execute("UPDATE experiments SET artifact_location = ?", (place,))
    open_store()
    relocate()
    assert "nothing to do" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"no database" * 1000])
def test_a_database_that_is_none_is_one_line(tmp_path, monkeypatch, content):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    (tmp_path / "mlflow.db").write_bytes(content)
    with pytest.raises(UserError, match=r"mlflow\.db: (no such table|file is not a database)"):
        relocate()
