"""MLflow's server, as `make ui` starts it: for this machine alone, with a store that others may name."""

import errno
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
from helpers import postgres
from helpers.data import free_port
from helpers.faults import EPOCHS, interrupt
from helpers.verifying import changed, flip

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def server(prepared, tmp_path_factory) -> tuple[int, Path]:
    """(port, folder of the artifacts) of a server with a store of its own."""
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    place = ("--backend-store-uri", f"sqlite:///{folder}/server.db", "--artifacts-destination", str(folder / "kept"))
    project = prepared.copy(folder / "project")
    quick = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # else it starts seven more programs
    process = project.start("mlflow", "ui", "--workers", "1", "--port", str(port), *place, **quick)
    try:
        waited_for = {"Application startup complete", "Uvicorn running on"}  # it listens after the one or before it
        while waited_for and (line := process.stdout.readline()):
            waited_for -= {words for words in waited_for if words in line}
        assert not waited_for
        threading.Thread(target=process.stdout.read, daemon=True).start()  # else the pipe fills, and the server waits
        yield port, folder / "kept"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def command(project, *arguments: str, until: str, **environment: str) -> subprocess.Popen:
    """Starts a command of the project, and returns once it has printed a line that has these words."""
    process = project.start("python", "-m", "pipeline", *arguments, **environment)
    assert any(until in line for line in process.stdout)
    threading.Thread(target=process.stdout.read, daemon=True).start()
    return process


@pytest.fixture
def kept() -> Iterator[Path]:
    with postgres.folder() as folder:
        yield folder


def test_a_training_ends_well_without_its_server_and_sync_delivers_the_rest(prepared, tmp_path, kept, inside):
    project, port = prepared.copy(tmp_path / "project"), free_port()
    project.change("train", epochs=EPOCHS)
    store = {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
    serve = ("server", "--port", str(port), "--folder", str(kept))
    server = command(project, *serve, until="Ctrl-C")
    training = project.start("dvc", "repro", "train", **store)
    for line in training.stdout:
        if line.startswith("epoch  2/"):
            interrupt(server, signal.SIGTERM)
    assert training.wait() == 0
    assert "does not answer" in project.fails("python", "-m", "pipeline", "sync", **store)
    server = command(project, *serve, until="Ctrl-C")
    try:
        shown = inside(project, "sync", **store)
        assert "gets what it has not got yet" in shown and "gets what" not in inside(project, "sync", **store)
        project.ok("dvc", "repro", **store)  # evaluate alone
        shown = inside(project, "verify", **store)
        assert "✗" not in shown and "✓ curves" in shown and "✓ champion" in shown
        client = mlflow.MlflowClient(store["MLFLOW_TRACKING_URI"])
        run_id = (project.folder / "models/run_id").read_text().strip()
        points = client.get_metric_history(run_id, "epoch/train_loss")
        assert [point.step for point in points] == list(range(1, EPOCHS + 1))
        assert len({point.timestamp for point in points}) > 2  # those of the epochs
    finally:
        interrupt(server, signal.SIGTERM)


def is_taken(address: str, port: int) -> bool:
    """Whether another process has this address, or all addresses, of this machine."""
    with socket.socket() as mine:
        try:
            mine.bind((address, port))
        except OSError as error:
            assert error.errno == errno.EADDRINUSE
            return True
        return False


def test_the_ui_is_for_this_machine_alone(server):
    port, _ = server
    assert is_taken("127.0.0.1", port) and not is_taken("127.0.0.2", port)


def test_training_again_gives_the_same_bytes_and_a_run_that_verify_follows_to_a_server(server, done, tmp_path, inside):
    port, artifacts = server
    store = {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}"}
    project = done.copy(tmp_path / "copy")
    project.ok("dvc", "repro", "--force", "--single-item", "train", **store)
    before, after = done.outputs(), project.outputs()
    assert before.pop("models/run_id") != after.pop("models/run_id")
    assert before == after
    verify = ("verify", (project.folder / "models/run_id").read_text().strip())
    shown = inside(project, *verify, **store)
    assert "✓ logged models        1 of 1 agree" in shown and "✓ artifacts" in shown
    (logged,) = artifacts.rglob("model.keras")
    with changed(logged, flip):
        assert "the logged model was changed" in inside(project, *verify, fails=True, **store)
