"""Trains a run once more from its commit, uncommitted changes, parameters and data: does the same model come out?

    python -m pipeline reproduce RUN

Works in a temporary worktree, with an MLflow store of its own; nothing here changes. Exit code 0 where the bytes of
the model, or at least its figures on the validation images, are the same.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import psutil

from pipeline.config.rewrite import rewrite
from pipeline.core import cli, files, paths
from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.core.process import dvc
from pipeline.provenance import lineage

PREFIX = "seamline-reproduce-"  # of the temporary folder; the number of the process follows
DIFFERENCE = Path("environment/uncommitted.diff")
PACKAGES = Path("environment/requirements.txt")
NAMED = 10  # differences in the environment; more are counted


@contextlib.contextmanager
def worktree(commit: str) -> Iterator[Path]:
    """This folder as it was in a commit, for the block, sharing DVC's cache. Raises UserError without such a commit."""
    if call("git", "rev-parse", "--quiet", "--verify", f"{commit}^{{commit}}", quiet=True):
        raise UserError(f"commit {commit} is not in this repository")
    remove_left()
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-") as temporary:
        folder = Path(temporary) / "worktree"
        no_hooks = ("-c", f"core.hooksPath={os.devnull}")  # `dvc install` has one, which would want the data already
        try:
            if call("git", *no_hooks, "worktree", "add", "--quiet", "--detach", str(folder), commit):
                raise UserError(f"git could not make a worktree of commit {commit}")
            cache, within = printed(*dvc("cache", "dir")), printed("git", "rev-parse", "--show-prefix")
            call(*dvc("cache", "dir", "--local", str(Path(cache).resolve())), folder=folder / within)
            yield folder / within
        finally:
            call("git", "worktree", "remove", "--force", str(folder))


def remove_left() -> None:
    """Removes the worktrees of processes that were killed."""
    for line in printed("git", "worktree", "list", "--porcelain").splitlines():
        above = Path(line.removeprefix("worktree ")).parent
        number = above.name.removeprefix(PREFIX).partition("-")[0]
        if line.startswith("worktree ") and above.name.startswith(PREFIX) and not psutil.pid_exists(int(number)):
            call("git", "worktree", "remove", "--force", str(above / "worktree"))
            shutil.rmtree(above, ignore_errors=True)


def printed(*command: str) -> str:
    """What a program that has to succeed prints, without the space around it."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def call(*command: str, folder: Path = Path(), quiet: bool = False) -> int:
    """Runs a program in a folder, with its output on the terminal unless `quiet`; returns its exit code."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "MLFLOW_"))}
    where = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} if quiet else {}
    return subprocess.run(command, cwd=folder, env=inherited | {"PATH": path}, check=False, **where).returncode


def other_environment(run: Any, packages: str) -> str | None:
    """What is not as it was where the run was trained, and may change the last bits; None where nothing is.

    `packages` is what the run carries: NAME==VERSION lines.
    """
    names = ("processor", "python.version")
    then = {name: run.data.tags[name] for name in names if name in run.data.tags} | _versions(packages)
    now = lineage.tags({}) | _versions(lineage.packages())
    others = [f"{name} was {was}, is {now.get(name, 'missing')}" for name, was in then.items() if was != now.get(name)]
    more = f"; and {len(others) - NAMED} more" if len(others) > NAMED else ""
    return "; ".join(others[:NAMED]) + more or None


def _versions(packages: str) -> dict[str, str]:
    """Package → version of NAME==VERSION lines."""
    return {name: version for name, _, version in (line.partition("==") for line in packages.splitlines())}


def retrain(run: Any, folder: Path) -> None:
    """Brings a worktree to what the run was trained from, and trains. Raises UserError where that cannot be done."""
    from pipeline.tracking import queries

    dirty = run.data.tags.get("git.dirty") == "true"  # if not, a try that was killed may yet have left a difference
    with tempfile.TemporaryDirectory() as aside:
        difference = queries.download(run.info.run_id, DIFFERENCE, Path(aside)) if dirty else None
        if dirty and difference is None:
            raise UserError("it was trained with uncommitted changes that it does not carry")
        if difference is not None and call("git", "apply", "--whitespace=nowarn", str(difference), folder=folder):
            raise UserError("its uncommitted changes do not fit its commit")
    params = folder / paths.PARAMS
    text = rewrite(params.read_text(encoding="utf-8"), queries.trained_params(run.info.run_id))
    files.write_text(params, text)
    if paths.RAW.is_dir():  # the download stage checks the files and takes them, with no network
        shutil.copytree(paths.RAW, folder / paths.RAW)
    # the data may come from DVC's cache of runs, the model may not: it is to be trained. Nothing goes into that cache:
    # a later `dvc repro` would take the run from there, which is in no store
    data, model = dvc("repro", "--no-commit", "preprocess"), dvc("repro", "--no-commit", "-fs", "train")
    if call(*data, folder=folder) or call(*model, folder=folder):
        raise UserError("it could not be trained again; what is said above tells why")


def compare(run: Any, folder: Path) -> str:
    """Whether the model in a folder is that of the run. Raises UserError if not even its figures are the same."""
    for name, path in (("train", paths.TRAIN), ("validation", paths.VALIDATION)):
        if run.data.tags.get(f"data.{name}.sha256") != files.folder_sha256(folder / path):
            raise UserError(f"other {name} data came out of the pipeline than the run saw")
    sha256 = files.sha256(folder / paths.MODEL)
    if sha256 == run.data.tags["model.sha256"]:
        return f"the same model, byte for byte: sha256 {sha256}"
    validation = json.loads((folder / paths.TRAIN_METRICS).read_text(encoding="utf-8"))["validation"]
    before, now = run.data.metrics["best/accuracy"], validation["accuracy"]
    if abs(before - now) > 5e-7:
        raise UserError(f"another model: validation accuracy {now}, not {before}")
    return f"other bytes, but the same validation accuracy, {now}"


@cli.command(__doc__)
@click.argument("run_id", metavar="RUN")
def main(run_id: str) -> None:
    from pipeline.tracking import queries

    run = queries.resolve_run(run_id)
    if "model.sha256" not in run.data.tags:
        raise UserError(f"run {run_id} trained no model")
    commit = run.data.tags.get("git.commit", "unknown")
    if commit == "unknown":
        raise UserError(
            f"run {run.info.run_id} does not say which commit trained it (restored, or trained without git)"
        )
    with worktree(commit) as folder:
        if others := other_environment(run, queries.text(run.info.run_id, PACKAGES) or ""):
            say(f"note: other bytes may come out here: {others}")
        retrain(run, folder)
        say(compare(run, folder))
