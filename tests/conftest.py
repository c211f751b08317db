"""A small data set in real IDX files, and a copy of the project that uses it."""

import gzip
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pipeline import files, relocate
from pipeline.console import QUIET
from pipeline.dataset import Split
from pipeline.sections import Params

ROOT = Path(__file__).parents[1]
COPIED = [
    "pipeline",
    "dvc.yaml",
    "params.yaml",
    "MLproject",
    "python_env.yaml",
    ".dvc/config",
    ".dvcignore",
    ".gitignore",
]
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


class Project:
    """A copy of the project in a folder of its own, under git, with a data set of its own."""

    def __init__(self, folder: Path, params: dict) -> None:
        self.folder = folder
        for name in COPIED:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, folder / name)
        self.write_params(params)
        for command in ("init -q", "add -A", "commit -qm start"):
            self.run("git", *command.split()).check_returncode()

    def copy(self, folder: Path) -> "Project":
        """The project with all its outputs and its MLflow store, elsewhere."""
        other = object.__new__(Project)
        other.folder = shutil.copytree(self.folder, folder, symlinks=True)
        if (other.folder / "mlflow.db").exists():
            relocate.relocate(other.folder / "mlflow.db", f"{self.folder}/mlruns", f"{other.folder}/mlruns")
        return other

    def write_params(self, params: dict) -> None:
        YAML().dump(params, self.folder / "params.yaml")

    def change(self, section: str, **values) -> "Project":
        """Writes other values into a section of params.yaml."""
        params = self.params()
        self.write_params(params | {section: params[section] | values})
        return self

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess:
        """Runs a command in the folder; its output, stdout and stderr as one, is in `.stdout`."""
        process = self.start(*command, **environment)
        output, _ = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, output)

    def start(self, *command: str, **environment: str) -> subprocess.Popen:
        """Starts a command in the folder, in a process group of its own."""
        base = {key: value for key, value in os.environ.items() if not key.startswith(("DVC_", "MLFLOW_", "GIT_"))}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        identity = {
            f"GIT_{who}_{what}": "test@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=base | QUIET | identity | {"PATH": path, "LC_ALL": "C.UTF-8"} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(
                signal.SIGINT, signal.SIG_DFL
            ),  # ignored where a shell runs the tests with &
        )

    def ok(self, *command: str, **environment: str) -> str:
        """Runs a command that has to succeed; returns its output."""
        result = self.run(*command, **environment)
        assert result.returncode == 0, result.stdout
        return result.stdout

    def fails(self, *command: str, **environment: str) -> str:
        """Runs a command that has to fail without a traceback; returns its output."""
        result = self.run(*command, **environment)
        assert result.returncode != 0, result.stdout
        assert "Traceback" not in result.stdout, result.stdout
        return result.stdout

    def outputs(self) -> dict[str, str]:
        """Path → sha256 of all that the stages write."""
        folders = [self.folder / name for name in ("data", "models", "reports")]
        found = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
        return {str(path.relative_to(self.folder)): files.sha256(path) for path in found if path.name != ".gitignore"}

    def params(self) -> dict:
        return YAML(typ="safe", pure=True).load(self.folder / "params.yaml")

    def artifacts(self, run, folder: str | None = None) -> set[str]:
        """Paths of all artifacts of a run."""
        found = set()
        for item in self.client().list_artifacts(run.info.run_id, folder):
            found |= self.artifacts(run, item.path) if item.is_dir else {item.path}
        return found

    def client(self):
        from mlflow import MlflowClient

        return MlflowClient(f"sqlite:///{self.folder}/mlflow.db")

    def runs(self) -> list:
        if not (self.folder / "mlflow.db").exists():
            return []  # a client would make a store, with its artifacts where the tests run
        return self.client().search_runs(["0"], order_by=["attributes.start_time ASC"])


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
