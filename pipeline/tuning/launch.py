"""Starts the workers of a sweep and shows how it comes on."""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

from pipeline.config.schema import Tune
from pipeline.core import interrupt
from pipeline.core.cli import say
from pipeline.core.errors import UserError

if TYPE_CHECKING:
    import optuna

    from pipeline.tuning.study import Plan


def run_workers(study: "optuna.Study", plan: "Plan") -> None:
    """Starts the workers and shows how the study comes on until they end. Raises KeyboardInterrupt after Ctrl-C."""
    from pipeline.tuning import worker

    spawn = multiprocessing.get_context("spawn")
    workers: dict[BaseProcess, Connection] = {}
    for number in range(1, plan.tune.workers + 1):
        reader, writer = spawn.Pipe(duplex=False)
        workers[spawn.Process(target=worker.work, args=(plan, os.getpid(), writer), name=f"worker {number}")] = reader
    try:
        with _signals_blocked():  # a worker inherits that, and lets them in when it is ready for them
            for process in workers:
                process.start()
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


def _watch(study: "optuna.Study", tune: Tune, workers: dict[BaseProcess, Connection]) -> None:
    """Shows progress until all workers have ended. Raises UserError, which says why, where none did so well."""
    from pipeline.tuning.progress import Progress

    progress = Progress(study, tune)
    alive: dict[Any, BaseProcess] = {process.sentinel: process for process in workers}
    reasons = []
    while alive:
        for sentinel in wait(list(alive), timeout=1):
            process = alive.pop(sentinel)
            process.join()
            if process.exitcode:
                reasons.append(_why_ended(process, workers[process]))
                progress.note(f"{process.name} {reasons[-1]}")
        progress.update()
    progress.close()
    if len(reasons) == len(workers):
        raise UserError(f"no worker is left, the last one {reasons[-1]}; the same command goes on where they stopped")


def _why_ended(process: BaseProcess, complaint: Connection) -> str:
    if process.exitcode is not None and process.exitcode < 0:
        return f"was killed by signal {-process.exitcode}"
    with contextlib.suppress(EOFError):
        if complaint.poll():
            return f"stopped: {complaint.recv()}"
    return "ended with an error"


@contextlib.contextmanager
def _signals_blocked() -> Iterator[None]:
    """Keeps Ctrl-C back for the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def conclude(study: "optuna.Study", tune: Tune) -> None:
    """Says what was found, and what to type next. Raises UserError where no trial was completed."""
    from pipeline.tracking import queries, store
    from pipeline.tuning import trials
    from pipeline.tuning.progress import status

    counted = trials.effective_trials(study)
    best = trials.best_trial(study)
    if best is None:
        reasons = {trial.user_attrs["error"] for trial in counted if "error" in trial.user_attrs}
        why = "; ".join(sorted(reasons)) or ("all were pruned" if counted else "the time was over before one ended")
        raise UserError(f"study {tune.study} has no complete trial: {why}")
    say(f"study {tune.study}: {status(study, counted)}")
    say("  " + "  ".join(f"{name} {value}" for name, value in best.params.items()))
    say(f"make it the baseline:  python -m pipeline adopt --study {tune.study}  &&  dvc repro")
    study_run = queries.get_run(study.user_attrs["mlflow_run_id"])
    if study_run:
        say(f"open the UI:           {' '.join(store.ui_lines(study_run.info.experiment_id, study_run.info.run_id))}")
