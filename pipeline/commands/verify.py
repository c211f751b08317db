"""Checks, offline, that data, code, params.yaml, dvc.lock, DVC's cache and MLflow agree about how a model came to be.

    python -m pipeline verify              the model in this folder, from the source files to the registry
    python -m pipeline verify RUN          a run of the MLflow store
    python -m pipeline verify --all        this folder and every run

Prints what was checked, and what failed with a hint: ✗ is broken, ~ can be made again but is not committed. Exit code
1 where anything is broken; with --strict also where anything is not committed.
"""

import itertools

import click

from pipeline.config.load import load
from pipeline.core import cli
from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.provenance import folder_checks
from pipeline.provenance.check import Check, Level, by_kind, failures, line
from pipeline.provenance.verify import verify


@cli.command(__doc__)
@click.argument("run", required=False)
@click.option("--all", "everything", is_flag=True, help="This folder and every run that trained a model.")
@click.option("--strict", is_flag=True, help="Exit code 1 also where something is not committed.")
def main(run: str | None, everything: bool, strict: bool) -> None:
    if run and everything:
        raise click.UsageError("name a RUN, or give --all")
    (dataset_config,) = load("dataset")
    checks: list[Check] = []
    if not run:
        for _, group in itertools.groupby(folder_checks.checks(dataset_config), key=lambda check: check.kind):
            checks += (found := list(group))
            say(line(found))  # at once: to import MLflow, as the next checks do, takes a second
    from pipeline.tracking import store

    store.open_store()
    with store.errors():
        of_runs, notes = verify(dataset_config, run, everything)
    checks += of_runs
    say("\n".join([*map(line, by_kind(of_runs)), *failures(checks), *(f"note: {note}" for note in notes)]))
    broken, uncommitted = ([check for check in checks if check.level is x] for x in (Level.BROKEN, Level.UNCOMMITTED))
    if broken:
        raise UserError(f"{len(broken)} of {len(checks)} links are broken")
    if uncommitted and strict:
        raise UserError(f"{len(uncommitted)} of {len(checks)} links are not committed")
    say(f"all {len(checks) - len(uncommitted)} other links agree" if uncommitted else f"all {len(checks)} links agree")
