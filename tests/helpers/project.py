"""A copy of the project in a folder of its own, where its programs are run as a user does."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

from helpers import warm
from pipeline.core import files
from pipeline.core.cli import QUIET
from pipeline.tracking import relocate

ROOT = Path(__file__).parents[2]
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


def copy_store(database: Path, folder: Path) -> None:
    """Copies MLflow's database into another folder, as one that keeps its artifacts there."""
    shutil.copy(database, folder / "mlflow.db")
    relocate.replace(folder / "mlflow.db", f"{database.parent}/mlruns", f"{folder}/mlruns")


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

    @classmethod
    def at(cls, folder: Path) -> "Project":
        """The project that is in a folder already."""
        project = object.__new__(cls)
        project.folder = folder
        return project

    def copy(self, folder: Path) -> "Project":
        """The project with all its outputs and its MLflow store, elsewhere."""
        shutil.copytree(self.folder, folder, symlinks=True)
        if (self.folder / "mlflow.db").exists():
            copy_store(self.folder / "mlflow.db", folder)
        return Project.at(folder)

    def write_params(self, params: dict) -> None:
        YAML().dump(params, self.folder / "params.yaml")

    def change(self, section: str, **values) -> "Project":
        """Writes other values into a section of params.yaml."""
        params = self.params()
        self.write_params(params | {section: params[section] | values})
        return self

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess:
        """Runs a command in the folder; its output, stdout and stderr as one, is in `.stdout`.

        Programs of this project begin warm, but for those that see other disks. What a test kills, it starts.
        """
        process = self.start(*command, **({} if command[0] == "unshare" else warm.environment()) | environment)
        output, _ = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, output)

    def start(self, *command: str, **environment: str) -> subprocess.Popen:
        """Starts a command in the folder, in a process group of its own."""
        # a user's: where compiled files are not kept, a full disk cannot cut one short
        other = ("DVC_", "MLFLOW_", "GIT_", "PYTHONDONTWRITEBYTECODE")
        base = {key: value for key, value in os.environ.items() if not key.startswith(other)}
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
            # a shell that runs the tests with & has it ignored
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
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

    def manifest(self, run) -> dict:
        """The manifest of a run, which has to be the one of its tag."""
        path = Path(self.client().download_artifacts(run.info.run_id, "manifest.json"))
        assert files.sha256(path) == run.data.tags["manifest.sha256"]
        return json.loads(path.read_text())

    def client(self):
        from mlflow import MlflowClient

        return MlflowClient(f"sqlite:///{self.folder}/mlflow.db")

    def runs(self) -> list:
        if not (self.folder / "mlflow.db").exists():
            return []  # a client would make a store, with its artifacts where the tests run
        return self.client().search_runs(["0"], order_by=["attributes.start_time ASC"])
