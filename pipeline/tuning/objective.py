"""What Optuna optimises: one trial is one training, in a run nested under the study's, judged on validation data."""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import optuna

from pipeline.config import run_name
from pipeline.config.schema import Train
from pipeline.core import paths, results
from pipeline.core.errors import UserError
from pipeline.data.arrays import Split
from pipeline.models import architectures, devices, saving
from pipeline.tracking import runs
from pipeline.tracking.logging import log_epoch, log_files, log_metrics, log_start
from pipeline.training import checkpoint, loop, optimizers, precision
from pipeline.training.fingerprint import fingerprint
from pipeline.training.history import Epoch, TrainingState, best_epoch
from pipeline.tuning import storage, trials
from pipeline.tuning.progress import EPOCH
from pipeline.tuning.states import States
from pipeline.tuning.study import Interrupted, Plan

if TYPE_CHECKING:
    import keras


class TrainingFailed(Exception):
    """A training that cannot succeed with these parameters. It counts against them."""


def objective(
    trial: optuna.Trial, plan: Plan, splits: dict[str, Split], stopping: Callable[[], bool], states: States
) -> tuple[float, ...]:
    """Trains with the trial's parameters; returns the values of `plan.tune.objectives`.

    Goes on from the state of an interrupted trial with the same parameters, if `states` has it. Raises TrialPruned
    where Optuna gives the trial up, Interrupted after the epoch in which `stopping()` became true, TrainingFailed
    where training fails.
    """
    params = trials.suggest(trial, plan.train, plan.tune.space)
    with _trial_run(trial, plan, params) as folder:
        if earlier := trials.same_trained(trial):
            runs.note(
                trial.user_attrs["mlflow_run_id"], f"Same parameters as trial {earlier.number}: not trained again."
            )
            for name in ("parameters", "cpu_seconds"):
                trial.set_user_attr(name, earlier.user_attrs[name])
            log_metrics({results.VALIDATION_ACCURACY: earlier.values[0]})
            return tuple(earlier.values)
        chosen, spread = precision.resolved(params), devices.strategy(params.devices)
        model = architectures.build(plan.dataset_config.image_shape, len(plan.dataset_config.classes), chosen, spread)
        trial.set_user_attr("parameters", model.count_params())
        optimizers.compile_model(model, params, len(splits["train"].labels))
        states.fetch(folder)
        restored = checkpoint.restore(folder, model)

        def keep(state: TrainingState) -> None:
            checkpoint.save(folder, model, state)
            states.keep(folder)

        on_epoch = _recorder(trial, plan, keep, restored, stopping)
        try:
            history = loop.fit(model, splits["train"], splits["validation"], params, on_epoch, restored)
        except UserError as error:
            raise TrainingFailed(str(error)) from None
        best = best_epoch(history)
        _log_result(trial.study, model, best)
        metrics = trial.user_attrs | {"validation_accuracy": best.validation["accuracy"]}
        return tuple(float(metrics[name]) for name in plan.tune.objectives)


@contextlib.contextmanager
def _trial_run(trial: optuna.Trial, plan: Plan, params: Train) -> Iterator[Path]:
    """Opens the trial's run for the block, and yields the folder for the state of its training."""
    with (
        checkpoint.claim(fingerprint(params, plan.data)) as folder,
        runs.run(
            parent=plan.parent,
            run_name=run_name.shorten(f"trial {trial.number} {run_name.describe(trial.params)}"),
            tags={"optuna.study": plan.tune.study, "optuna.trial": str(trial.number)},
            tracking=plan.tracking,
            killed_by=(KeyboardInterrupt, optuna.TrialPruned),
        ) as run_id,
    ):
        trial.set_user_attr("mlflow_run_id", run_id)
        trial.set_user_attr("training", folder.name)
        trial.set_user_attr("epochs", params.epochs)
        trial.set_user_attr("threads", params.threads)
        log_start({"train": params.model_dump()}, {})
        yield folder


def _recorder(
    trial: optuna.Trial,
    plan: Plan,
    keep: Callable[[TrainingState], None],
    restored: TrainingState,
    stopping: Callable[[], bool],
) -> Callable[[TrainingState], None]:
    """Returns what reports and logs each epoch of a trial, has its state kept, and ends it early where it should.

    That raises TrialPruned or Interrupted, after the state is kept.
    """
    has_one_objective = len(plan.tune.objectives) == 1  # Optuna prunes no other
    cpu_before = trial.user_attrs.get("cpu_seconds", 0.0) if restored.history else 0.0
    wall_started, cpu_started = time.monotonic(), time.process_time()

    def record(epoch: Epoch, **cost: float) -> None:
        log_epoch(epoch.row(), **cost)
        if has_one_objective:
            trial.report(epoch.validation["accuracy"], epoch.epoch)

    def on_epoch(state: TrainingState) -> None:
        epoch = state.history[-1]
        cpu_seconds = round(cpu_before + time.process_time() - cpu_started, 3)
        trial.set_user_attr("cpu_seconds", cpu_seconds)
        trial.set_user_attr("seconds", round(time.monotonic() - wall_started, 3))
        trial.set_user_attr(EPOCH, [epoch.epoch, epoch.validation["accuracy"]])
        record(epoch, cpu_seconds=cpu_seconds)
        keep(state)
        if epoch.epoch == plan.train.epochs:
            return  # neither given up nor interrupted when there is nothing left to save
        if stopping():
            with storage.study_lock(plan.address, plan.tune.study):
                trials.queue_again(trial.study, trial.study.get_trials(deepcopy=False)[trial.number])
            raise Interrupted(f"interrupted after epoch {epoch.epoch}, queued again")
        if has_one_objective and trial.should_prune():
            raise optuna.TrialPruned(f"pruned after epoch {epoch.epoch}")

    for epoch in restored.history:
        record(epoch)
    return on_epoch


def _log_result(study: optuna.Study, model: "keras.Model", best: Epoch) -> None:
    """Logs the best epoch, and the model if no trial so far is better: the study's run takes the winner's from here."""
    log_metrics({results.BEST_EPOCH: best.epoch, results.VALIDATION_ACCURACY: best.validation["accuracy"]})
    leader = trials.best_trial(study)
    if leader is None or best.validation["accuracy"] >= leader.values[0]:
        with tempfile.TemporaryDirectory() as out:
            saving.save(model, Path(out) / paths.CHECKPOINT)
            log_files([Path(out) / paths.CHECKPOINT.parent])
