"""A small data set in real IDX files, and copies of the project that use it."""

import os
from pathlib import Path

import hypothesis
import pytest
from helpers.data import TEST, TRAIN, make_split, small_params, write_source
from helpers.project import Project

from pipeline.config.schema import Params
from pipeline.core.cli import QUIET

for name, value in QUIET.items():
    os.environ.setdefault(name, value)


def pytest_addoption(parser):
    parser.addoption("--rounds", type=int, default=1, help="how many rounds each fault test is run for")
    parser.addoption("--cases", type=int, default=300, help="how many cases each property test tries")


def pytest_configure(config):
    # no deadline: the machine may be busy; what hangs is seen without one
    hypothesis.settings.register_profile("ours", max_examples=config.getoption("--cases"), deadline=None)
    hypothesis.settings.load_profile("ours")


def pytest_generate_tests(metafunc):
    if "round_number" in metafunc.fixturenames:
        metafunc.parametrize("round_number", range(metafunc.config.getoption("--rounds")))


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)  # the long ones first, so that no core idles


@pytest.fixture(scope="session")
def source(tmp_path_factory) -> tuple[Path, dict]:
    """(folder of gzipped IDX files, params as a dict)."""
    folder = tmp_path_factory.mktemp("source")
    return folder, small_params(write_source(folder, make_split(TRAIN, 1), make_split(TEST, 2)), folder)


@pytest.fixture
def params(source) -> Params:
    return Params.model_validate(source[1])


@pytest.fixture(scope="session")
def prepared(tmp_path_factory, source) -> Project:
    """A project whose data is prepared, and nothing else. Leave it as it is."""
    project = Project(tmp_path_factory.mktemp("prepared") / "a b", source[1])
    project.ok("dvc", "repro", "preprocess")
    return project


@pytest.fixture
def project(tmp_path, source) -> Project:
    return Project(tmp_path / "a b é", source[1])


@pytest.fixture(scope="session")
def done(tmp_path_factory, source) -> Project:
    """A project after `dvc repro`, in a folder whose path has a space and a letter outside ASCII. Leave it as it is."""
    project = Project(tmp_path_factory.mktemp("done") / "a b é", source[1])
    project.first_output = project.ok("dvc", "repro")
    project.ok("git", "add", "-A")
    project.ok("git", "commit", "-qm", "results")
    return project


def opened_store(folder, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    monkeypatch.setenv("DVC_ROOT", str(folder))
    import mlflow

    from pipeline.tracking.store import open_store

    open_store()
    yield mlflow.MlflowClient()
    mlflow.end_run()


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A new, empty MLflow store, as a client of it."""
    yield from opened_store(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory) -> Path:
    """The folder of `shared_store`."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def shared_store(store_folder, monkeypatch):
    """An MLflow store that all tests of a file share, each with runs of its own: to make one takes a second."""
    yield from opened_store(store_folder, monkeypatch)
