"""A process of a sweep: takes trials until the study has its total.

What the machine did (no room, no memory, no store) ends the worker and leaves the trial as a kill would: whoever finds
it queues it again. All else that ends a trial counts against its parameters.
"""

import contextlib
import functools
import threading
from collections.abc import Callable

import optuna
import sqlalchemy
import tensorflow as tf
from optuna.trial import FrozenTrial, TrialState

from pipeline.core.addresses import mask_passwords
from pipeline.core.errors import UserError
from pipeline.data.arrays import Split
from pipeline.models import architectures
from pipeline.tracking import store
from pipeline.tuning import mlflow_runs, storage, trials
from pipeline.tuning.objective import objective
from pipeline.tuning.states import States
from pipeline.tuning.study import Interrupted, Plan, agreed_limits, join_study

POLL = 1  # seconds between looks at trials that other workers have under way
MACHINE = (
    OSError,
    MemoryError,
    tf.errors.ResourceExhaustedError,
    sqlalchemy.exc.SQLAlchemyError,
    optuna.exceptions.StorageInternalError,
    UserError,  # of MLflow's store; those of training are `TrainingFailed` by then
)


class MachineFault(BaseException):
    """Ends the worker. No Exception, because Optuna ends the trials of those as FAIL, for good."""


def take_trials(
    plan: Plan,
    splits: dict[str, Split],
    stopping: Callable[[], bool],
    interrupted: threading.Event,
    states: States | None = None,
) -> None:
    """Begins one trial after the other until `stopping()` or the study has its total, and then reports the study.

    `states` keeps the states of trainings; None: they stay on this machine.
    """
    architectures.use_threads(plan.train.threads)
    states = states or States()
    store.open_store()
    with storage.worker_lease(plan.address) as name:
        with storage.study_lock(plan.address, plan.tune.study):
            study = join_study(storage.open_storage(plan.address), plan.tune)
        while not stopping():
            with contextlib.ExitStack() as lock:
                lock.enter_context(storage.study_lock(plan.address, plan.tune.study))
                storage.requeue_stale_trials(study, plan.address)
                if trials.wants_more(study, agreed_limits(study, plan.tune)):
                    run = sort_faults(lambda trial: objective(trial, plan, splits, stopping, states), name, lock.close)
                    forget = functools.partial(_forget, states)
                    study.optimize(run, n_trials=1, catch=(Exception,), callbacks=[forget], gc_after_trial=True)
                    continue
                if not study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                    with store.errors():
                        mlflow_runs.finish(study, plan, splits)  # here, where tensorflow is loaded
                    for trial in study.get_trials(deepcopy=False):
                        _discard(states, trial)  # of one that began afresh, with another number of threads, say
                    return
            interrupted.wait(POLL)  # a trial of another worker may yet fall to this one


def sort_faults(train: Callable, worker: str | None, unlock: Callable[[], None]) -> Callable[[optuna.Trial], tuple]:
    """The objective as Optuna calls it, just after it has handed out the trial: from then on others may go on."""

    def run(trial: optuna.Trial) -> tuple[float, ...]:
        trial.set_user_attr("worker", worker)
        unlock()
        try:
            return train(trial)
        except (optuna.TrialPruned, Interrupted):
            raise
        except MACHINE as error:
            raise MachineFault(reason(error)) from error
        except Exception as error:
            trial.set_user_attr("error", mask_passwords(str(error) or type(error).__name__)[:500])
            raise

    return run


def reason(error: BaseException) -> str:
    """What went wrong, and where, in one line."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename is not None else error.strerror
    error = getattr(error.__cause__ or error, "orig", None) or error  # what a database said
    return mask_passwords((str(error) or type(error).__name__).splitlines()[0])


def _forget(states: States, study: optuna.Study, trial: FrozenTrial) -> None:
    """Removes the state of a training that is over; an interrupted one will be taken up again."""
    if trial.number not in trials.retried(study):
        _discard(states, trial)


def _discard(states: States, trial: FrozenTrial) -> None:
    if name := trials.attribute(trial, "training"):
        states.discard(name)
