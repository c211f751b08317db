"""What Optuna optimises: one trial is one training, in a run nested under the study's, judged on validation data."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState

from pipeline.core import paths
from pipeline.data.arrays import Split
from pipeline.models import architectures, saving
from pipeline.tracking import runs
from pipeline.tracking.logging import log_epoch, log_files, log_metrics, log_start
from pipeline.training import checkpoint, loop
from pipeline.training.fingerprint import fingerprint
from pipeline.tuning import storage, trials
from pipeline.tuning.study import Interrupted, Plan


def objective(
    trial: optuna.Trial, plan: Plan, splits: dict[str, Split], stopping: Callable[[], bool]
) -> tuple[float, ...]:
    """Trains with the trial's parameters; returns the values of `plan.tune.objectives`.

    Goes on from the state of an interrupted trial with the same parameters. Raises TrialPruned where Optuna gives the
    trial up, Interrupted after the epoch in which `stopping()` became true, UserError where training fails.
    """
    params = trials.suggest(trial, plan.train, plan.tune.space)
    with (
        checkpoint.claim(fingerprint(params, plan.data)) as folder,
        runs.run(
            parent=plan.parent,
            run_name=f"{plan.tune.study} {trial.number}",
            tags={"optuna.study": plan.tune.study, "optuna.trial": str(trial.number)},
            killed_by=(KeyboardInterrupt, optuna.TrialPruned),
        ) as run_id,
    ):
        recorded = {
            "mlflow_run_id": run_id,
            "training": folder.name,
            "epochs": params.epochs,
            "threads": params.threads,
        }
        for name, value in recorded.items():
            trial.set_user_attr(name, value)
        log_start({"train": params.model_dump()}, {})
        if twin := _twin(trial):
            trial.set_user_attr("same_as", twin.number)
            log_start({}, {"optuna.same_as": str(twin.number)})
            return _values_of(twin, trial)

        model = architectures.build(plan.dataset_config.image_shape, len(plan.dataset_config.classes), params)
        trial.set_user_attr("parameters", model.count_params())
        restored = checkpoint.restore(folder, model)
        for epoch in restored.history:
            _record(trial, epoch)
        cpu_before = trial.user_attrs.get("cpu_seconds", 0.0) if restored.history else 0.0
        wall_started, cpu_started = time.monotonic(), time.process_time()

        def on_epoch(progress: loop.TrainingState) -> None:
            epoch = progress.history[-1]
            cpu_seconds = round(cpu_before + time.process_time() - cpu_started, 3)
            trial.set_user_attr("cpu_seconds", cpu_seconds)
            trial.set_user_attr("seconds", round(time.monotonic() - wall_started, 3))
            _record(trial, epoch, cpu_seconds=cpu_seconds)
            checkpoint.save(folder, model, progress)
            if epoch.epoch == params.epochs:
                return  # neither given up nor interrupted when there is nothing left to save
            if stopping():
                _queue_again(trial, plan)
                raise Interrupted(f"interrupted after epoch {epoch.epoch}, queued again")
            if len(plan.tune.objectives) == 1 and trial.should_prune():
                raise optuna.TrialPruned(f"pruned after epoch {epoch.epoch}")

        history = loop.fit(model, splits["train"], splits["validation"], params, on_epoch, restored)
        best = loop.best_epoch(history)
        accuracy = best.validation["accuracy"]
        log_metrics({"best_epoch": best.epoch, "best": {"accuracy": accuracy}})
        leader = trials.best_trial(trial.study)
        if leader is None or accuracy >= leader.values[0]:
            with tempfile.TemporaryDirectory() as out:  # the study's run takes the winner's from here
                saving.save(model, Path(out) / paths.CHECKPOINT)
                log_files([Path(out) / paths.CHECKPOINT.parent])
        figures = trial.user_attrs | {"validation_accuracy": accuracy}
        return tuple(float(figures[name]) for name in plan.tune.objectives)


def _record(trial: optuna.Trial, epoch: loop.Epoch, **others: float) -> None:
    log_epoch(epoch.row(), **others)
    if len(trial.study.directions) == 1:
        trial.report(epoch.validation["accuracy"], epoch.epoch)


def _queue_again(trial: optuna.Trial, plan: Plan) -> None:
    with storage.study_lock(plan.address, plan.tune.study):
        trials.queue_again(trial.study, trial.study.get_trials(deepcopy=False)[trial.number])


def _twin(trial: optuna.Trial) -> FrozenTrial | None:
    """An earlier trial with the same parameters and threads: its training would come out the same to the last bit."""
    ended = trial.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    same = [t for t in ended if t.params == trial.params and t.user_attrs.get("threads") == trial.user_attrs["threads"]]
    return same[0] if same else None


def _values_of(twin: FrozenTrial, trial: optuna.Trial) -> tuple[float, ...]:
    for name in ("parameters", "cpu_seconds"):
        if name in twin.user_attrs:
            trial.set_user_attr(name, twin.user_attrs[name])
    if twin.state == TrialState.PRUNED:
        raise optuna.TrialPruned(f"as trial {twin.number}, which had the same parameters")
    log_metrics({"best": {"accuracy": twin.values[0]}})
    return tuple(twin.values)
