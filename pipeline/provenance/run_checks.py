"""Checks of an MLflow run: its commit, its data sets, its logged models and their versions in the registry."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.provenance import git
from pipeline.provenance.check import Check, Level
from pipeline.provenance.lineage import DIFFERENCE

if TYPE_CHECKING:
    from pipeline.tracking.queries import LoggedModel, ModelVersion, Run

DATA_TAG = r"data\.(\w+)\.sha256"


def checks(run: "Run", models: list["LoggedModel"], versions: list["ModelVersion"], has_git: bool) -> Iterator[Check]:
    """All checks of this file; `models` are what the run logged, `versions` what was registered of it."""
    tags = run.data.tags
    if "git.commit" in tags and has_git:
        yield from commit(run)
    elif not {"git.commit", "restored_from"} & tags.keys():
        yield Check("commits", f"{_name(run)}: names its commit", False, "nothing says which code made this model")
    if "optuna.study" not in tags:  # a study's run has no data of its own
        yield from data_sets(run)
    yield from logged_models(run, models)
    yield from registry(run, models, versions)


def commit(run: "Run") -> Iterator[Check]:
    """The commit of a run against the history, and what was not committed against what the run carries."""
    sha, short = run.data.tags["git.commit"], run.info.run_id[:8]
    is_there = git.is_in_history(sha)
    cut = "" if is_there or not git.is_shallow() else ", whose history is cut short here; `git fetch --unshallow`"
    yield Check("commits", f"{_name(run)}: {sha[:8]}", is_there, f"no branch or tag of this repository has it{cut}")
    tree = f"{_name(run)}: a clean tree"
    if run.data.tags.get("git.dirty") == "false":
        yield Check("commits", tree, True, "")
    elif difference := _difference(run.info.run_id):
        hint = f"made by changes that HEAD has not; commit them, or `python -m pipeline reproduce {short}` applies them"
        yield Check("commits", tree, git.is_committed_now(sha, difference), hint, Level.UNCOMMITTED)
    else:
        hint = "uncommitted code or parameters made this model, and the run does not carry them"
        yield Check("commits", tree, False, hint)


def data_sets(run: "Run") -> Iterator[Check]:
    """The digests of a run's data sets, which the UI shows, against its tags."""
    digests = {
        tag.value: entry.dataset.digest
        for entry in (run.inputs.dataset_inputs if run.inputs else ())
        for tag in entry.tags
        if tag.key == "mlflow.data.context"
    }
    tagged = {key.split(".")[1]: value for key, value in run.data.tags.items() if re.fullmatch(DATA_TAG, key)}
    for context in sorted(digests.keys() | tagged.keys()):
        same = digests.get(context) == tagged.get(context, "")[:32]
        hint = "digest and tag name other data, or MLflow lost one"
        yield Check("data sets", f"{_name(run)}: digest of {context}", same, hint)


def logged_models(run: "Run", models: list["LoggedModel"]) -> Iterator[Check]:
    """The bytes of the logged models against the tags of the models and of the run."""
    from pipeline.tracking import queries

    if not models:
        yield Check("logged models", f"{_name(run)}: has its model", False, "deleted in MLflow")
    for model in models:
        sha256 = queries.model_sha256(model)
        same = sha256 is not None and sha256 == model.tags.get("model.sha256") == run.data.tags["model.sha256"]
        hint = "the logged model was changed" if sha256 else "the logged model is not there"
        yield Check("logged models", f"{_name(run)}: bytes = MLflow", same, hint)


def registry(run: "Run", models: list["LoggedModel"], versions: list["ModelVersion"]) -> Iterator[Check]:
    """The versions in the registry that name a run against the models that it logged."""
    known = {place for model in models for place in (model.model_id, f"models:/{model.model_id}")}
    known |= {model.artifact_location for model in models}
    for version in versions:
        same = bool({version.model_id, version.source} & known)
        yield Check(
            "registry", f"{version.name} {version.version} = {_name(run)}", same, "names a model not of this run"
        )


def _name(run: "Run") -> str:
    return f"run {run.info.run_id[:8]}"


def _difference(run_id: str) -> bytes | None:
    """What was not committed when a run began, for `git apply`; None where the run does not carry it."""
    from pipeline.tracking import queries

    with tempfile.TemporaryDirectory() as folder:
        path = queries.download(run_id, DIFFERENCE, Path(folder))
        return path.read_bytes() if path else None
