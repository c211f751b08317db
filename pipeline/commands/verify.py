"""Checks, offline, that data, code, params.yaml, dvc.lock, DVC's cache and MLflow agree about how a model came to be.

    python -m pipeline verify              the model in this folder, from the source files to the registry
    python -m pipeline verify RUN          a run of the MLflow store
    python -m pipeline verify --all        this folder and every run

Prints what was checked and what does not agree, with what that means. Exit code 0 only if all that exists agrees.
"""

import functools
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import click

from pipeline.config.load import load
from pipeline.config.schema import Dataset
from pipeline.core import cli, files, paths
from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.provenance import consistency
from pipeline.provenance.consistency import Check

DATA_TAG = r"data\.(\w+)\.sha256"


def folder_links(dataset_config: Dataset, run: Any | None) -> Iterator[Check]:
    """The links within this folder, and those to the run that made its model."""
    from pipeline.tracking import queries

    yield from consistency.raw_files(dataset_config)
    yield from consistency.stages()
    yield from consistency.cache()
    if run is None:
        return
    tags = run.data.tags
    yield from consistency.prepared_data(tags)
    yield from consistency.metrics(run.data.metrics)
    yield from consistency.history(queries.curves(run.info.run_id))
    yield from consistency.logged_parameters(run.data.params)
    is_named = paths.RUN_ID.read_text(encoding="utf-8", errors="replace").strip() == run.info.run_id
    if is_named and tags.get("git.dirty") == "false":
        yield from consistency.committed_code(tags.get("git.commit", "unknown"))
    sha256 = tags.get("model.sha256")
    yield Check(
        "model", f"{paths.MODEL} = MLflow", files.sha256(paths.MODEL) == sha256, "not the model that this run trained"
    )


def run_links(run: Any, models: list[Any], versions: list[Any]) -> Iterator[Check]:
    """The links between a run, its commit, its data sets, its logged models and their versions in the registry."""
    from pipeline.tracking import queries

    tags, name = run.data.tags, f"run {run.info.run_id[:8]}"
    if commit := tags.get("git.commit"):
        lost = "no branch or tag of this repository has it" + _how_far_back()
        yield Check("commits", f"{name}: {commit[:8]}", _in_history(commit), lost)
        clean = tags.get("git.dirty") == "false"
        meaning = (
            f"uncommitted code or parameters made this model; `reproduce {run.info.run_id[:8]}` goes by what it carries"
        )
        yield Check("commits", f"{name}: a clean tree", clean, meaning)
    elif "restored_from" not in tags:
        yield Check("commits", f"{name}: names its commit", False, "nothing says which code made this model")
    if "optuna.study" not in tags:  # a study's run has no data of its own
        yield from data_links(run)
    if not models:
        yield Check("logged models", f"{name}: has its model", False, "deleted in MLflow")
    for model in models:
        sha256 = queries.model_sha256(model)
        agrees = sha256 is not None and sha256 == model.tags.get("model.sha256") == tags["model.sha256"]
        meaning = "the logged model was changed" if sha256 else "the logged model is not there"
        yield Check("logged models", f"{name}: bytes = MLflow", agrees, meaning)
    known = {
        place for model in models for place in (model.model_id, f"models:/{model.model_id}", model.artifact_location)
    }
    for version in versions:
        agrees = bool({version.model_id, version.source} & known)
        yield Check("registry", f"{version.name} {version.version} = {name}", agrees, "names a model not of this run")


def data_links(run: Any) -> Iterator[Check]:
    """The digests of a run's data sets, which the UI shows, against its tags."""
    digests = {
        tag.value: entry.dataset.digest
        for entry in run.inputs.dataset_inputs
        for tag in entry.tags
        if tag.key == "mlflow.data.context"
    }
    tagged = {key.split(".")[1]: value for key, value in run.data.tags.items() if re.fullmatch(DATA_TAG, key)}
    for context in sorted(digests.keys() | tagged.keys()):
        agrees = digests.get(context) == tagged.get(context, "")[:32]
        meaning = "digest and tag name other data, or MLflow lost one"
        yield Check("data sets", f"run {run.info.run_id[:8]}: digest of {context}", agrees, meaning)


@functools.cache  # many runs have the same one
def _in_history(commit: str) -> bool:
    """Whether HEAD, a branch or a tag leads to a commit: one that was amended away stays for a while, then is gone."""
    if not re.fullmatch("[0-9a-f]{40,64}", commit):  # a branch, say, which leads elsewhere tomorrow
        return False
    commands = (
        ["git", "merge-base", "--is-ancestor", commit, "HEAD"],
        ["git", "for-each-ref", "--count=1", "--contains", commit, "refs/heads", "refs/remotes", "refs/tags"],
    )
    answers = [subprocess.run(command, capture_output=True, check=False) for command in commands]
    return answers[0].returncode == 0 or bool(answers[1].stdout)


def _how_far_back() -> str:
    shallow = subprocess.run(["git", "rev-parse", "--is-shallow-repository"], capture_output=True, check=False)
    return ", whose history is cut short here; `git fetch --unshallow`" if shallow.stdout.strip() == b"true" else ""


def table(links: list[Check]) -> str:
    """A line for each kind of link, and two for each that does not agree: what, and what that means."""
    counts = {
        kind: [link.agrees for link in links if link.kind == kind] for kind in dict.fromkeys(x.kind for x in links)
    }
    lines = [
        f"{'✓' if all(agree) else '✗'} {kind:<16}{sum(agree):>6} of {len(agree)} agree"
        for kind, agree in counts.items()
    ]
    lines += [f"✗ {link.what}\n    {link.meaning}" for link in links if not link.agrees]
    return "\n".join(lines)


@cli.command(__doc__)
@click.argument("run", required=False)
@click.option("--all", "everything", is_flag=True, help="This folder and every run that trained a model.")
def main(run: str | None, everything: bool) -> None:
    if run and everything:
        raise click.UsageError("name a RUN, or give --all")
    (dataset_config,) = load("dataset")
    from pipeline.tracking import store

    store.open_store()
    with store.errors():
        verify(dataset_config, run, everything)


def verify(dataset_config: Dataset, asked: str | None, everything: bool) -> None:
    """Prints the table for the run `asked`, for `everything`, or for the folder. Raises UserError for a broken link."""
    from pipeline.tracking import queries

    links, trained = [], None
    if not asked:
        if paths.RUN_ID.is_file() and paths.MODEL.is_file():
            named = paths.RUN_ID.read_text(encoding="utf-8", errors="replace").strip()
            trained = queries.find_run_of_model(named, files.sha256(paths.MODEL))  # restored, it has another id
            if trained is None:
                say(f"note: run {named} is not in this MLflow store; `{consistency.RESTORES}` restores it")
        if gone := consistency.missing():
            say(f"note: not here: {', '.join(gone)}; `dvc repro` makes or restores them")
        links += folder_links(dataset_config, queries.get_run(trained))
    else:
        trained = queries.resolve_run(asked).info.run_id
    chosen = [run for run in queries.trained() if everything or run.info.run_id == trained]
    if asked and not chosen:
        raise UserError(f"run {asked} trained no model")
    models, versions = queries.logged_models(), queries.model_versions()
    for run in chosen:
        run_id = run.info.run_id
        if run.info.status != "FINISHED":
            say(f"note: run {run_id[:8]} is {run.info.status}: not all of it need be there")
        if origin := run.data.tags.get("restored_from"):
            say(f"note: run {run_id[:8]} was restored from {origin[:8]} of another store; dvc.lock knows its code")
        links += run_links(run, models.get(run_id, []), versions.get(run_id, []))
    say(table(links))
    broken = sum(not link.agrees for link in links)
    if broken:
        raise UserError(f"{broken} of {len(links)} links are broken")
    say(f"all {len(links)} links agree")
