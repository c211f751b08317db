"""Trains a run once more from its commit, uncommitted changes, parameters and data: does the same model come out?

    python -m pipeline reproduce RUN

Works in a temporary worktree, with an MLflow store of its own; nothing here changes. Exit code 0 where the bytes of
the model, or at least its accuracy on the validation images, are the same.

This runs code: that of the commit, which a branch or tag here has to have, and the uncommitted changes that the run
carries. Whoever can write to the MLflow store could have put those there, so they are shown first, and you are asked.
"""

import sys

import click

from pipeline.core import cli
from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.core.untrusted import checked
from pipeline.provenance.git import is_in_history
from pipeline.provenance.lineage import PACKAGES
from pipeline.provenance.worktree import worktree
from pipeline.workflow.reproduce import carried_difference, compare, other_environment, retrain


def ask(difference: bytes) -> None:
    """Shows uncommitted changes and asks whether to run them. Raises UserError unless somebody says yes."""
    say(difference.decode(errors="backslashreplace"))
    if not sys.stdin.isatty():
        raise UserError("the uncommitted changes above come out of the MLflow store; --trust-diff runs them")
    lines = len(difference.splitlines())
    if not click.confirm(f"These {lines} lines of uncommitted changes come out of the MLflow store. Run them as you?"):
        raise UserError("the uncommitted changes were not trusted; nothing was run")


@cli.command(__doc__)
@click.argument("run_id", metavar="RUN")
@click.option("--trust-diff", is_flag=True, help="Apply the uncommitted changes that the run carries without asking.")
def main(run_id: str, trust_diff: bool) -> None:
    from pipeline.tracking import artifacts, queries

    run = queries.resolve_run(run_id)
    full_id, tags = run.info.run_id, run.data.tags
    if "model.sha256" not in tags:
        raise queries.without_model(run)
    if tags.get("git.commit", "unknown") == "unknown":
        raise UserError(f"run {full_id} does not say which commit trained it (restored, or trained without git)")
    commit = checked(tags["git.commit"], "commit", f"run {full_id}, tag git.commit")
    if not is_in_history(commit):
        raise UserError(f"no branch or tag here has commit {commit}; if you trust its code: git branch NAME {commit}")
    difference = carried_difference(run)
    if difference and not trust_diff:
        ask(difference)
    with worktree(commit) as folder:
        if others := other_environment(run, (artifacts.content(full_id, PACKAGES) or b"").decode(errors="replace")):
            say(f"note: other bytes may come out here: {others}")
        retrain(run, difference, folder)
        say(compare(run, folder))
