"""Makes the model of a run the champion by your word, whatever the gate says; or shows who was champion, and why.

    python -m pipeline promote RUN --reason "the customer's pictures are brighter"
    python -m pipeline promote --back --reason "it takes boots for bags"
    python -m pipeline promote --history

It goes on the record: who, when, why, and which rules of the gate were overridden.
"""

import click

from pipeline.config.load import load
from pipeline.core import cli
from pipeline.core.cli import say


@cli.command(__doc__)
@click.argument("run", metavar="[RUN]", required=False)
@click.option("--reason", metavar="TEXT", help="Why; it is kept for good.")
@click.option("--back", is_flag=True, help="The champion before this one is the champion again.")
@click.option("--history", is_flag=True, help="Print the record, the newest last.")
def main(run: str | None, reason: str | None, back: bool, history: bool) -> None:
    if bool(run) + back + history != 1:
        raise click.UsageError("name a RUN, or give --back or --history")
    if not history and not (reason or "").strip():
        raise click.UsageError('say why, for those who ask later: --reason "…"')
    (dataset_config,) = load("dataset")
    with cli.suppress_stderr():
        from pipeline.tracking import registry, store

    name = dataset_config.name
    store.open_store()
    with store.errors():
        if history:
            show(registry.history(name), name)
            return
        with cli.suppress_stderr():
            from pipeline.workflow.gate import promote

        move = promote(dataset_config, run, str(reason))
    say(f"version {move.version} of {name} is the champion (run {move.run_id})")
    for rule in move.overridden:
        say(f"    overridden: {rule}")
    if move.why != reason:
        say(f"it was so before; the reason on the record is: {move.why}")


def show(moves: list, name: str) -> None:
    """Prints the record of champions, a move a line, and a line for each rule that was overridden."""
    if not moves:
        say(f"{name} has had no champion; `dvc repro` makes one where the gate accepts the model")
    for move in moves:
        say(f"{move.when}  version {move.version}  run {move.run_id[:8]}  {move.who}: {move.why}")
        for rule in move.overridden:
            say(f"    overridden: {rule}")
