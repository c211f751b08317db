"""An Optuna study: what it is about, opened or refused, joined by workers."""

import warnings
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

import optuna
from optuna.trial import TrialState
from pydantic import ValidationError

from pipeline.config.schema import Dataset, Dimension, Tracking, Train, Tune, leaves
from pipeline.core.errors import UserError

DIRECTIONS: dict[str, Literal["minimize", "maximize"]] = {
    "validation_accuracy": "maximize",
    "parameters": "minimize",
    "cpu_seconds": "minimize",
}
SAMPLERS = {
    "tpe": optuna.samplers.TPESampler,
    "random": optuna.samplers.RandomSampler,
    "nsgaii": optuna.samplers.NSGAIISampler,
}
PRUNERS: dict[str, Callable[[int], optuna.pruners.BasePruner]] = {  # of the epochs of a trial
    "none": lambda epochs: optuna.pruners.NopPruner(),
    "median": lambda epochs: optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1),
    "halving": lambda epochs: optuna.pruners.SuccessiveHalvingPruner(min_resource=1),
    "hyperband": lambda epochs: optuna.pruners.HyperbandPruner(1, epochs, reduction_factor=2),
}


class Plan(NamedTuple):
    """What the workers of a study have to know."""

    address: str  # of Optuna's storage
    parent: str  # MLflow run of the study
    dataset_config: Dataset
    train: Train  # what is not searched, the epochs of a trial and a worker's threads among it
    tune: Tune
    data: dict[str, str]  # name → sha256
    tracking: Tracking  # what the runs of trials record besides


def silence_optuna() -> None:
    """Has Optuna say nothing of its own: `progress` shows the trials, and retries, marked experimental, work."""
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)


class Interrupted(Exception):
    """Ends a trial that has been queued again."""


def open_study(storage: optuna.storages.BaseStorage, tune: Tune, config: dict[str, Any]) -> optuna.Study:
    """Makes the study `tune.study`, or goes on with it. Hold the study lock.

    `config` is what `study_config` returns. Raises UserError, which says what differs, for a study with another one.
    """
    directions = [DIRECTIONS[name] for name in tune.objectives]
    study = optuna.create_study(storage=storage, study_name=tune.study, directions=directions, load_if_exists=True)
    known = study.user_attrs.get("subject")
    if known is None and study.get_trials(deepcopy=False):
        raise UserError(f"study {tune.study} was not made by this program; name another one with --study NAME")
    if known is None:
        study.set_user_attr("subject", config)  # the name that it has in everybody's studies
    elif differences := list(_differences(known, config)):
        raise UserError(
            f"study {tune.study} is about something else: {'; '.join(differences)}. "
            "Put that back, or begin a new study with --study NAME"
        )
    study.set_metric_names(list[str](tune.objectives))  # optuna-dashboard shows them
    return study


def load_existing_study(storage: optuna.storages.BaseStorage, name: str) -> optuna.Study:
    """Opens an existing study for reading. Raises UserError where there is none of this name."""
    names = optuna.get_all_study_names(storage)
    if name not in names:
        raise UserError(f"there is no study {name}; there are: {', '.join(names) or 'none yet'}")
    study = optuna.load_study(study_name=name, storage=storage)
    if "subject" not in study.user_attrs:
        raise UserError(f"study {name} was not made by this program")
    return study


def join_study(storage: optuna.storages.BaseStorage, tune: Tune) -> optuna.Study:
    """Opens an existing study for one more worker, with a sampler of its own. Hold the study lock.

    Samplers of one seed would all try the same, so each gets the next seed; one worker alone repeats a study exactly.
    """
    pruner = PRUNERS[tune.pruner](tune.epochs)
    study = optuna.load_study(study_name=tune.study, storage=storage, pruner=pruner)
    workers = study.user_attrs.get("workers", 0)
    study.set_user_attr("workers", workers + 1)
    study.sampler = SAMPLERS[tune.sampler](seed=tune.seed + workers)
    return study


def study_config(train: Train, tune: Tune, data: dict[str, str], code: dict[str, str]) -> dict[str, Any]:
    """All that has to stay the same for values of trials to be comparable, as JSON values by name."""
    searched = {"epochs", "threads", *tune.space}
    fixed = {name: value for name, value in leaves.values(train).items() if name not in searched}
    return (
        {"tune.objectives": ", ".join(tune.objectives), "tune.epochs": tune.epochs}
        | {f"tune.space.{name}": str(dimension) for name, dimension in tune.space.items()}
        | {f"train.{name}": value for name, value in fixed.items()}
        | {f"data.{name}": sha256 for name, sha256 in data.items()}
        | {f"pipeline/{name}": sha256 for name, sha256 in code.items()}
    )


def _differences(known: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    for name in sorted(known.keys() | now.keys()):
        before, after = (str(values.get(name, "nothing")) for values in (known, now))
        if before != after:
            is_hash = name.startswith(("data.", "pipeline/"))
            yield f"{name} has changed" if is_hash else f"{name} was {before}, now {after}"


def agree_limits(study: optuna.Study, tune: Tune) -> None:
    """Notes how many trials the study is to have, and how long it may take: the most that is asked for at one time.

    Hold the study lock. Whoever works on the study goes by `limits`, so that no one ends it while another wants more.
    """
    trials, timeout = tune.trials, tune.timeout
    if study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        known = agreed_limits(study, tune)
        trials = max(trials, known.trials)
        timeout = None if timeout is None or known.timeout is None else max(timeout, known.timeout)
    study.set_user_attr("limits", {"trials": trials, "timeout": timeout})


def agreed_limits(study: optuna.Study, tune: Tune) -> Tune:
    """`tune` with the limits that were agreed on. Raises UserError where the storage holds none of ours."""
    limits = study.user_attrs.get("limits", {})
    try:
        return leaves.replace(tune, {name: limits[name] for name in ("trials", "timeout") if name in limits})
    except (ValidationError, TypeError):
        raise UserError(
            f"study {study.study_name}: its limits are {str(limits)[:80]!r}, which is none of ours"
        ) from None


def enqueue_defaults(study: optuna.Study, train: Train, space: dict[str, Dimension]) -> None:
    """Has a new study try the parameters of params.yaml first, where they lie in the space. Hold the study lock."""
    present = leaves.values(train)
    values = {name: present[name] for name in space}
    inside = all(dimension.holds(values[name]) for name, dimension in space.items())
    if inside and not study.get_trials(deepcopy=False):
        study.enqueue_trial(values)
