"""Checks, offline, that data, code, params.yaml, dvc.lock, DVC's cache and MLflow agree about how a model came to be.

    python -m pipeline.verify              the model in this folder, from the source files to the registry
    python -m pipeline.verify RUN          a run of the MLflow store
    python -m pipeline.verify --all        this folder and every run

Prints what was checked and what does not agree, with what that means. Exit code 0 only if all that exists agrees.
"""

import argparse
import functools
import re
import subprocess
from collections.abc import Iterator
from typing import Any

from pipeline import chain, console, files, paths
from pipeline.chain import Link
from pipeline.console import UserError, say
from pipeline.params import load
from pipeline.sections import Dataset

DATA_TAG = r"data\.(\w+)\.sha256"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("run", nargs="?", help="Id of a run, or its beginning.")
    which.add_argument("--all", action="store_true", help="This folder and every run that trained a model.")
    return parser.parse_args()


def folder_links(description: Dataset, run: Any | None) -> Iterator[Link]:
    """The links within this folder, and those to the run that made its model."""
    from pipeline import lookup

    yield from chain.raw_files(description)
    yield from chain.stages()
    yield from chain.cache()
    if run is None:
        return
    tags = run.data.tags
    yield from chain.prepared_data(tags)
    yield from chain.metrics(run.data.metrics)
    yield from chain.history(lookup.curves(run.info.run_id))
    yield from chain.logged_parameters(run.data.params)
    is_named = paths.RUN_ID.read_text(encoding="utf-8", errors="replace").strip() == run.info.run_id
    if is_named and tags.get("git.dirty") == "false":
        yield from chain.committed_code(tags.get("git.commit", "unknown"))
    sha256 = tags.get("model.sha256")
    yield Link(
        "model", f"{paths.MODEL} = MLflow", files.sha256(paths.MODEL) == sha256, "not the model that this run trained"
    )


def run_links(run: Any, models: list[Any], versions: list[Any]) -> Iterator[Link]:
    """The links between a run, its commit, its data sets, its logged models and their versions in the registry."""
    from pipeline import lookup

    tags, name = run.data.tags, f"run {run.info.run_id[:8]}"
    if commit := tags.get("git.commit"):
        lost = "no branch or tag of this repository has it" + _how_far_back()
        yield Link("commits", f"{name}: {commit[:8]}", _in_history(commit), lost)
        clean = tags.get("git.dirty") == "false"
        meaning = (
            f"uncommitted code or parameters made this model; `reproduce {run.info.run_id[:8]}` goes by what it carries"
        )
        yield Link("commits", f"{name}: a clean tree", clean, meaning)
    elif "restored_from" not in tags:
        yield Link("commits", f"{name}: names its commit", False, "nothing says which code made this model")
    if "optuna.study" not in tags:  # a study's run has no data of its own
        yield from data_links(run)
    if not models:
        yield Link("logged models", f"{name}: has its model", False, "deleted in MLflow")
    for model in models:
        sha256 = lookup.model_sha256(model)
        agrees = sha256 is not None and sha256 == model.tags.get("model.sha256") == tags["model.sha256"]
        meaning = "the logged model was changed" if sha256 else "the logged model is not there"
        yield Link("logged models", f"{name}: bytes = MLflow", agrees, meaning)
    known = {
        place for model in models for place in (model.model_id, f"models:/{model.model_id}", model.artifact_location)
    }
    for version in versions:
        agrees = bool({version.model_id, version.source} & known)
        yield Link("registry", f"{version.name} {version.version} = {name}", agrees, "names a model not of this run")


def data_links(run: Any) -> Iterator[Link]:
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
        yield Link("data sets", f"run {run.info.run_id[:8]}: digest of {context}", agrees, meaning)


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


def table(links: list[Link]) -> str:
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


def main() -> None:
    given = arguments()
    (description,) = load("dataset")
    from pipeline import store

    store.open_store()
    with store.errors():
        verify(description, given.run, given.all)


def verify(description: Dataset, asked: str | None, everything: bool) -> None:
    """Prints the table for the run `asked`, for `everything`, or for the folder. Raises UserError for a broken link."""
    from pipeline import lookup

    links, trained = [], None
    if not asked:
        if paths.RUN_ID.is_file() and paths.MODEL.is_file():
            named = paths.RUN_ID.read_text(encoding="utf-8", errors="replace").strip()
            trained = lookup.find_run(named, files.sha256(paths.MODEL))  # restored, it has another id
            if trained is None:
                say(f"note: run {named} is not in this MLflow store; `{chain.RESTORES}` restores it")
        if gone := chain.missing():
            say(f"note: not here: {', '.join(gone)}; `dvc repro` makes or restores them")
        links += folder_links(description, lookup.find(trained))
    else:
        trained = lookup.named(asked).info.run_id
    chosen = [run for run in lookup.trained() if everything or run.info.run_id == trained]
    if asked and not chosen:
        raise UserError(f"run {asked} trained no model")
    models, versions = lookup.logged_models(), lookup.model_versions()
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


if __name__ == "__main__":
    console.guard(main)
