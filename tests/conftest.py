"""A small data set in real IDX files, and copies of the project that use it."""

import functools
import gc
import json
import os
from pathlib import Path

import hypothesis
import pytest
from helpers.data import TEST, TRAIN, make_split, small_params, write_source
from helpers.faults import EPOCHS
from helpers.inside import inside as run_inside
from helpers.project import Project, copy_store
from helpers.shared import made_once

from pipeline.config.schema import Params
from pipeline.core.cli import QUIET

for name, value in QUIET.items():
    os.environ.setdefault(name, value)


def pytest_addoption(parser):
    parser.addoption("--rounds", type=int, default=1, help="how many rounds each fault test is run for")
    parser.addoption("--screenshots", type=Path, help="a folder to keep pictures in, of pages as a browser shows them")
    parser.addoption("--cases", type=int, default=30, help="how many cases each property test tries")


def pytest_configure(config):
    # no deadline: the machine may be busy; what hangs is seen without one
    hypothesis.settings.register_profile("ours", max_examples=config.getoption("--cases"), deadline=None)
    hypothesis.settings.load_profile("ours")
    gc.disable()  # what is collected imports all libraries, and stays: to look through it again and again takes longer


def pytest_collection_finish():
    gc.freeze()
    gc.enable()


def pytest_generate_tests(metafunc):
    if "round_number" in metafunc.fixturenames:
        metafunc.parametrize("round_number", range(metafunc.config.getoption("--rounds")))


def pytest_collection_modifyitems(items):
    # the long ones first, so that no core idles: those that run programs, then the upper floors of the house
    items.sort(key=lambda item: item.path, reverse=True)
    items.sort(key=lambda item: item.get_closest_marker("e2e") is None)


@pytest.fixture(scope="session")
def screenshots(pytestconfig) -> Path | None:
    """The folder in which pictures of pages are kept; None where nobody wants them."""
    return pytestconfig.getoption("--screenshots")


@pytest.fixture(scope="session")
def source(tmp_path_factory) -> tuple[Path, dict]:
    """(folder of gzipped IDX files, params as a dict)."""

    def make(folder: Path) -> None:
        params = small_params(write_source(folder, make_split(TRAIN, 1), make_split(TEST, 2)), folder)
        (folder.parent / "params.json").write_text(json.dumps(params))

    folder = made_once(tmp_path_factory, "source", make)
    return folder, json.loads((folder.parent / "params.json").read_text())


@pytest.fixture
def params(source) -> Params:
    return Params.model_validate(source[1])


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory) -> Path:
    """An MLflow database without runs, to copy: MLflow takes seconds to make one. Leave it as it is."""

    def make(folder: Path) -> None:
        from pipeline.tracking.store import open_store

        folder.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DVC_ROOT", str(folder))
            patch.setenv("MLFLOW_TRACKING_URI", "")
            open_store()

    return made_once(tmp_path_factory, "empty_store", make) / "mlflow.db"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory, source, empty_store) -> Project:
    """A project whose data is prepared, with an MLflow store without runs, and nothing else. Leave it as it is."""

    def make(folder: Path) -> None:
        new_project(folder, source).ok("dvc", "repro", "preprocess")
        copy_store(empty_store, folder)

    return Project.at(made_once(tmp_path_factory, "prepared", make))


@pytest.fixture
def project(tmp_path, source) -> Project:
    return new_project(tmp_path / "a b é", source)


def new_project(folder: Path, source: tuple[Path, dict]) -> Project:
    """A project of which nothing has run. Its trainings are long enough to be interrupted."""
    params = source[1]
    return Project(folder, params | {"train": params["train"] | {"epochs": EPOCHS}})


@pytest.fixture
def inside(monkeypatch, capfd):
    """Runs a command in this process: `inside(project, "verify", "--all", fails=True)`; see helpers/inside.py."""
    return functools.partial(run_inside, monkeypatch=monkeypatch, capfd=capfd)


@pytest.fixture(scope="session")
def done(tmp_path_factory, prepared) -> Project:
    """A project after `dvc repro`, in a folder whose path has a space and a letter outside ASCII. Leave it as it is."""

    def make(folder: Path) -> None:
        project = prepared.copy(folder)
        (folder.parent / "shown.txt").write_text(project.ok("dvc", "repro"))
        project.ok("git", "add", "-A")
        project.ok("git", "commit", "-qm", "results")

    return Project.at(made_once(tmp_path_factory, "done", make))


@pytest.fixture
def store(tmp_path, monkeypatch, empty_store):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    import mlflow

    from pipeline.tracking.store import open_store

    copy_store(empty_store, tmp_path)
    open_store()
    yield mlflow.MlflowClient()
    mlflow.end_run()
