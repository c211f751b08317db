"""One complete run, ad hoc: trains with other parameters and evaluates, without touching the workspace.

    mlflow run . --env-manager local -P epochs=3 -P filters=64
    python -m pipeline.experiment --epochs 3 --filters 64

What is not named comes from params.yaml. The data is prepared by DVC, if it is not yet; model, metrics and figures go
into the MLflow run and nowhere else.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pipeline import console, paths
from pipeline.console import UserError, say
from pipeline.params import Train, load


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


def prepare_data() -> None:
    """Has DVC bring data/prepared up to date with params.yaml. Raises UserError where it cannot."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}

    def dvc(*arguments: str) -> int:
        return subprocess.run([sys.executable, "-m", "dvc", *arguments], env=environment, check=False).returncode

    stages = ["download", "preprocess"]
    if dvc("status", "--quiet", *stages) == 0:
        return
    before = paths.LOCK.read_bytes() if paths.LOCK.exists() else None
    if dvc("repro", "--single-item", *stages):
        raise UserError("the data could not be prepared; DVC says why above")
    if before is not None and paths.LOCK.read_bytes() != before:
        say("note: the prepared data was out of date with params.yaml; it and dvc.lock were brought up to date")


def main() -> None:
    if sys.argv[1:] in (["--help"], ["-h"]):
        say(usage())
        return
    values = overrides(sys.argv[1:])
    description, params, settings = load("dataset", "train", "evaluate", overrides=values)
    prepare_data()

    from pipeline import tracking
    from pipeline.evaluate import evaluate
    from pipeline.train import train

    with tempfile.TemporaryDirectory() as out, tracking.run() as run_id:
        train(description, params, Path(out))
        evaluate(description, settings, Path(out))
        say(f"run {run_id} is complete; `mlflow ui` shows it")


if __name__ == "__main__":
    console.guard(main)
