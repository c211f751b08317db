"""Trains a run once more from its commit, uncommitted changes, parameters and data: does the same model come out?

    python -m pipeline reproduce RUN

Works in a temporary worktree, with an MLflow store of its own; nothing here changes. Exit code 0 where the bytes of
the model, or at least its accuracy on the validation images, are the same.
"""

import click

from pipeline.core import cli
from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.provenance.lineage import PACKAGES
from pipeline.provenance.worktree import worktree
from pipeline.workflow.reproduce import compare, other_environment, retrain


@cli.command(__doc__)
@click.argument("run_id", metavar="RUN")
def main(run_id: str) -> None:
    from pipeline.tracking import queries

    run = queries.resolve_run(run_id)
    full_id, tags = run.info.run_id, run.data.tags
    if "model.sha256" not in tags:
        raise UserError(f"run {run_id} trained no model")
    if tags.get("git.commit", "unknown") == "unknown":
        raise UserError(f"run {full_id} does not say which commit trained it (restored, or trained without git)")
    with worktree(tags["git.commit"]) as folder:
        if others := other_environment(run, (queries.content(full_id, PACKAGES) or b"").decode()):
            say(f"note: other bytes may come out here: {others}")
        retrain(run, folder)
        say(compare(run, folder))
