import contextlib
import json
import sqlite3
import subprocess
import sys
import threading

import pytest
import sqlalchemy
from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

from pipeline.config.schema import Tracking
from pipeline.core.errors import UserError
from pipeline.tracking import experiment, manifest, runs
from pipeline.tracking.logging import log_metrics, log_text


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


@pytest.mark.parametrize(
    ("given", "kept"), [(None, "cnn 3 epochs"), ("warm", "warm"), ("my-run-1", "my-run-1"), ("wise-owl", "wise-owl")]
)
def test_a_run_has_our_name_unless_the_user_chose_another(store, monkeypatch, given, kept):
    with runs.run(run_name="cnn 10 epochs") as run_id:
        pass
    with runs.run(run_id, run_name="another"):
        pass
    assert store.get_run(run_id).info.run_name == "cnn 10 epochs"
    opened = store.create_run("0", run_name=given).info.run_id  # as `mlflow run` does
    monkeypatch.setenv("MLFLOW_RUN_ID", opened)
    with runs.run(run_name="cnn 3 epochs"):
        pass
    assert store.get_run(opened).info.run_name == kept


def test_the_ui_is_told_that_models_are_trained_here_and_which_columns_to_show(store):
    store.set_experiment_tag("0", "mlflow.experimentKind", "genai_development")  # somebody's choice
    for _ in range(2):
        with runs.run():
            pass
    tags = store.get_experiment("0").tags
    assert tags["mlflow.experimentKind"] == "genai_development"
    view = json.loads(tags[f"mlflow.sharedViewState.{experiment.VIEW}"])
    assert "metrics.`test/accuracy`" in view["selectedColumns"] and f"={experiment.VIEW}&" in experiment.address("0")


@pytest.mark.parametrize("asks", ["the environment", "params.yaml"])
def test_system_metrics_are_logged_where_somebody_asks_for_them_also_of_a_run_that_goes_on(store, monkeypatch, asks):
    logged = threading.Event()
    publish = SystemMetricsMonitor.publish_metrics
    monkeypatch.setattr(SystemMetricsMonitor, "publish_metrics", lambda *of: (publish(*of), logged.set()))
    monkeypatch.setenv("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", str(asks == "the environment"))
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.01")
    run_id = None
    for _ in range(2):
        logged.clear()
        with runs.run(run_id, tracking=Tracking(system_metrics=asks == "params.yaml")) as run_id:
            assert logged.wait(60)
    run = store.get_run(run_id)
    steps = [point.step for point in store.get_metric_history(run_id, "system/system_memory_usage_percentage")]
    assert steps == list(range(len(steps))) and len(steps) > 1, "a curve without a gap"
    with manifest.folder_at(run.info.artifact_uri) as folder:
        assert manifest.read(run, folder).metrics == {}, "they go on until after the manifest is written"


def test_the_page_of_an_ended_run_is_not_filled_with_its_process(store):
    with runs.run() as run_id:
        assert "process.id" in store.get_run(run_id).data.tags
    assert {name for name in store.get_run(run_id).data.tags if name.startswith("process.")} == {"process.host"}


def test_an_unknown_run_is_one_line(store):
    with pytest.raises(UserError, match="Run with id=0123 not found"), runs.run("0123"):
        pass


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
        log_metrics({"x": 1})
    with pytest.raises(UserError, match=r"MLflow's store: .*deleted"), runs.run() as run_id:
        store.delete_run(run_id)
    with pytest.raises(UserError, match="no room"), runs.run() as run_id:
        store.delete_run(run_id)
        raise UserError("no room")
    with pytest.raises(KeyboardInterrupt), runs.run() as run_id:
        store.delete_run(run_id)
        raise KeyboardInterrupt


def test_what_mlflow_left_of_an_artifact_when_it_was_killed_goes_when_the_run_goes_on(store, tmp_path):
    with runs.run() as run_id:
        log_text("hello", "notes/note.txt")
    (note,) = tmp_path.rglob("note.txt")
    (note.parent / ".artifact.uploading.123").write_text("hel")
    with runs.run(run_id):
        assert [path.name for path in note.parent.iterdir()] == ["note.txt"]


def test_nothing_is_written_or_removed_in_a_folder_that_is_not_the_runs_own(store, tmp_path):
    with runs.run() as run_id:
        pass
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".artifact.uploading.123").write_text("somebody's")
    with contextlib.closing(sqlite3.connect(tmp_path / "mlflow.db")) as connection, connection:
        connection.execute("UPDATE runs SET artifact_uri = ?", (str(tmp_path / "home"),))
    with pytest.raises(UserError, match=r"artifacts are in .*home; that is not its own"), runs.run(run_id):
        log_text("hello", ".bashrc")
    assert [path.name for path in (tmp_path / "home").iterdir()] == [".artifact.uploading.123"]


@pytest.mark.parametrize("name", ["", "figures"])
def test_no_link_among_the_artifacts_is_followed(store, tmp_path, name):
    with runs.run() as run_id:
        log_text("hello", "note.txt")
    (victim := tmp_path / "victim").mkdir()
    (victim / ".artifact.uploading.1").write_text("somebody's")
    (folder,) = (tmp_path / "mlruns").rglob(f"{run_id}/artifacts")
    if not name:
        folder.rename(tmp_path / "aside")
    (folder / name).symlink_to(victim)
    with pytest.raises(UserError, match=r"is not its own|is a link among the artifacts"), runs.run(run_id):
        log_text("evil", f"{name}/note.txt".lstrip("/"))
    assert [path.name for path in victim.iterdir()] == [".artifact.uploading.1"]


OPENS_A_RUN = """
from pipeline.tracking import experiment, manifest, runs
with runs.run() as run_id:
    print(run_id, flush=True)
    input()
"""


@pytest.mark.e2e
def test_a_run_whose_process_was_killed_is_closed_at_the_next_start(store):
    started = [subprocess.Popen([sys.executable, "-c", OPENS_A_RUN], stdin=-1, stdout=-1, text=True) for _ in range(2)]
    killed, alive = started
    ids = [process.stdout.readline().strip() for process in started]
    killed.kill()
    killed.communicate()
    elsewhere = store.create_run("0", tags={"process.host": "another", "process.id": "1", "process.started": "1.00"})
    foreign = store.create_run("0")  # of a program that is not ours
    nameless = store.create_run("0", tags=runs._this_process())
    store.delete_tag(nameless.info.run_id, "process.id")
    reused = store.create_run("0", tags=runs._this_process() | {"process.started": "1.00"})  # the number was given anew
    for number in ("²", "9" * 5000):  # somebody's joke
        store.create_run("0", tags=runs._this_process() | {"process.id": number})
    with runs.run():
        found = [store.get_run(run_id) for run_id in ids]
    assert [run.info.status for run in found] == ["KILLED", "RUNNING"]
    assert found[0].data.tags["error"] == "its process was killed" and found[0].info.end_time
    others = [store.get_run(run.info.run_id).info.status for run in (elsewhere, foreign, reused, nameless)]
    assert others == ["RUNNING", "RUNNING", "KILLED", "KILLED"]
    alive.communicate("\n")
    assert store.get_run(ids[1]).info.status == "FINISHED"


def test_what_mlflow_run_opened_here_for_a_process_that_never_came_is_closed(store, monkeypatch, tmp_path):
    def opened(folder) -> str:
        return store.create_run("0", tags={"mlflow.source.name": f"file://{folder}"}).info.run_id

    never_came, elsewhere, late = opened(tmp_path), opened(tmp_path / "other"), opened(tmp_path)
    monkeypatch.setenv("MLFLOW_RUN_ID", late)  # this process's own
    runs.close_stale()
    found = [store.get_run(run_id).info.status for run_id in (never_came, elsewhere, late)]
    assert found == ["KILLED", "RUNNING", "RUNNING"]
    monkeypatch.setenv("MLFLOW_RUN_ID", never_came)
    with runs.run():
        assert store.get_run(never_came).info.status == "RUNNING"
    run = store.get_run(never_came)
    assert run.info.status == "FINISHED" and "error" not in run.data.tags


def test_two_that_close_the_same_run_at_once_are_in_nobodys_way(store, tmp_path):
    """The other one writes the same tag after MLflow has looked for it, and before it writes its own."""
    tags = {"mlflow.source.name": f"file://{tmp_path}"}
    twice, once = (store.create_run("0", tags=tags).info.run_id for _ in range(2))

    @sqlalchemy.event.listens_for(sqlalchemy.Engine, "before_cursor_execute")
    def other(connection, cursor, statement, parameters, context, many):
        if statement.startswith("INSERT INTO tags") and twice in parameters:
            cursor.execute(statement, parameters)

    try:
        with runs.run():
            assert store.get_run(once).info.status == "KILLED"
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", other)
