"""A server that is away loses no point of a curve, and none is there twice."""

import math
import time

import mlflow
import pytest
import requests
from helpers.data import free_port
from helpers.serving import serving
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST

from pipeline.core.errors import Away
from pipeline.tracking import queries, runs, store
from pipeline.tracking.outbox import Outbox, Point


@pytest.fixture
def place(application, monkeypatch):
    """(MLflow's server as a WSGI application, the port at which it is looked for)."""
    port = free_port()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
    return application[0], port


def put(outbox: Outbox, epoch: int) -> None:
    outbox.folder.mkdir(exist_ok=True)
    (outbox.folder / f"epoch_{epoch}.keras").write_bytes(bytes([epoch]))
    outbox.put(epoch, {"epoch/train_loss": 1 / epoch}, f"epoch_{epoch}.keras")
    outbox.deliver()


def curve(run_id: str) -> list[int]:
    """The epochs of the points that the store has, in the order of their times."""
    history = mlflow.MlflowClient().get_metric_history(run_id, "epoch/train_loss")
    return [point.step for point in sorted(history, key=lambda point: point.timestamp)]


def test_what_a_server_misses_is_kept_and_delivered_in_order_once(place, tmp_path, capsys):
    app, port = place
    outbox = Outbox(tmp_path / "outbox")
    with serving(app, port):
        opened = runs.run()
        run_id = opened.__enter__()
        put(outbox, 1)
    for epoch in (2, 3):
        put(outbox, epoch)
    assert [path.name for path in sorted(outbox.folder.glob("*.json"))] == ["000002.json", "000003.json"]
    with serving(app, port):
        for epoch in (4, 5):
            put(outbox, epoch)
        assert curve(run_id) == [1, 2, 3, 4, 5] and not list(outbox.folder.iterdir())
        files = [item.path for item in mlflow.MlflowClient().list_artifacts(run_id, "checkpoints")]
        assert files == [f"checkpoints/epoch_{epoch}.keras" for epoch in (1, 2, 3, 4, 5)]
        opened.__exit__(None, None, None)
        assert queries.get_run(run_id).info.status == "FINISHED"
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(" answer")[0] for line in said] == ["MLflow's server does not", "MLflow's server"]
    assert "has the 3 epochs that it missed" in said[1]


def test_a_point_whose_answer_was_lost_is_there_once(place, tmp_path, monkeypatch):
    app, port = place
    outbox, log = Outbox(tmp_path / "outbox"), mlflow.log_metrics

    def lost(*arguments, **others):
        log(*arguments, **others)
        raise MlflowException("API request failed with exception: Connection reset by peer")

    with serving(app, port), runs.run() as run_id:
        with monkeypatch.context() as patch:
            patch.setattr(mlflow, "log_metrics", lost)
            put(outbox, 1)
        put(outbox, 2)
        assert curve(run_id) == [1, 2]


def test_a_run_whose_server_stays_away_is_left_open_and_damage_stops_no_delivery(place, tmp_path, monkeypatch, capsys):
    app, port = place
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    outbox = Outbox(tmp_path / "outbox")
    with serving(app, port):
        opened = runs.run()
        run_id = opened.__enter__()
    put(outbox, 1)
    with pytest.raises(MlflowException) as error:
        outbox.empty()
    assert capsys.readouterr().out.count("waiting for it") == 1
    with pytest.raises(Away, match=rf"http://127.0.0.1:{port} does not answer any more \(Connection refused\)$"):
        opened.__exit__(MlflowException, error.value, error.value.__traceback__)
    assert mlflow.active_run() is None
    put(outbox, 2)
    put(outbox, 3)
    (outbox.folder / "epoch_1.keras").unlink()  # by a delivery that was killed before it could remove the point
    (outbox.folder / "000002.json").write_text('{"epoch": 2, "time": 1, "metrics": {}, "checkpoint": "../id"}')
    (outbox.folder / "000003.json").write_text("{torn")
    with serving(app, port), runs.run(run_id):
        assert outbox.empty() == 3 and curve(run_id) == [1]
    left = {path.name for path in outbox.folder.iterdir()}
    assert left == {"000002.damaged", "000003.damaged", "epoch_2.keras", "epoch_3.keras"}
    said = capsys.readouterr().out
    assert "000003.json: is not as it was written; it is set aside" in said and "waiting" not in said
    assert outbox.empty() == 0 and not capsys.readouterr().out, "nothing waits for the server"


def test_only_a_server_can_be_away(monkeypatch, tmp_path):
    away, refused = MlflowException("no answer"), MlflowException("no such run", error_code=RESOURCE_DOES_NOT_EXIST)
    response = requests.Response()
    response.status_code = 404
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert store.is_away(away) and store.is_away(requests.ConnectionError())
    assert not store.is_away(refused) and not store.is_away(requests.HTTPError(response=response))
    assert not store.is_away(OSError("disk full"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    assert not store.is_away(away)

    def refuse(*_, **__):
        raise refused

    monkeypatch.setattr(mlflow, "log_metrics", refuse)
    with pytest.raises(MlflowException, match="no such run"):
        put(Outbox(tmp_path / "outbox"), 1)
    Outbox(tmp_path / "outbox").put(2, {"epoch/train_loss": math.inf})
    for path, loss in zip(sorted((tmp_path / "outbox").glob("*.json")), (1, math.inf), strict=True):
        point = Point.model_validate_json(path.read_bytes())
        assert point.metrics == {"epoch/train_loss": loss}
        assert point.time / 1000 == pytest.approx(time.time(), abs=60), "of the epoch, in milliseconds"
