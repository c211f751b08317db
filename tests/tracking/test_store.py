import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.core.errors import UserError
from pipeline.tracking import queries, runs, store
from pipeline.tracking.logging import log_text
from pipeline.tracking.store import open_store


def test_the_store_is_in_the_repository_wherever_the_process_stands(store, tmp_path, monkeypatch):
    (tmp_path / "copy").mkdir()
    monkeypatch.chdir(tmp_path / "copy")
    with runs.run() as run_id:
        log_text("hello", "note.txt")
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


STOPS_HALF_WAY = """
import os, signal, sys
import mlflow, sqlalchemy
number, stop = int(sys.argv[1]), {"dies": lambda: os.kill(os.getpid(), signal.SIGKILL), "waits": sys.stdin.read}
count = 0
@sqlalchemy.event.listens_for(sqlalchemy.Engine, "after_cursor_execute")
def after(conn, cursor, statement, *_):
    global count
    count += "CREATE TABLE" in statement
    if count == number:
        print("half way", flush=True)
        stop[sys.argv[2]]()
        count += 1
"""
OURS = STOPS_HALF_WAY + "from pipeline.tracking.store import open_store\nopen_store()"
MLFLOW = STOPS_HALF_WAY + "mlflow.set_tracking_uri(sys.argv[3])\nmlflow.search_experiments()"


@pytest.fixture
def database(tmp_path, monkeypatch) -> Path:
    """Where the store will be; there is none."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path / "mlflow.db"


def assert_usable() -> None:
    with runs.run() as run_id:
        pass
    assert queries.get_run(run_id).info.status == "FINISHED"


def test_a_store_whose_maker_was_killed_half_way_is_made_by_the_next(database):
    killed = subprocess.run([sys.executable, "-c", OURS, "7", "dies"], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert_usable()
    assert not list(database.parent.glob("mlflow.db.new*"))


@pytest.mark.parametrize("tables", ["1", "20", "40"])
def test_a_store_that_mlflow_itself_was_killed_over_is_set_aside(database, tables):
    command = [sys.executable, "-c", MLFLOW, tables, "dies", f"sqlite:///{database}"]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    os.utime(database, (0, 0))
    assert_usable()
    assert database.with_name("mlflow.db.unfinished").exists()


def test_a_store_that_mlflow_itself_is_making_is_waited_for(database, monkeypatch):
    command = [sys.executable, "-c", MLFLOW, "20", "waits", f"sqlite:///{database}"]
    with subprocess.Popen(command, cwd=database.parent, stdin=-1, stdout=-1, text=True) as process:
        assert "half way" in process.stdout.readline()
        monkeypatch.setattr(store, "say", lambda text: process.stdin.close())
        assert_usable()
        assert process.wait() == 0
    assert not database.with_name("mlflow.db.unfinished").exists()


@pytest.mark.parametrize("name", ["50%20", "really?"])
def test_a_folder_that_the_address_of_a_store_cannot_name_is_one_line(tmp_path, monkeypatch, name):
    (tmp_path / name).mkdir()
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / name))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(UserError, match=r"MLflow reads the \? or % in this path as something else; rename the folder"):
        open_store()
    assert [path.name for path in tmp_path.iterdir()] == [name] and not list((tmp_path / name).iterdir())


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
