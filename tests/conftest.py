"""A small data set in real IDX files, and copies of the project that use it."""

import gzip
import os
import socket
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from project import ROOT, Project
from ruamel.yaml import YAML

from pipeline import files
from pipeline.console import QUIET
from pipeline.dataset import Split
from pipeline.sections import Params

METRICS = {"train/loss", "train/accuracy", "validation/loss", "validation/accuracy", "test/accuracy", "test/loss"}
CLASSES, SIDE, TRAIN, TEST = 4, 8, 160, 40

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


def make_split(count: int, seed: int) -> Split:
    """`count` images of four classes that a model can tell apart: a bright quadrant on noise."""
    random = np.random.default_rng(seed)
    labels = (np.arange(count) % CLASSES).astype(np.uint8)
    images = random.integers(0, 60, (count, SIDE, SIDE, 1), dtype=np.uint8)
    half = SIDE // 2
    for image, label in zip(images, labels, strict=True):
        image[half * (label // 2) :, half * (label % 2) :][:half, :half] += 150
    return Split(images, labels)


def idx_bytes(values: np.ndarray) -> bytes:
    """An array of uint8 as an IDX file."""
    header = bytes([0, 0, 8, values.ndim]) + b"".join(size.to_bytes(4, "big") for size in values.shape)
    return header + values.tobytes()


def write_source(folder: Path, train: Split, test: Split) -> dict:
    """Writes the four gzipped files; returns the `train` and `test` parts of the section `dataset`."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = {}
    for name, split in (("train", train), ("test", test)):
        parts[name] = {"count": len(split.images)}
        for kind, values in (("images", split.images.squeeze(-1)), ("labels", split.labels)):
            plain = folder / f"{name}-{kind}"
            plain.write_bytes(idx_bytes(values))
            parts[name] |= {kind: plain.name, f"{kind}_sha256": files.sha256(plain)}
            plain.with_name(plain.name + ".gz").write_bytes(gzip.compress(plain.read_bytes()))
            plain.unlink()
    return parts


def small_params(parts: dict, source: Path) -> dict:
    """The project's own params.yaml, shrunk to the small data set."""
    params = YAML(typ="safe", pure=True).load(ROOT / "params.yaml")
    params["dataset"] |= {"name": "quadrants", "classes": list("ABCD"), "height": SIDE, "width": SIDE} | parts
    params["download"] |= {"sources": [str(source)]}
    params["preprocess"] |= {"validation": 40}
    params["train"] |= {"filters": 4, "dense_units": 8, "batch_size": 16, "epochs": 2, "learning_rate": 0.01}
    params["tune"] |= {"trials": 3, "epochs": 2}
    params["tune"]["space"] |= {"filters": {"low": 2, "high": 6, "step": 2}, "batch_size": {"choices": [8, 16]}}
    params["evaluate"] |= {"showcase": 6, "mistakes": 5}
    return params


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


def edited(text, inserted):
    """A strategy: `text` (str or bytes) after a few cuts and insertions of what the strategy `inserted` draws."""
    places = st.integers(0, len(text))
    edits = st.lists(st.tuples(places, st.sampled_from([0, 0, 1, 1, 2, 9, 10**6]), inserted), max_size=3)

    def apply(changes):
        result = text
        for place, length, new in changes:
            result = result[:place] + new + result[place + length :]
        return result

    return edits.map(apply)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, at this moment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


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


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    import mlflow

    from pipeline.store import open_store

    open_store()
    yield mlflow.MlflowClient()
    mlflow.end_run()
