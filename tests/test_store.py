import signal
import subprocess
import sys

import pytest

from pipeline import lookup, runs, tracking
from pipeline.console import UserError
from pipeline.store import open_store


def test_the_store_is_in_the_repository_wherever_the_process_stands(store, tmp_path, monkeypatch):
    (tmp_path / "copy").mkdir()
    monkeypatch.chdir(tmp_path / "copy")
    with runs.run() as run_id:
        tracking.log_text("hello", "note.txt")
    assert (tmp_path / "mlflow.db").exists()
    assert list((tmp_path / "mlruns").rglob("note.txt"))
    assert not list((tmp_path / "copy").iterdir())
    assert store.get_run(run_id).info.status == "FINISHED"


def test_the_environment_names_a_store_as_mlflow_run_writes_it(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/a%20b.db")
    with runs.run():
        pass
    assert sorted(path.name for path in tmp_path.glob("*.db")) == ["a b.db"]


def test_the_environment_names_another_store(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/other.db")
    open_store()
    assert (tmp_path / "other.db").exists() and not (tmp_path / "mlflow.db").exists()


MAKES_THE_STORE = """
import mlflow, os, signal
import sqlalchemy
count = 0
@sqlalchemy.event.listens_for(sqlalchemy.Engine, "after_cursor_execute")
def kill(conn, cursor, statement, *_):
    global count
    count += "CREATE TABLE" in statement
    if count == 7:
        os.kill(os.getpid(), signal.SIGKILL)
from pipeline.store import open_store
open_store()
"""


def test_a_store_whose_maker_was_killed_half_way_is_made_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert subprocess.run([sys.executable, "-c", MAKES_THE_STORE], check=False).returncode == -signal.SIGKILL
    with runs.run() as run_id:
        pass
    assert lookup.find(run_id).info.status == "FINISHED"
    assert not list(tmp_path.glob("mlflow.db.new*"))


@pytest.mark.parametrize("kind", ["garbage", "folder"])
def test_a_store_that_cannot_be_opened_is_one_line(tmp_path, monkeypatch, kind):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/bad.db")
    if kind == "folder":
        (tmp_path / "bad.db").mkdir()
    else:
        (tmp_path / "bad.db").write_bytes(b"no data base" * 1000)
    with pytest.raises(UserError, match=r"MLflow's store cannot be opened: .*(not a database|is a folder)"):
        open_store()
