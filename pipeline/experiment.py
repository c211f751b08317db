"""One complete run, ad hoc: trains with other parameters and evaluates, without touching the workspace.

    mlflow run . --env-manager local -P epochs=3 -P filters=64
    python -m pipeline.experiment --epochs 3 --filters 64

What is not named comes from params.yaml. The data is prepared by DVC, if it is not yet; model, metrics and figures go
into the MLflow run and nowhere else.
"""

import sys
import tempfile
from pathlib import Path

from pipeline import console, edits, prepared
from pipeline.console import UserError, say
from pipeline.params import load
from pipeline.sections import Train


def overrides(arguments: list[str]) -> dict[str, str]:
    """Command line → values by name, unchecked: ["--epochs", "3", "--seed=2"] → {"epochs": "3", "seed": "2"}.

    Not by argparse: MLflow passes on whatever was typed after -P, and a value may start with a dash.
    """
    values, rest = {}, list(arguments)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if not name.startswith("--") or not (equals or rest):
            raise UserError(f"{name}: parameters are given as --name value; --help lists them")
        values[name.removeprefix("--")] = value if equals else rest.pop(0)
    return values


def usage() -> str:
    """What --help prints."""
    names = "\n".join(f"  --{name:<16}{field.description}" for name, field in Train.model_fields.items())
    return f"{__doc__}\nParameters:\n{names}"


def main() -> None:
    if sys.argv[1:] in (["--help"], ["-h"]):
        say(usage())
        return
    values, begun = overrides(sys.argv[1:]), edits.begin()
    description, params, settings = load("dataset", "train", "evaluate", overrides={"train": values})
    prepared.bring_up_to_date()

    from pipeline.evaluate import evaluate
    from pipeline.train import train, training_run

    with console.hushed():
        from pipeline import lookup, state

    with tempfile.TemporaryDirectory() as out, training_run(description, params) as (run_id, resume):
        train(description, params, Path(out), resume)
        evaluate(description, settings, Path(out))
        edits.refuse(begun)
    state.discard(lookup.tag(run_id, "training"))
    say(f"run {run_id} is complete; `mlflow ui` shows it")


if __name__ == "__main__":
    console.guard(main)
