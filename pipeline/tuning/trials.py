"""The trials of a study: what a trial trains, which ones count, and what becomes of an interrupted one."""

import copy
from collections.abc import Callable, Container
from datetime import datetime, timedelta
from typing import Any

import optuna
from optuna.storages import RetryHeartbeatStaleTrialCallback as Retry
from optuna.trial import FrozenTrial, TrialState

from pipeline.config.schema import Dimension, Train, Tune, leaves
from pipeline.core import untrusted

FINISHED = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
BEGUN = (*FINISHED, TrialState.RUNNING)

KINDS = {"worker": "worker", "training": "training", "mlflow_run_id": "run id"}  # attribute → what it has to be


def suggest(trial: optuna.Trial, train: Train, space: dict[str, Dimension]) -> Train:
    """`train` with the parameters of this trial."""
    chosen: dict[str, Any] = {}
    for name, dimension in space.items():
        if dimension.choices is not None:
            chosen[name] = trial.suggest_categorical(name, dimension.choices)
        else:
            whole = leaves.leaves(Train)[name].annotation is int
            suggest: Callable[..., int | float] = trial.suggest_int if whole else trial.suggest_float
            step = {} if dimension.step is None else {"step": dimension.step}
            chosen[name] = suggest(name, dimension.low, dimension.high, log=dimension.log, **step)
    return leaves.replace(train, chosen)


def attribute(trial: FrozenTrial, name: str) -> str | None:
    """An attribute that leads to a file or a run, or None. Raises UserError where its value is none of ours.

    Whoever may write to a study's storage can put any text there.
    """
    value = trial.user_attrs.get(name)
    return None if value is None else untrusted.checked(value, KINDS[name], f"trial {trial.number}: {name}")


def retried(study: optuna.Study) -> set[int]:
    """Numbers of the trials that were interrupted and queued again under another number."""
    trials = study.get_trials(deepcopy=False)
    return {number for trial in trials for number in Retry.retry_history(trial)}


def effective_trials(study: optuna.Study, states: Container[TrialState] = BEGUN) -> list[FrozenTrial]:
    """The trials that count towards the total: begun, and not interrupted."""
    again = retried(study)
    return [trial for trial in study.get_trials(deepcopy=False, states=states) if trial.number not in again]


def count_outcomes(counted: list[FrozenTrial]) -> dict[str, int]:
    """How many trials ended in which way."""
    return {outcome: sum(trial.state == state for trial in counted) for state, outcome in FINISHED.items()}


def same_trained(trial: optuna.Trial) -> FrozenTrial | None:
    """A complete trial with the same parameters and threads: this one would come out the same to the last bit.

    Samplers propose good parameters again: with steps of 0.05 to 0.2 of dropout, 1 to 3 of 20 trials.
    """
    for other in trial.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        if other.params == trial.params and other.user_attrs["threads"] == trial.user_attrs["threads"]:
            return other
    return None


def wants_more(study: optuna.Study, tune: Tune) -> bool:
    """Whether another trial is to be begun."""
    if tune.timeout is not None and seconds_spent(study) >= tune.timeout:
        return False
    return len(effective_trials(study)) < tune.trials


def has_work_left(study: optuna.Study, tune: Tune) -> bool:
    """Whether there is anything to do or to wait for."""
    return wants_more(study, tune) or bool(study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)))


def seconds_spent(study: optuna.Study) -> float:
    """How long any worker was at work on the study, in seconds; pauses between calls do not count."""
    again, spent, reached = retried(study), timedelta(), datetime.min
    begun = study.get_trials(deepcopy=False, states=BEGUN)
    started = [(trial.datetime_start, trial) for trial in begun if trial.datetime_start]
    for start, trial in sorted(started, key=lambda pair: pair[0]):
        end = trial.datetime_complete or datetime.now()
        if trial.number in again:  # it ended when it was killed, not when that was found out
            end = start + timedelta(seconds=trial.user_attrs.get("seconds", 0))
        spent += max(end - max(start, reached), timedelta())
        reached = max(reached, end)
    return spent.total_seconds()


def queue_again(study: optuna.Study, trial: FrozenTrial) -> None:
    """Queues the parameters of an interrupted trial once more, unless that was done. Hold the study lock.

    The new trial inherits what its training has cost so far, but neither the worker nor the MLflow run of the old one.
    """
    if trial.number not in retried(study):
        again = copy.deepcopy(trial)
        again.user_attrs = {name: value for name, value in trial.user_attrs.items() if name == "cpu_seconds"}
        Retry()(study, again)


def best_trial(study: optuna.Study) -> FrozenTrial | None:
    """The complete trial with the highest validation accuracy, the first of equals, or None."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return max(complete, key=lambda trial: trial.values[0], default=None)


def train_params(study: optuna.Study, trial: FrozenTrial) -> dict[str, Any]:
    """The parameters that this trial was trained with, by leaf name."""
    fixed = {k.removeprefix("train."): v for k, v in study.user_attrs["subject"].items() if k.startswith("train.")}
    return fixed | trial.params | {name: trial.user_attrs[name] for name in ("epochs", "threads")}
