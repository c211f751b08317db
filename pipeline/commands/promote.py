"""Makes the model of a run the champion by your word, whatever the gate says; or shows who was champion, and why.

    python -m pipeline promote RUN --reason "the customer's pictures are brighter"
    python -m pipeline promote --back --reason "it mistakes boots for bags"
    python -m pipeline promote --history

It goes on the record: who, when, why, and which rules of the gate were overridden.
"""

import click

from pipeline.config.load import load
from pipeline.core import cli
from pipeline.core.cli import say
from pipeline.core.errors import UserError


@cli.command(__doc__)
@click.argument("run_id", metavar="RUN", required=False)
@click.option("--reason", metavar="TEXT", help="Why; it is kept for good.")
@click.option("--back", is_flag=True, help="The champion before this one is the champion again.")
@click.option("--history", is_flag=True, help="Print the record, the newest last.")
def main(run_id: str | None, reason: str | None, back: bool, history: bool) -> None:
    from pipeline.tracking import queries, registry, store
    from pipeline.workflow.gate import REFUSED_BY, logged_model

    (dataset_config,) = load("dataset")
    name = dataset_config.name
    store.open_store()
    if history:
        for move in registry.history(name):
            say(f"{move.when}  version {move.version}  run {move.run_id}  {move.who}: {move.why}")
            for rule in move.overridden:
                say(f"    overridden: {rule}")
        return
    if bool(run_id) == back:
        raise UserError("promote: name a run, or say --back for the champion before this one")
    if not (reason or "").strip():
        raise UserError("promote: --reason is missing: say why, for those who ask later")
    with registry.decision(), store.errors():
        registry.finish_move(name)
        run = queries.resolve_run(run_id or registry.previous(name).run_id)
        if run.data.params.get("dataset.name") != name:
            raise UserError(
                f"run {run.info.run_id} was trained on {run.data.params.get('dataset.name')}, not on {name}"
            )
        overridden = [rule for rule in run.data.tags.get(REFUSED_BY, "the gate has not judged it").splitlines() if rule]
        version = registry.register(name, run.info.run_id, logged_model(run.info.run_id), {})
        registry.make_champion(name, version, str(reason), overridden)
    say(f"version {version.version} of {name} is the champion (run {run.info.run_id})")
