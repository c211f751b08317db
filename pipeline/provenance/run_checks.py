"""Checks of an MLflow run: its commit, what its manifest names, its model and the registry."""

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.provenance import git, manifest_checks, registry_checks
from pipeline.provenance.check import Check, Level
from pipeline.provenance.lineage import DIFFERENCE

if TYPE_CHECKING:
    from pipeline.tracking.queries import LoggedModel, ModelVersion, Run


def checks(run: "Run", models: list["LoggedModel"], versions: list["ModelVersion"], has_git: bool) -> Iterator[Check]:
    """All checks of this file; `models` are what the run logged, `versions` what was registered of it."""
    from pipeline.tracking import manifest

    tags = run.data.tags
    with manifest.folder_at(run.info.artifact_uri) as folder:
        if "git.commit" in tags and has_git:
            carried = folder / DIFFERENCE
            yield from commit(run, carried.read_bytes() if carried.is_file() else None)
        elif not {"git.commit", "restored_from"} & tags.keys():
            yield Check("commits", f"{_name(run)}: names its commit", False, "nothing says which code made this model")
        yield from manifest_checks.checks(run, models, folder)
    yield from logged_models(run, models)
    yield from registry_checks.versions(_name(run), models, versions)


def commit(run: "Run", difference: bytes | None) -> Iterator[Check]:
    """The commit of a run against the history, and `difference`, what was not committed then, if the run carries it."""
    tags, short = run.data.tags, run.info.run_id[:8]
    sha = tags["git.commit"]
    is_there = git.is_in_history(sha)
    cut = "" if is_there or not git.is_shallow() else ", whose history is cut short here; `git fetch --unshallow`"
    yield Check("commits", f"{_name(run)}: {sha[:8]}", is_there, f"no branch or tag of this repository has it{cut}")
    tree = f"{_name(run)}: no uncommitted changes"
    if tags.get("git.dirty") == "false":
        yield Check("commits", tree, True, "")
    elif difference is None:
        hint = "uncommitted code or parameters made this model, and the run does not carry them"
        yield Check("commits", tree, False, hint)
    elif tags.get("git.diff.sha256") not in (None, hashlib.sha256(difference).hexdigest()):
        yield Check("commits", tree, False, f"{DIFFERENCE} was changed since: it is not what made this model")
    else:
        hint = f"made by changes that HEAD has not; commit them, or `python -m pipeline reproduce {short}` applies them"
        yield Check("commits", tree, git.is_committed_now(sha, difference), hint, Level.UNCOMMITTED)


def logged_models(run: "Run", models: list["LoggedModel"]) -> Iterator[Check]:
    """The bytes of the logged models against the tags of the models and of the run."""
    from pipeline.tracking import queries

    if not models:
        yield Check("logged models", f"{_name(run)}: has its model", False, "deleted in MLflow")
    if len(models) > 1:
        hint = f"{len(models)} are there, and MLflow may load any of them; this project logs one"
        yield Check("logged models", f"{_name(run)}: one model", False, hint)
    for model in models:
        sha256 = queries.model_sha256(model)
        same = sha256 is not None and sha256 == model.tags.get("model.sha256") == run.data.tags["model.sha256"]
        hint = "the logged model was changed" if sha256 else "the logged model is not there"
        yield Check("logged models", f"{_name(run)}: bytes = MLflow", same, hint)


def _name(run: "Run") -> str:
    return f"run {run.info.run_id[:8]}"
