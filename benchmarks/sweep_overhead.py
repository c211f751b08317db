"""How much of a sweep's CPU goes into MLflow, Optuna and the resume state, in one worker process.

    python -m benchmarks.sweep_overhead --images 10000 --trials 4

Runs trials of the present parameters, with a little more dropout each, as a worker does, with a clock around every call
that records or stores something. Prints CPU seconds in all, those of recording, and their share. Needs data/prepared.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import optuna

from benchmarks.sweep_cost import make_project
from pipeline.config.load import load
from pipeline.config.schema import leaves
from pipeline.core import cli
from pipeline.tuning.study import Plan, open_study, silence_optuna

spent = {"recording": 0.0}
depth = 0


def clocked(function):
    """The function, with the CPU seconds of its outermost calls added up."""

    def call(*arguments, **settings):
        global depth
        depth += 1
        started = time.process_time()
        try:
            return function(*arguments, **settings)
        finally:
            depth -= 1
            if depth == 0:
                spent["recording"] += time.process_time() - started

    return call


def clock_all() -> None:
    """Puts the clock around all that records or stores."""
    import mlflow

    from pipeline.tracking import logging
    from pipeline.training import checkpoint
    from pipeline.tuning import storage

    for module, names in {
        logging: [name for name in dir(logging) if name.startswith("log")],
        checkpoint: ["save", "restore", "discard"],
        storage: ["open_storage"],
        mlflow: ["start_run", "end_run", "set_tag", "delete_tag", "get_run", "search_runs"],
        optuna.Trial: [
            "report",
            "should_prune",
            "set_user_attr",
            "suggest_int",
            "suggest_float",
            "suggest_categorical",
        ],
        optuna.Study: ["ask", "tell", "get_trials"],
    }.items():
        for name in names:
            setattr(module, name, clocked(getattr(module, name)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--images", type=int, default=10_000, help="training images (default 10,000)")
    parser.add_argument("--trials", type=int, default=4, help="trials (default 4)")
    arguments = parser.parse_args()
    dataset_config, train, tune, tracking = load("dataset", "train", "tune", "tracking")
    for name, value in cli.QUIET.items():
        os.environ.setdefault(name, value)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_project(folder, arguments.images)
        os.chdir(folder)
        os.environ |= {"DVC_ROOT": str(folder), "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
        silence_optuna()
        with cli.suppress_stderr():
            from pipeline.core import paths
            from pipeline.data import arrays
            from pipeline.models import architectures
            from pipeline.tracking import runs, store
            from pipeline.tuning import objective, storage
        store.open_store()
        architectures.use_threads(train.threads)
        splits = {"train": arrays.load(paths.TRAIN), "validation": arrays.load(paths.VALIDATION)}
        address = storage.default_address()
        opened = storage.open_storage(address)
        study = open_study(opened, tune, {})
        with runs.run() as parent:
            pass
        clock_all()
        started = time.process_time()
        for number in range(arguments.trials):
            each = train.model_copy(update={"epochs": tune.epochs})
            plan = Plan(address, parent, dataset_config, each, tune, {}, tracking)
            values = leaves.values(train)
            chosen = {name: values[name] for name in tune.space}
            study.enqueue_trial(chosen | {"dropout": values["dropout"] + number / 100})
            with cli.suppress_stderr():
                study.optimize(
                    lambda trial, plan=plan: objective.objective(trial, plan, splits, lambda: False), n_trials=1
                )
        total = time.process_time() - started
    print(f"{total:.1f} CPU-seconds in all, {spent['recording']:.2f} in MLflow, Optuna and the resume state:", end=" ")
    print(f"{spent['recording'] / total:.1%}")


if __name__ == "__main__":
    main()
