"""A process of a sweep: takes trials until the study has its total, and sees to those whose worker was killed."""

import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection

import optuna
from optuna.trial import FrozenTrial, TrialState

from pipeline.core import cli
from pipeline.tuning import storage, trials
from pipeline.tuning.study import Interrupted, Plan, agreed_limits, join_study, silence_optuna

SIGNALS = {signal.SIGINT, signal.SIGTERM}
POLL = 1  # seconds between looks at trials that other workers have under way


def work(plan: Plan, launcher: int, complaint: Connection) -> None:
    """The whole life of a worker; `launcher` is the id of the process that started it.

    Ctrl-C, SIGTERM and the end of the launcher make it stop after the epoch that is under way. What the machine
    refuses ends it with exit code 1, and `complaint` gets the reason, one line.
    """
    interrupted = threading.Event()
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:  # as it is in the background of a shell
            signal.signal(number, lambda *_: interrupted.set())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    os.environ.pop("MLFLOW_RUN_ID", None)  # of the run that `mlflow run` opened: the study's, not a trial's
    silence_optuna()
    with cli.suppress_stderr():
        from pipeline.tuning import faults
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of many models in one process, which is the idea
    try:
        take_trials(plan, lambda: interrupted.is_set() or os.getppid() != launcher, interrupted)
    except (faults.MachineFault, *faults.MACHINE) as error:
        complaint.send(faults.reason(error))
        sys.exit(1)


def take_trials(plan: Plan, stopping: Callable[[], bool], interrupted: threading.Event) -> None:
    """Begins one trial after the other until `stopping()` or the study has its total, and then reports the study."""
    with cli.suppress_stderr():
        from pipeline.core import paths
        from pipeline.data import arrays
        from pipeline.models import architectures
        from pipeline.tracking import store
        from pipeline.tuning import mlflow_runs
        from pipeline.tuning.objective import objective

    architectures.use_threads(plan.train.threads)
    splits = {"train": arrays.load(paths.TRAIN), "validation": arrays.load(paths.VALIDATION)}
    store.open_store()
    with storage.worker_lease(plan.address) as name:
        with storage.study_lock(plan.address, plan.tune.study):
            study = join_study(storage.open_storage(plan.address), plan.tune)
        while not stopping():
            with contextlib.ExitStack() as lock:
                lock.enter_context(storage.study_lock(plan.address, plan.tune.study))
                requeue_stale_trials(study, plan.address)
                if trials.wants_more(study, agreed_limits(study, plan.tune)):
                    run = _trial(lambda trial: objective(trial, plan, splits, stopping), name, lock.close)
                    study.optimize(run, n_trials=1, catch=(Exception,), callbacks=[_forget])
                    continue
                if not study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                    with store.errors():
                        mlflow_runs.finish(study, plan)  # here, where tensorflow is loaded
                    _forget_all(study)
                    return
            interrupted.wait(POLL)  # a trial of another worker may yet fall to this one


def _trial(train: Callable, worker: str | None, unlock: Callable[[], None]) -> Callable[[optuna.Trial], tuple]:
    """The objective as Optuna calls it, just after it has handed out the trial: from then on others may go on."""
    from pipeline.tuning import faults

    def run(trial: optuna.Trial) -> tuple[float, ...]:
        trial.set_user_attr("worker", worker)
        unlock()
        try:
            return train(trial)
        except (optuna.TrialPruned, Interrupted):
            raise
        except faults.MACHINE as error:
            raise faults.MachineFault(faults.reason(error)) from error
        except Exception as error:
            trial.set_user_attr("error", (str(error) or type(error).__name__)[:500])
            raise

    return run


def _forget(study: optuna.Study, trial: FrozenTrial) -> None:
    """Removes the state of a training that is over; an interrupted one will be taken up again."""
    from pipeline.training import checkpoint

    if trial.number not in trials.retried(study) and "training" in trial.user_attrs:
        checkpoint.discard(trial.user_attrs["training"])


def _forget_all(study: optuna.Study) -> None:
    """Removes the states of interrupted trials that began afresh, with another number of threads, say."""
    from pipeline.training import checkpoint

    for trial in study.get_trials(deepcopy=False):
        if "training" in trial.user_attrs:
            checkpoint.discard(trial.user_attrs["training"])


def requeue_stale_trials(study: optuna.Study, address: str) -> None:
    """Ends the trials whose worker is gone and queues them again. Hold the study lock.

    A worker takes a trial and puts its name on it under one lock, so one without a name has lost its worker too. Their
    runs follow in `mlflow_runs.sync_trial_runs`.
    """
    if storage.is_database(address):
        optuna.storages.fail_stale_trials(study)  # by heartbeat
        return
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if storage.is_worker_dead(address, trial.user_attrs.get("worker")):
            trials.queue_again(study, trial)
            study.tell(trial.number, state=TrialState.FAIL)
