import signal
import subprocess
import sys

import pytest

from pipeline import runs, tracking
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


@pytest.mark.parametrize(
    ("raised", "status"), [(KeyboardInterrupt(), "KILLED"), (UserError("no room"), "FAILED"), (SystemExit(1), "FAILED")]
)
def test_a_run_that_ends_badly_says_so(store, raised, status):
    with pytest.raises(type(raised)), runs.run() as run_id:
        raise raised
    run = store.get_run(run_id)
    assert run.info.status == status
    assert run.data.tags.get("error") == (None if status == "KILLED" else str(raised))


def test_the_run_that_mlflow_run_opened_is_continued(store, monkeypatch):
    opened = store.create_run("0").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", opened)
    with runs.run() as run_id:
        assert run_id == opened
    assert len(store.search_runs(["0"])) == 1


def test_a_run_is_named_after_the_dvc_experiment(store, monkeypatch):
    monkeypatch.setenv("DVC_EXP_NAME", "dusty-lobe")
    with runs.run() as run_id:
        pass
    assert store.get_run(run_id).info.run_name == "dusty-lobe"


def test_an_unknown_run_is_one_line(store):
    with pytest.raises(UserError, match="Run with id=0123 not found"), runs.run("0123"):
        pass


def test_a_run_is_found_by_id_then_by_model_then_not_at_all(store):
    with runs.run() as run_id:
        tracking.log_start({}, {"model.sha256": "abc"})
    assert runs.find_run(run_id, "other") == run_id
    assert runs.find_run("f" * 32, "abc") == run_id
    assert runs.find_run("f" * 32, "other") is None


def test_a_run_that_is_continued_well_loses_the_error_of_an_earlier_try(store):
    with pytest.raises(UserError), runs.run() as run_id:
        raise UserError("no room")
    with runs.run(run_id):
        pass
    run = store.get_run(run_id)
    assert run.info.status == "FINISHED" and "error" not in run.data.tags


def test_a_run_that_was_deleted_meanwhile_or_a_full_disk_is_one_line(store, tmp_path):
    with pytest.raises(UserError, match=r"MLflow's store: .*deleted"), runs.run() as run_id:
        store.delete_run(run_id)
        tracking.log_metrics({"x": 1})
    with pytest.raises(UserError, match="no room"), runs.run() as run_id:
        store.delete_run(run_id)
        raise UserError("no room")


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
    assert runs.find(run_id).info.status == "FINISHED"
    assert not list(tmp_path.glob("mlflow.db.new*"))


OPENS_A_RUN = """
from pipeline import runs
with runs.run() as run_id:
    print(run_id, flush=True)
    input()
"""


def test_a_run_whose_process_was_killed_is_closed_at_the_next_start(store):
    started = [subprocess.Popen([sys.executable, "-c", OPENS_A_RUN], stdin=-1, stdout=-1, text=True) for _ in range(2)]
    killed, alive = started
    ids = [process.stdout.readline().strip() for process in started]
    killed.kill()
    killed.communicate()
    elsewhere = store.create_run("0", tags={"process.host": "another", "process.id": "1", "process.started": "1.00"})
    foreign = store.create_run("0")  # of a program that is not ours
    reused = store.create_run("0", tags=runs._this_process() | {"process.started": "1.00"})  # the number was given anew
    with runs.run():
        found = [store.get_run(run_id) for run_id in ids]
    assert [run.info.status for run in found] == ["KILLED", "RUNNING"]
    assert found[0].data.tags["error"] == "its process was killed" and found[0].info.end_time
    others = [store.get_run(run.info.run_id).info.status for run in (elsewhere, foreign, reused)]
    assert others == ["RUNNING", "RUNNING", "KILLED"]
    alive.communicate("\n")
    assert store.get_run(ids[1]).info.status == "FINISHED"


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


def test_a_run_may_be_named_by_the_beginning_of_its_id(store):
    run_id = store.create_run("0").info.run_id
    assert runs.named(run_id).info.run_id == runs.named(run_id[:8]).info.run_id == run_id
    for wrong in ("0123", run_id[:3], "%", "' OR 1=1"):
        with pytest.raises(UserError, match="is not in the MLflow store"):
            runs.named(wrong)
