"""The password in the address of a store is in nothing that is printed, logged, tagged or written."""

import contextlib
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.serving import serving

from pipeline.core.cli import run_cli
from pipeline.core.errors import UserError
from pipeline.tracking import artifacts, logging, queries, runs
from pipeline.tracking.store import open_store, ui_lines


def test_a_run_on_a_server_leaves_its_password_nowhere(server, monkeypatch, capfd, tmp_path):
    address, database = server
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    with pytest.raises(UserError), runs.run() as run_id:
        logging.log_start({"train": {"epochs": 1}}, {"git.dirty": "false"})
        logging.log_text("hello", "note.txt")
        raise UserError(f"could not reach {address}/api")
    with runs.run(run_id):
        pass
    run = queries.get_run(run_id)
    assert run.info.status == "FINISHED"
    print(*ui_lines(run.info.experiment_id, run_id))
    shown = "".join(capfd.readouterr())
    assert "http://user:***@127.0.0.1" in shown and "s3cret" not in shown
    with contextlib.closing(sqlite3.connect(database)) as connection:
        kept = "".join(connection.iterdump())
    assert run_id in kept and "s3cret" not in kept
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()]


@pytest.mark.parametrize(
    "address",
    [
        "http://user:s3cret@127.0.0.1:9",
        "http://s3cret@127.0.0.1:9/sub/",
        "http://127.0.0.1:9/?password=s3cret",
        "http://user:s3/cret@127.0.0.1:9",
        "http://user:s3c@r/et@127.0.0.1:9",
        "postgresql://127.0.0.1:9/x?user=u&password=s3cret",
        "postgresql://user:s3cret@127.0.0.1:9/x",
        "postgresql://user:s3c@r/et@127.0.0.1:9/x",
        "postgresql://user:s3cret/x",
        "postgress://user:s3cret@127.0.0.1/x",
        "mysql://user:s3cret@127.0.0.1/x",
        "http:/user:s3cret@127.0.0.1:9",
    ],
)
def test_a_store_that_cannot_be_opened_is_one_line_without_its_password(address, monkeypatch, capfd, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(SystemExit) as ended:
        run_cli(open_store)
    shown = f"{ended.value.code}{''.join(capfd.readouterr())}"
    assert shown.startswith("error: ") and len(shown.splitlines()) == 1
    for part in ("s3c", "r/et", "cret@"):
        assert part not in shown


@pytest.mark.parametrize("place", ["http://{}/api/2.0/mlflow-artifacts/artifacts", "mlflow-artifacts://{}/x"])
def test_no_other_server_is_asked_for_artifacts_since_mlflow_would_send_it_our_password(store, monkeypatch, place):
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "user")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "s3cret")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    asked = []
    app = lambda environ, start: (asked.append(environ), start("200 OK", []), [b"{}"])[2]  # noqa: E731
    with serving(app) as port:
        run = store.create_run(store.create_experiment("planted", place.format(f"127.0.0.1:{port}")))
        assert artifacts.content(run.info.run_id, Path("environment/uncommitted.diff")) is None
        with pytest.raises(UserError, match="is not on the server of this MLflow store"), runs.run(run.info.run_id):
            pass
        model = SimpleNamespace(artifact_location=run.info.artifact_uri)
        assert queries.model_sha256(model) is None
    assert not asked
