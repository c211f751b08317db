"""Searches the parameters listed under `tune.space` in params.yaml for the highest validation accuracy.

    python -m pipeline.tune --trials 20 --workers 2
    mlflow run . --env-manager local -e tune -P trials=20

Runs and figures are in the MLflow UI; `python -m pipeline.adopt --study NAME` makes the winner the new baseline.
Interrupt it as you like: the same command goes on to the same total. Several may work on one study at once.
"""

import argparse
import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING

from pipeline import console, prepared
from pipeline.console import UserError, say
from pipeline.params import load
from pipeline.sections import Tune

if TYPE_CHECKING:
    import optuna

    from pipeline.study import Plan

OPTIONS = ("study", "trials", "timeout", "workers", "epochs")


def arguments() -> argparse.Namespace:
    """The command line; what is not given comes from params.yaml."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter, allow_abbrev=False
    )
    for name in OPTIONS:
        parser.add_argument(f"--{name}", help=Tune.model_fields[name].description)
    parser.add_argument("--storage", help="A journal file, or postgresql://… for several machines; see OPTUNA_STORAGE.")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    values = {name: getattr(given, name) for name in OPTIONS if getattr(given, name) is not None}
    description, train, tune = load("dataset", "train", "tune", overrides={"tune": values})
    from pipeline import fingerprint, lineage, storage, store, study, study_runs, trials, worker
    from pipeline.train import DATA

    study.be_quiet()
    if given.storage and (run_id := os.environ.get("MLFLOW_RUN_ID")):
        refuse_password(given.storage, run_id)
    address = given.storage or storage.default_address()
    say(f"storage {storage.shown(address)}")
    opened = storage.open_storage(address)
    prepared.bring_up_to_date()
    store.open_store()
    data = {name: lineage.folder_sha256(folder) for name, folder in DATA.items()}
    subject = study.subject(train, tune, data, fingerprint.code_sha256(fingerprint.WEIGHTS))
    tune = tune.model_copy(update={"workers": min(tune.workers, tune.trials)})
    threads = max(1, train.threads // tune.workers)
    each = train.model_copy(update={"epochs": tune.epochs, "threads": threads})

    with contextlib.ExitStack() as stack:
        with storage.turn(address, tune.study):
            this = study.open_study(opened, tune, subject)
            study.begin_with(this, train, tune.space)
            worker.bury_dead(this, address)
            study.agree_limits(this, tune)
            if not trials.open_ended(this, tune) and study_runs.is_reported(this.user_attrs.get("mlflow_run_id")):
                study_runs.explain(this)
                conclude(this, tune)
                return
            parent = stack.enter_context(study_runs.parent(this, tune, lineage.tags(DATA)))
            study_runs.agree(this, parent)
        plan = study.Plan(address, parent, description, each, tune, data | {"dataset": description.name}, subject)
        say(f"study {tune.study}: up to {tune.trials} trials of {tune.epochs} epochs, {tune.workers} worker(s)")
        run_workers(this, plan)
        if trials.open_ended(this, tune):
            raise UserError(f"study {tune.study} was stopped before its end; the same command goes on")
    conclude(this, tune)


def refuse_password(address: str, run_id: str) -> None:
    """Raises UserError for an address with a password: `mlflow run` keeps its -P values, in the run that it opened."""
    if console.without_passwords(address) != address:
        store = os.environ.get("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
        raise UserError(
            "storage: `mlflow run` prints and keeps every -P value, this password too. Give the address in "
            f"OPTUNA_STORAGE, and remove it: mlflow runs delete --run-id {run_id} && "
            f"mlflow gc --tracking-uri {store} --run-ids {run_id}"
        )


def run_workers(this: "optuna.Study", plan: "Plan") -> None:
    """Starts the workers and shows how the study comes on until they end. Raises KeyboardInterrupt after Ctrl-C."""
    from pipeline import worker

    spawn = multiprocessing.get_context("spawn")
    workers = [
        spawn.Process(target=worker.work, args=(plan, os.getpid()), name=f"worker {number}")
        for number in range(1, plan.tune.workers + 1)
    ]
    try:
        with _signals_blocked():  # a worker inherits that, and lets them in when it is ready for them
            for process in workers:
                process.start()
        _watch(this, plan.tune, workers)
    except KeyboardInterrupt:
        say("\nstopping after the epochs under way; Ctrl-C again stops at once")
        try:
            for process in workers:
                if process.is_alive():
                    process.terminate()
            for process in workers:
                process.join()
        except KeyboardInterrupt:
            for process in workers:
                process.kill()
        raise


def _watch(this: "optuna.Study", tune: Tune, workers: list[BaseProcess]) -> None:
    """Shows progress until all workers have ended. Raises UserError where one ended of an error."""
    from pipeline.study_progress import Progress

    progress = Progress(this, tune)
    alive = {process.sentinel: process for process in workers}
    while alive:
        for sentinel in wait(list(alive), timeout=1):
            process = alive.pop(sentinel)
            process.join()
            if process.exitcode:
                how = f"was killed by signal {-process.exitcode}" if process.exitcode < 0 else "ended with an error"
                progress.note(f"{process.name} {how}")
        progress.update()
    progress.close()
    if all(process.exitcode for process in workers):
        raise UserError("no worker is left; the same command goes on where they stopped")


@contextlib.contextmanager
def _signals_blocked() -> Iterator[None]:
    """Keeps Ctrl-C back for the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def conclude(this: "optuna.Study", tune: Tune) -> None:
    """Says what was found, and what to type next. Raises UserError where no trial was completed."""
    from pipeline import trials
    from pipeline.study_progress import status

    counted = trials.counted(this)
    best = trials.best_trial(this)
    if best is None:
        reasons = {trial.user_attrs["error"] for trial in counted if "error" in trial.user_attrs}
        why = "; ".join(sorted(reasons)) or ("all were pruned" if counted else "the time was over before one ended")
        raise UserError(f"study {tune.study} has no complete trial: {why}")
    say(f"study {tune.study}: {status(this, counted)}")
    say("  " + "  ".join(f"{name} {value}" for name, value in best.params.items()))
    say(f"make it the baseline:  python -m pipeline.adopt --study {tune.study}  &&  dvc repro")
    say("open the UI:           make ui   (or: mlflow ui), then http://127.0.0.1:5000")


if __name__ == "__main__":
    console.guard(main)
