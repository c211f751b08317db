"""One complete run, ad hoc: trains with other parameters and evaluates, without touching the workspace.

`mlflow run . -P epochs=3 -P filters=64` calls it. What is not named on the command line comes from params.yaml. The
data is prepared by DVC, if it is not yet; model, metrics and figures go into the MLflow run and nowhere else.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pipeline import console
from pipeline.console import UserError, say
from pipeline.params import Train, load


def overrides(arguments: list[str]) -> dict[str, str]:
    """Command line → values by name, unchecked: ["--epochs", "3"] → {"epochs": "3"}. Names it does not know stay in."""
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.experiment",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
        allow_abbrev=False,
    )
    for name, field in Train.model_fields.items():
        parser.add_argument(f"--{name}", help=field.description.replace("%", "%%"), metavar="VALUE")
    known, unknown = parser.parse_known_args(arguments)
    values = {name: value for name, value in vars(known).items() if value is not None}
    return values | {argument.lstrip("-").split("=")[0]: "" for argument in unknown[:1]}


def prepare_data() -> None:
    """Has DVC bring data/prepared up to date with params.yaml. Raises UserError where it cannot."""
    lock = Path("dvc.lock")
    before = lock.read_bytes() if lock.exists() else None
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [sys.executable, "-m", "dvc", "repro", "--quiet", "--single-item", "download", "preprocess"]
    if subprocess.run(command, env=environment, check=False).returncode:
        raise UserError("the data could not be prepared; `dvc repro preprocess` repairs it, or shows why")
    if before is not None and lock.read_bytes() != before:
        say("note: the prepared data was out of date with params.yaml; it and dvc.lock were brought up to date")


def main() -> None:
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
