"""One complete run, ad hoc: trains with other parameters and evaluates, without touching the workspace.

    mlflow run . --env-manager local -P epochs=3 -P filters=64
    mlflow run . --env-manager local -P recipe=fast -P epochs=4
    python -m pipeline experiment --epochs 3 --filters 64

What is not named comes from the recipe, if one is, and from params.yaml. The data is prepared by DVC, if it is not yet;
model, metrics and figures go into the MLflow run and nowhere else.
"""

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

import click

from pipeline.config import recipes
from pipeline.config.load import load
from pipeline.config.schema import Train, leaves
from pipeline.core import cli, paths, stage
from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.workflow import prepare


def overrides(arguments: list[str]) -> dict[str, str]:
    """Command line → values by name, unchecked: ["--epochs", "3", "--seed=2"] → {"epochs": "3", "seed": "2"}.

    Not as options: MLflow passes on whatever was typed after -P, and a value may start with a dash.
    """
    values, rest = {}, list(arguments)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if not name.startswith("--") or not (equals or rest):
            raise UserError(f"{name}: parameters are given as --name value; --help lists them")
        values[name.removeprefix("--")] = value if equals else rest.pop(0)
    return values


def parameters() -> str:
    """What --help says of the parameters; where params.yaml can be read, with their values there."""
    present: dict[str, Any] = {}
    with contextlib.suppress(UserError, OSError):
        (train,) = load("train")
        present = leaves.values(train)
    rows = {name: (str(present.get(name, "")), leaf.description) for name, leaf in leaves.leaves(Train).items()}
    width = max(len(value) for value, _ in rows.values())
    head = f"Parameters, with what {paths.PARAMS} says:" if present else "Parameters:"
    recipe = f"  --{'recipe':<16}{'':<{width}}  {', '.join(recipes.names())}; what is named beside it goes before."
    parameters = (f"  --{name:<16}{value:<{width}}  {text}" for name, (value, text) in rows.items())
    return "\n".join([head, recipe, *parameters])


def note_in_opened_run(error: UserError) -> None:
    """Writes what is wrong into the run that `mlflow run` has opened for this program, if it was started so."""
    if run_id := os.environ.get("MLFLOW_RUN_ID"):
        from pipeline.tracking import runs, store

        with contextlib.suppress(UserError):  # without a store, the terminal alone says what is wrong
            store.open_store()
            runs.note_error(run_id, error)


@cli.command(__doc__, ignore_unknown_options=True, help_option_names=[])
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[--NAME VALUE]...")
def main(arguments: tuple[str, ...]) -> None:
    if arguments in [("--help",), ("-h",)]:  # `mlflow run -P help=1` is a mistake in a parameter
        say(f"{click.get_current_context().get_help()}\n\n{parameters()}")
        return
    begun = stage.snapshot(tuple)
    try:
        values = overrides(list(arguments))
        if recipe := values.pop("recipe", None):
            values = recipes.read(recipe) | values
        sections = load("dataset", "train", "evaluate", "gate", "tracking", overrides={"train": values})
        dataset_config, params, settings, limits, tracking = sections
        prepare.bring_up_to_date()
    except UserError as error:
        note_in_opened_run(error)
        raise

    with cli.suppress_stderr():
        from pipeline.tracking import queries, store
        from pipeline.training import checkpoint
        from pipeline.workflow import gate
        from pipeline.workflow.evaluate import evaluate
        from pipeline.workflow.train import deliver, train
        from pipeline.workflow.training_run import training_run

    with tempfile.TemporaryDirectory() as out, training_run(dataset_config, params, tracking) as (run_id, resume):
        train(dataset_config, params, Path(out), resume)
        deliver(dataset_config, Path(out), resume)
        judged = evaluate(dataset_config, params, settings, Path(out))
        begun.assert_unchanged()
        gate.judge(run_id, dataset_config, judged, limits, settings.behaviour)  # `promote` makes it the champion
    checkpoint.discard(resume.name)
    run = queries.resolve_run(run_id)
    say(f"run {run_id} is complete: {run.info.run_name}")
    say("\n".join(store.ui_lines(run.info.experiment_id, run_id)))
