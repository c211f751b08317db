"""Starts the workers of a sweep and shows how it comes on."""

import logging
import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING

from pipeline.config.schema import Tune
from pipeline.core import cli, interrupt, lean
from pipeline.core.cli import say
from pipeline.core.errors import UserError

if TYPE_CHECKING:
    import optuna

    from pipeline.tuning.study import Plan


def run_workers(study: "optuna.Study", plan: "Plan") -> None:
    """Starts the workers and shows how the study comes on until they end. Raises KeyboardInterrupt after Ctrl-C."""
    spawn = multiprocessing.get_context("spawn")
    names = [f"worker {number}" for number in range(1, plan.tune.workers + 1)]
    workers: list[BaseProcess] = [spawn.Process(target=_work, args=(plan, os.getpid()), name=name) for name in names]
    try:
        # a worker inherits that signals are blocked, and lets them in when it is ready for them. The tracker, which the
        # first worker would start, lets them in too soon
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, interrupt.SIGNALS)
        try:
            for process in workers:
                process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        _watch(study, plan.tune, workers)
    except KeyboardInterrupt:
        say("\nstopping after the epochs under way; Ctrl-C again stops at once")
        try:
            with interrupt.more_time:
                for process in workers:
                    if process.is_alive():
                        process.terminate()
                for process in workers:
                    process.join()
        except KeyboardInterrupt:
            for process in workers:
                process.kill()
        raise


def _watch(study: "optuna.Study", tune: Tune, workers: list[BaseProcess]) -> None:
    """Shows progress until all workers have ended. Raises UserError where none did so well."""
    from pipeline.tuning.progress import Progress

    progress = Progress(study, tune)
    alive = workers
    while alive:
        wait([process.sentinel for process in alive], timeout=1)
        codes = {process: process.exitcode for process in alive}  # asked once: it may end at any moment
        for process, code in codes.items():
            if code:
                killed = f"was killed by signal {-code}" if code < 0 else "ended with an error"
                progress.note(f"{process.name} {killed}")
        alive = [process for process, code in codes.items() if code is None]
        progress.update()
    progress.close()
    if all(process.exitcode for process in workers):
        raise UserError("no worker is left; the same command goes on where they stopped")


def _work(plan: "Plan", launcher: int) -> None:
    """The whole life of a worker; `launcher` is the id of the process that started it.

    Ctrl-C, SIGTERM and the end of the launcher make it stop after the epoch that is under way. What the machine
    refuses ends it with one line and exit code 1.
    """
    lean.install()
    from pipeline.core import paths
    from pipeline.data import arrays
    from pipeline.tuning.study import silence_optuna

    interrupted = threading.Event()
    for number in interrupt.SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:  # as it is in the background of a shell
            signal.signal(number, lambda *_: interrupted.set())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, interrupt.SIGNALS)
    os.environ.pop("MLFLOW_RUN_ID", None)  # of the run that `mlflow run` opened: the study's, not a trial's
    silence_optuna()
    with cli.suppress_stderr():
        from pipeline.tuning import worker
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of many models in one process, which is the idea
    try:
        splits = {name: arrays.load(folder) for name, folder in paths.TRAINING_DATA.items()}
        worker.take_trials(plan, splits, lambda: interrupted.is_set() or os.getppid() != launcher, interrupted)
    except (worker.MachineFault, *worker.MACHINE) as error:
        sys.exit(f"{multiprocessing.current_process().name} stopped: {worker.reason(error)}")


def conclude(study: "optuna.Study", tune: Tune) -> None:
    """Says what was found, and what to type next. Raises UserError where no trial was completed."""
    from pipeline.tracking import store
    from pipeline.tuning import mlflow_runs, trials
    from pipeline.tuning.progress import status

    counted = trials.effective_trials(study)
    best = trials.best_trial(study)
    if best is None:
        reasons = {str(trial.user_attrs["error"]) for trial in counted if "error" in trial.user_attrs}
        why = "; ".join(sorted(reasons)) or ("all were pruned" if counted else "the time was over before one ended")
        raise UserError(f"study {tune.study} has no complete trial: {why}")
    say(f"study {tune.study}: {status(study, counted)}")
    say("  " + "  ".join(f"{name} {value}" for name, value in best.params.items()))
    say(f"make it the baseline:  python -m pipeline adopt --study {tune.study}  &&  dvc repro")
    if run := mlflow_runs.find_run(study):
        say(f"open the UI:           {' '.join(store.ui_lines(run.info.experiment_id, run.info.run_id))}")
