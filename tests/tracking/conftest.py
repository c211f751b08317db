"""An MLflow server in the tests' own process."""

import shutil

import pytest
from helpers.serving import serving


@pytest.fixture
def application(tmp_path, monkeypatch, empty_store):
    """(MLflow's server as a WSGI application, its database)."""
    database = shutil.copy(empty_store, tmp_path / "server.db")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    from mlflow.server import app, handlers

    monkeypatch.setattr(handlers, "_tracking_store", None)
    handlers.initialize_backend_stores(f"sqlite:///{database}", default_artifact_root=str(tmp_path / "artifacts"))
    return app, database


@pytest.fixture
def server(application):
    """(address with a password, database) of a server that runs."""
    app, database = application
    with serving(app) as port:
        yield f"http://user:s3cret@127.0.0.1:{port}", database
