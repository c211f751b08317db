"""Passwords given to real programs; SECURITY.md names the tests of its other promises."""

import contextlib
import sqlite3

import pytest

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("store", "said"),
    [
        ("http://user:s3cret@127.0.0.1:9", "error: MLflow's server http://user:***@127.0.0.1:9 does not answer"),
        ("postgress://user:s3cret@localhost/db", "error: MLflow's store"),
    ],
)
def test_a_password_in_the_address_of_the_store_is_not_printed(prepared, store, said):
    settings = {"MLFLOW_TRACKING_URI": store, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    shown = prepared.fails("python", "-m", "pipeline", "verify", **settings)
    assert said in shown and "://user:***@" in shown and "s3cret" not in shown


def test_a_password_given_to_mlflow_run_is_refused_with_what_removes_it(prepared, tmp_path):
    project = prepared.copy(tmp_path / "copy")
    storage = "storage=postgresql://127.0.0.1:9/x?user=u&password=s3cret"
    shown = project.fails("mlflow", "run", ".", "--env-manager", "local", "-e", "tune", "-P", storage)
    (advice,) = [line for line in shown.splitlines() if line.startswith("error: storage: ")]
    assert "s3cret" not in advice and "OPTUNA_STORAGE" in advice
    assert [run.data.params["storage"].strip("'") for run in project.runs()] == [storage.removeprefix("storage=")]
    for command in advice.partition("remove it: ")[2].split(" && "):
        project.ok(*command.split())
    with contextlib.closing(sqlite3.connect(project.folder / "mlflow.db")) as connection:
        assert "s3cret" not in "".join(connection.iterdump())
