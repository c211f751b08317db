"""Trains a run once more in another folder, and compares what comes out."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config.rewrite import rewrite
from pipeline.config.schema import Train, leaves
from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.core.process import git, run_dvc
from pipeline.provenance import lineage

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


def retrain(run: "Run", folder: Path) -> None:
    """Brings a worktree to what the run was trained from, and trains. Raises UserError where that cannot be done."""
    from pipeline.tracking import queries

    apply_difference(run, folder)
    params = folder / paths.PARAMS
    places = {name: ".".join(("train", *leaf.path)) for name, leaf in leaves.leaves(Train).items()}
    trained = {places[name]: value for name, value in queries.trained_params(run.info.run_id).items()}
    files.write_text(params, rewrite(params.read_text(encoding="utf-8"), trained))
    if paths.RAW.is_dir():  # the download stage checks the files and takes them, with no network
        shutil.copytree(paths.RAW, folder / paths.RAW)
    # the data may come from DVC's cache of runs, the model may not: it is to be trained. Nothing goes into that cache:
    # a later `dvc repro` would take the run from there, which is in no store
    for wanted in (["preprocess"], ["--force", "--single-item", "train"]):
        if run_dvc("repro", "--no-commit", *wanted, folder=folder, is_isolated=True):
            raise UserError("it could not be trained again; what is said above tells why")


def apply_difference(run: "Run", folder: Path) -> None:
    """Applies what was not committed when the run began. Raises UserError where the run does not carry it."""
    from pipeline.tracking import queries

    if run.data.tags.get("git.dirty") != "true":
        return  # a try that was killed may yet have left a difference
    with tempfile.TemporaryDirectory() as aside:
        difference = queries.download(run.info.run_id, lineage.DIFFERENCE, Path(aside))
        if difference is None:
            raise UserError("it was trained with uncommitted changes that it does not carry")
        if git("apply", "--whitespace=nowarn", str(difference), folder=folder) is None:
            raise UserError("its uncommitted changes do not fit its commit")


def compare(run: "Run", folder: Path) -> str:
    """Whether the model in a folder is that of the run. Raises UserError if not even its metrics are the same."""
    for name, path in paths.TRAINING_DATA.items():
        if run.data.tags.get(f"data.{name}.sha256") != files.folder_sha256(folder / path):
            raise UserError(f"other {name} data came out of the pipeline than the run saw")
    sha256 = files.sha256(folder / paths.MODEL)
    if sha256 == run.data.tags["model.sha256"]:
        return f"the same model, byte for byte: sha256 {sha256}"
    validation = json.loads((folder / paths.TRAIN_METRICS).read_text(encoding="utf-8"))["validation"]
    before, now = run.data.metrics["best/accuracy"], validation["accuracy"]
    if abs(before - now) > TOLERANCE:
        raise UserError(f"another model: validation accuracy {now}, not {before}")
    return f"other bytes, but the same validation accuracy, {now}"


def _versions(packages: str) -> dict[str, str]:
    """Package → version of NAME==VERSION lines."""
    return {name: version for name, _, version in (line.partition("==") for line in packages.splitlines())}
