"""Temporary copies of the project, in which a program runs as it does in a clone."""

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from benchmarks import raw_images
from benchmarks.measure import NONE, Run, run
from pipeline.core.errors import UserError

ROOT = Path(__file__).parents[1]
PEERS = ROOT / "benchmarks" / "peers"
RAW = ROOT / "data" / "raw"
LEFT_OUT = ("benchmarks/", "docs/", "tests/")  # of no use to what is run, and no dependency of a stage
Changes = dict[str, dict[str, Any]]  # section of params.yaml → key → value


class Project:
    """A copy of the project in a folder of its own, under git."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def params(self) -> Any:
        return YAML().load(self.folder / "params.yaml")

    def change(self, changes: Changes) -> None:
        """Writes other values into params.yaml; a value that is a mapping is replaced as a whole."""
        params = self.params()
        for section, values in changes.items():
            params[section].update(values)
        YAML().dump(params, self.folder / "params.yaml")

    def run(self, *command: str, mark: str = "", stops: bool = False, others: Mapping[str, str] = NONE) -> Run:
        """Runs a program in the folder; see measure.run."""
        return run(list(command), self.folder, mark, stops, others)

    def pipeline(self, *arguments: str, mark: str = "", stops: bool = False) -> Run:
        """Runs `python -m pipeline` with these arguments."""
        return self.run(sys.executable, "-m", "pipeline", *arguments, mark=mark, stops=stops)

    def forget(self) -> None:
        """Removes what a training would go on from, if an earlier one was stopped."""
        shutil.rmtree(self.folder / ".state", ignore_errors=True)

    def train(self, mark: str = "", stops: bool = False) -> Run:
        """Runs the train stage from its beginning."""
        self.forget()
        return self.pipeline("train", mark=mark, stops=stops)

    def peer(self, name: str, *arguments: str, mark: str = "") -> Run:
        """Runs a peer script in the folder."""
        return self.run(sys.executable, str(PEERS / name), *arguments, mark=mark)

    def inside(self, name: str, *arguments: str) -> Run:
        """Runs a program of benchmarks/inside in the folder, with the code of the project that is there."""
        script = str(ROOT / "benchmarks" / "inside" / name)
        return self.run(sys.executable, script, *arguments, others={"PYTHONPATH": str(self.folder)})

    def commit(self) -> None:
        for command in (
            "init -q",
            "add -A",
            "-c user.name=benchmarks -c user.email=benchmarks@example.org commit --allow-empty -qm x",
        ):
            self.run("git", *command.split())

    def with_all_results(self) -> "Project":
        """The same project after `dvc repro`, committed."""
        self.run("dvc", "repro")
        self.commit()
        return self


@contextlib.contextmanager
def project(changes: Changes, images: int | None = None, prepares: bool = True) -> Iterator[Project]:
    """A copy of the project as it is here, with other values in params.yaml and nothing in its MLflow store.

    Its source are the raw files of data/raw or, for another number of training and test `images`, a part or copies of
    them. With `prepares`, its data is prepared by DVC; else nothing has run in it. Raises UserError without data/raw.
    """
    with tempfile.TemporaryDirectory(prefix="seamline-") as name:
        this = Project(Path(name) / "project")
        copy_code(this.folder)
        require_raw(this.params())
        source, others = RAW, {}
        if images:
            source = Path(name) / "source"
            others = raw_images.write(RAW, source, this.params(), images)
        this.change({"download": {"sources": [str(source)]}})
        this.change(others)
        this.change(changes)
        this.commit()
        if prepares:
            this.run("dvc", "repro", "preprocess")
            this.commit()
        yield this


def copy_code(folder: Path) -> None:
    """Copies what git knows or would add, as it is here."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.split("\0")
    for name in names:
        if name and not name.startswith(LEFT_OUT) and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def require_raw(params: Any) -> None:
    """Raises UserError unless the raw files are here, and of the kind that can be made smaller and larger."""
    for half in ("train", "test"):
        if params["dataset"][half]["format"] != "idx" or not params["dataset"][half].get("count"):
            raise UserError(f"dataset.{half}: the measurements need the format idx, with a count")
        for kind in ("images", "labels"):
            if not (RAW / params["dataset"][half][kind]).is_file():
                raise UserError(
                    f"{RAW.relative_to(ROOT)} lacks a file that is to be measured with; `dvc repro download`"
                )
