import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.core.errors import UserError
from pipeline.tracking import queries, runs, server, store
from pipeline.tracking.logging import log_text
from pipeline.tracking.store import open_store


@pytest.fixture
def database(tmp_path, monkeypatch) -> Path:
    """Where the store will be; there is none."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path / "mlflow.db"


def test_the_store_is_in_the_repository_wherever_the_process_stands(database, tmp_path, monkeypatch):
    (tmp_path / "copy").mkdir()
    monkeypatch.chdir(tmp_path / "copy")
    with runs.run() as run_id:
        log_text("hello", "note.txt")
    assert database.exists()
    assert list((tmp_path / "mlruns").rglob("note.txt"))
    assert not list((tmp_path / "copy").iterdir())
    assert queries.get_run(run_id).info.status == "FINISHED"


def test_the_environment_names_another_store_as_mlflow_run_writes_it(tmp_path, monkeypatch, empty_store):
    shutil.copy(empty_store, tmp_path / "a b.db")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/a%20b.db")
    with runs.run() as run_id:
        pass
    assert sorted(path.name for path in tmp_path.glob("*.db")) == ["a b.db"]
    assert run_id.encode() in (tmp_path / "a b.db").read_bytes()


DIES_HALF_WAY = """
import os, signal, sys
import mlflow, sqlalchemy
count = 0
@sqlalchemy.event.listens_for(sqlalchemy.Engine, "after_cursor_execute")
def after(conn, cursor, statement, *_):
    global count
    count += "CREATE TABLE" in statement
    if count == 20:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.e2e
def test_a_store_whose_maker_was_killed_half_way_is_made_by_the_next(database):
    code = DIES_HALF_WAY + "from pipeline.tracking.store import open_store\nopen_store()"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    assert not database.exists()
    with runs.run() as run_id:
        pass
    assert queries.get_run(run_id).info.status == "FINISHED"
    assert not list(database.parent.glob("mlflow.db.new*"))


@pytest.mark.e2e
def test_a_store_that_mlflow_itself_was_killed_over_says_what_to_type(database):
    code = DIES_HALF_WAY + f"mlflow.set_tracking_uri('sqlite:///{database}')\nmlflow.search_experiments()"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    with pytest.raises(UserError, match=rf"already exists; .* mv {database} {database}\.unfinished"):
        open_store()


@pytest.mark.parametrize(("listens", "reason"), [(False, "Connection refused"), (True, "Read timed out")])
def test_a_server_that_does_not_answer_is_named_at_once(tmp_path, monkeypatch, listens, reason):
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        if listens:
            listening.listen()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        monkeypatch.setattr(server, "PATIENCE", 0.1)
        monkeypatch.setenv("DVC_ROOT", str(tmp_path))
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        monkeypatch.setenv("DVC_STAGE", "train")
        with pytest.raises(
            UserError, match=rf"{address} does not answer \(.*{reason}\); `dvc checkout && git checkout reports`"
        ):
            open_store()
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in os.environ, "later questions are patient"
    assert not list(tmp_path.iterdir()), "no lock, for which others would wait"


@pytest.mark.parametrize(
    ("uri", "lines"),
    [
        (
            "",
            [
                "make ui   (or: python -m pipeline ui), then",
                "http://127.0.0.1:5000/#/experiments/3/runs/abc?workflowType=machine_learning",
            ],
        ),
        (
            "https://me:secret@host/sub/",
            ["https://me:***@host/sub/#/experiments/3/runs/abc?workflowType=machine_learning"],
        ),
        (
            "postgresql://me:secret@host/runs",
            [
                "mlflow ui --backend-store-uri 'postgresql://me:***@host/runs', then",
                "http://127.0.0.1:5000/#/experiments/3/runs/abc?workflowType=machine_learning",
            ],
        ),
    ],
)
def test_the_ui_is_that_of_the_store_which_has_the_run(monkeypatch, uri, lines):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert store.ui_lines("3", "abc") == lines


@pytest.mark.parametrize("written", [" ", "%20"])
def test_the_store_of_this_folder_is_known_by_another_spelling(tmp_path, monkeypatch, written):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "a b"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/a{written}b/mlflow.db")
    assert store.ui_lines("3", "abc")[0] == "make ui   (or: python -m pipeline ui), then"


@pytest.mark.parametrize("name", ["50%20", "really?", "both ' and \"", "two\nlines", "back\\slash"])
def test_a_folder_that_mlflow_cannot_name_is_one_line(tmp_path, monkeypatch, name):
    (tmp_path / name).mkdir()
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / name))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(UserError, match="rename") as refused:
        open_store()
    assert "\n" not in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert {path.name for path in (tmp_path / name).iterdir()} <= {"mlflow.db.lock"}


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


@pytest.mark.parametrize(
    "place",
    [
        "http://h:5001/x",
        "https://h:5000/x",
        "http://other:5000/x",
        "runs:/b/y",
        "models:/m-1",
        "mlflow-artifacts://o/x",
    ],
)
def test_only_the_server_of_the_store_is_asked_for_artifacts(monkeypatch, place):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://h:5000")
    assert store.local_path("mlflow-artifacts:/0/x") is None and store.local_path("http://h:5000/x") is None
    with pytest.raises(UserError, match="is not on the server of this MLflow store; nothing was asked of it"):
        store.local_path(place)
