"""A process of a sweep: takes trials until the study has its total, and sees to those whose worker was killed."""

import contextlib
import logging
import os
import signal
import threading
from collections.abc import Callable

import optuna
from optuna.trial import FrozenTrial, TrialState

from pipeline.core import cli
from pipeline.tuning import storage, trials
from pipeline.tuning.study import Interrupted, Plan, agreed_limits, join_study, silence_optuna

SIGNALS = {signal.SIGINT, signal.SIGTERM}
POLL = 1  # seconds between looks at trials that other workers have under way


def work(plan: Plan, launcher: int) -> None:
    """The whole life of a worker; `launcher` is the id of the process that started it.

    Ctrl-C, SIGTERM and the end of the launcher make it stop after the epoch that is under way.
    """
    interrupted = threading.Event()
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:  # as it is in the background of a shell
            signal.signal(number, lambda *_: interrupted.set())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    os.environ.pop("MLFLOW_RUN_ID", None)  # of the run that `mlflow run` opened: the study's, not a trial's
    silence_optuna()
    with cli.suppress_stderr():
        from pipeline.core import paths
        from pipeline.data import arrays
        from pipeline.models import architectures
        from pipeline.tracking import store
        from pipeline.tuning import mlflow_runs
        from pipeline.tuning.objective import objective
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of many models in one process, which is the idea

    architectures.use_threads(plan.train.threads)
    splits = {"train": arrays.load(paths.TRAIN), "validation": arrays.load(paths.VALIDATION)}
    store.open_store()

    def stopping() -> bool:
        return interrupted.is_set() or os.getppid() != launcher

    with storage.worker_lease(plan.address) as name:
        with storage.study_lock(plan.address, plan.tune.study):
            study = join_study(storage.open_storage(plan.address), plan.tune)
        while not stopping():
            with contextlib.ExitStack() as turn:
                turn.enter_context(storage.study_lock(plan.address, plan.tune.study))
                requeue_stale_trials(study, plan.address)
                if trials.wants_more(study, agreed_limits(study, plan.tune)):
                    run = _trial(lambda trial: objective(trial, plan, splits, stopping), name, turn.close)
                    study.optimize(run, n_trials=1, catch=(Exception,), callbacks=[_forget])
                    continue
                if not study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                    mlflow_runs.finish(study, plan)  # here, where tensorflow is loaded
                    _forget_all(study)
                    return
            interrupted.wait(POLL)  # a trial of another worker may yet fall to this one


def _trial(train: Callable, worker: str | None, end_turn: Callable[[], None]) -> Callable[[optuna.Trial], tuple]:
    """The objective as Optuna calls it, just after it has handed out the trial: from then on others may go on."""

    def run(trial: optuna.Trial) -> tuple[float, ...]:
        trial.set_user_attr("worker", worker)
        end_turn()
        try:
            return train(trial)
        except (optuna.TrialPruned, Interrupted):
            raise
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
    """Ends the trials whose worker was killed, in Optuna and MLflow, and queues them again. Hold the study lock.

    A worker takes a trial and puts its name on it within one turn, so one without a name has lost its worker too.
    """
    from pipeline.tracking import queries, runs

    if storage.is_database(address):
        optuna.storages.fail_stale_trials(study)  # by heartbeat; their runs follow in mlflow_runs.sync_trial_runs
        return
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if storage.is_worker_dead(address, trial.user_attrs.get("worker")):
            trials.queue_again(study, trial)
            study.tell(trial.number, state=TrialState.FAIL)
            if queries.get_run(trial.user_attrs.get("mlflow_run_id")):  # the user may have deleted it
                runs.end(trial.user_attrs["mlflow_run_id"], "FAILED", "its process was killed; queued again")
