"""Trains a run once more in another folder, and compares what comes out."""

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config.rewrite import rewrite
from pipeline.config.schema import Train, leaves
from pipeline.core import files, paths, results
from pipeline.core.errors import UserError
from pipeline.core.process import git, require_git, run_dvc
from pipeline.core.untrusted import checked
from pipeline.provenance import lineage
from pipeline.provenance.git import SOURCES

if TYPE_CHECKING:
    from pipeline.tracking.queries import Run

NAMED = 10  # differences in the environment; more are counted
TOLERANCE = 5e-7  # of the validation accuracy, which is written with six digits


def other_environment(run: "Run", packages: str) -> str | None:
    """What is not as it was where the run was trained, and may change the last bits; None where nothing is.

    `packages` is what the run carries: NAME==VERSION lines.
    """
    names = ("processor", "python.version")
    then = {name: run.data.tags[name] for name in names if name in run.data.tags} | _versions(packages)
    now = lineage.tags({}) | _versions(lineage.packages())
    others = [f"{name} was {was}, is {now.get(name, 'missing')}" for name, was in then.items() if was != now.get(name)]
    more = f"; and {len(others) - NAMED} more" if len(others) > NAMED else ""
    return "; ".join(others[:NAMED]) + more or None


def carried_difference(run: "Run") -> bytes | None:
    """What was not committed when the run began, for `git apply`; None where its tree was clean.

    Raises UserError where the run does not carry it, or carries another one: then it is not what trained the run.
    """
    from pipeline.tracking import artifacts

    tags, name = run.data.tags, f"run {run.info.run_id}"
    if tags.get("git.dirty") != "true":
        return None  # a try that was killed may yet have left a difference
    difference = artifacts.content(run.info.run_id, lineage.DIFFERENCE)
    if difference is None:
        raise UserError(f"{name}: was trained with uncommitted changes that it does not carry")
    sha256 = hashlib.sha256(difference).hexdigest()
    if tags.get("git.diff.sha256", sha256) != sha256:  # runs of version 0.1 have no such tag
        raise UserError(f"{name}: {lineage.DIFFERENCE} is not what it was trained with, says its tag git.diff.sha256")
    return difference


def retrain(run: "Run", difference: bytes | None, folder: Path) -> None:
    """Brings a worktree to what the run was trained from, and trains. Raises UserError where that cannot be done."""
    from pipeline.tracking import queries

    if difference:
        apply_difference(difference, folder)
    params = folder / paths.PARAMS
    trained = {}
    for name, value in queries.trained_params(run.info.run_id).items():
        place = ".".join(("train", *leaves.leaves(Train)[name].path))
        trained[place] = checked(value, "name", f"run {run.info.run_id}, parameter {place}")
    files.write_text(params, rewrite(params.read_text(encoding="utf-8"), trained))
    if paths.RAW.is_dir():  # the download stage checks the files and takes them, with no network
        shutil.copytree(paths.RAW, folder / paths.RAW)
    # the data may come from DVC's cache of runs, the model may not: it is to be trained. Nothing goes into that cache:
    # a later `dvc repro` would take the run from there, which is in no store
    for wanted in (["preprocess"], ["--force", "--single-item", "train"]):
        if run_dvc("repro", "--no-commit", *wanted, folder=folder, is_isolated=True):
            raise UserError("it could not be trained again; what is said above tells why")


def apply_difference(difference: bytes, folder: Path) -> None:
    """Applies what was not committed. Raises UserError where it does not fit, or changes more than text in SOURCES."""
    with tempfile.NamedTemporaryFile() as patch:
        patch.write(difference)
        patch.flush()
        above = require_git("rev-parse", "--show-prefix", folder=folder).decode().removesuffix("\n")
        listed = git("apply", "--numstat", "-z", patch.name, folder=folder)
        for line in (listed or b"").decode(errors="replace").split("\0")[:-1]:
            added, _, path = line.split("\t", 2)
            is_source = any(f"{path}/".startswith(f"{above}{source}/") for source in SOURCES)
            if not is_source or added == "-":  # no text, so nobody has seen what is in it
                raise UserError(f"its uncommitted changes touch {path}: only text in {', '.join(SOURCES)} is applied")
        if not listed or git("apply", "--whitespace=nowarn", patch.name, folder=folder) is None:
            raise UserError("its uncommitted changes do not fit its commit")


def compare(run: "Run", folder: Path) -> str:
    """Whether the model in a folder is that of the run. Raises UserError if not even its metrics are the same."""
    for name, path in paths.TRAINING_DATA.items():
        if run.data.tags.get(f"data.{name}.sha256") != files.folder_sha256(folder / path):
            raise UserError(f"other {name} data came out of the pipeline than the run saw")
    sha256 = files.sha256(folder / paths.MODEL)
    if sha256 == run.data.tags["model.sha256"]:
        return f"the same model, byte for byte: sha256 {sha256}"
    before = results.logged(run.data.metrics).get(results.VALIDATION_ACCURACY)
    now = results.read(folder / paths.TRAIN_METRICS)[results.VALIDATION_ACCURACY]
    if before is None or not abs(before - now) <= TOLERANCE:
        raise UserError(f"another model: validation accuracy {now}, not {before}")
    return f"other bytes, but the same validation accuracy, {now}"


def _versions(packages: str) -> dict[str, str]:
    """Package → version of NAME==VERSION lines."""
    return {name: version for name, _, version in (line.partition("==") for line in packages.splitlines())}
