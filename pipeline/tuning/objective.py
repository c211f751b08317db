"""What Optuna optimises: one trial is one training, in a run nested under the study's, judged on validation data."""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import optuna
from optuna.trial import FrozenTrial, TrialState

from pipeline.config.schema import Train
from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data.arrays import Split
from pipeline.models import architectures, saving
from pipeline.tracking import runs
from pipeline.tracking.logging import log_epoch, log_files, log_metrics, log_start
from pipeline.training import checkpoint, loop
from pipeline.training.fingerprint import fingerprint
from pipeline.tuning import storage, trials
from pipeline.tuning.faults import TrainingFailed
from pipeline.tuning.study import Interrupted, Plan

if TYPE_CHECKING:
    import keras


def objective(
    trial: optuna.Trial, plan: Plan, splits: dict[str, Split], stopping: Callable[[], bool]
) -> tuple[float, ...]:
    """Trains with the trial's parameters; returns the values of `plan.tune.objectives`.

    Goes on from the state of an interrupted trial with the same parameters. Raises TrialPruned where Optuna gives the
    trial up, Interrupted after the epoch in which `stopping()` became true, TrainingFailed where training fails.
    """
    params = trials.suggest(trial, plan.train, plan.tune.space)
    with _trial_run(trial, plan, params) as folder:
        if earlier := _find_repeated(trial):
            return _repeat(earlier, trial)
        model = architectures.build(plan.dataset_config.image_shape, len(plan.dataset_config.classes), params)
        trial.set_user_attr("parameters", model.count_params())
        restored = checkpoint.restore(folder, model)
        recorder = Recorder(trial, plan, model, folder, restored, stopping)
        try:
            history = loop.fit(model, splits["train"], splits["validation"], params, recorder.on_epoch, restored)
        except UserError as error:
            raise TrainingFailed(str(error)) from None
        best = loop.best_epoch(history)
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
            run_name=f"{plan.tune.study} {trial.number}",
            tags={"optuna.study": plan.tune.study, "optuna.trial": str(trial.number)},
            killed_by=(KeyboardInterrupt, optuna.TrialPruned),
        ) as run_id,
    ):
        trial.set_user_attr("mlflow_run_id", run_id)
        trial.set_user_attr("training", folder.name)
        trial.set_user_attr("epochs", params.epochs)
        trial.set_user_attr("threads", params.threads)
        log_start({"train": params.model_dump()}, {})
        yield folder


def _find_repeated(trial: optuna.Trial) -> FrozenTrial | None:
    """An ended trial with the same parameters and threads: its training would come out the same to the last bit.

    Samplers propose good parameters again: with steps of 0.05 to 0.2 of dropout, 1 to 3 of 20 trials.
    """
    for other in trial.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)):
        if other.params == trial.params and other.user_attrs.get("threads") == trial.user_attrs["threads"]:
            return other
    return None


def _repeat(earlier: FrozenTrial, trial: optuna.Trial) -> tuple[float, ...]:
    """Ends a trial as an earlier one ended."""
    runs.note(trial.user_attrs["mlflow_run_id"], f"Same parameters as trial {earlier.number}: not trained again.")
    for name in {"parameters", "cpu_seconds"} & earlier.user_attrs.keys():
        trial.set_user_attr(name, earlier.user_attrs[name])
    if earlier.state == TrialState.PRUNED:
        raise optuna.TrialPruned
    log_metrics({"best": {"accuracy": earlier.values[0]}})
    return tuple(earlier.values)


class Recorder:
    """Reports and logs each epoch of a trial, keeps the state of its training, and ends it early where it should."""

    def __init__(
        self,
        trial: optuna.Trial,
        plan: Plan,
        model: "keras.Model",
        folder: Path,
        restored: loop.TrainingState,
        stopping: Callable[[], bool],
    ) -> None:
        self.trial, self.plan, self.model, self.folder, self.stopping = trial, plan, model, folder, stopping
        for epoch in restored.history:
            self._record(epoch)
        self.cpu_before = trial.user_attrs.get("cpu_seconds", 0.0) if restored.history else 0.0
        self.wall_started, self.cpu_started = time.monotonic(), time.process_time()

    def on_epoch(self, state: loop.TrainingState) -> None:
        """Takes note of the last epoch in `state`, of which the model has the weights.

        Raises TrialPruned or Interrupted, after the state is kept.
        """
        epoch = state.history[-1]
        cpu_seconds = round(self.cpu_before + time.process_time() - self.cpu_started, 3)
        self.trial.set_user_attr("cpu_seconds", cpu_seconds)
        self.trial.set_user_attr("seconds", round(time.monotonic() - self.wall_started, 3))
        self._record(epoch, cpu_seconds=cpu_seconds)
        checkpoint.save(self.folder, self.model, state)
        if epoch.epoch == self.plan.train.epochs:
            return  # neither given up nor interrupted when there is nothing left to save
        if self.stopping():
            with storage.study_lock(self.plan.address, self.plan.tune.study):
                trials.queue_again(self.trial.study, self.trial.study.get_trials(deepcopy=False)[self.trial.number])
            raise Interrupted(f"interrupted after epoch {epoch.epoch}, queued again")
        if len(self.plan.tune.objectives) == 1 and self.trial.should_prune():
            raise optuna.TrialPruned(f"pruned after epoch {epoch.epoch}")

    def _record(self, epoch: loop.Epoch, **others: float) -> None:
        log_epoch(epoch.row(), **others)
        if len(self.plan.tune.objectives) == 1:
            self.trial.report(epoch.validation["accuracy"], epoch.epoch)


def _log_result(study: optuna.Study, model: "keras.Model", best: loop.Epoch) -> None:
    """Logs the best epoch, and the model if no trial so far is better: the study's run takes the winner's from here."""
    log_metrics({"best_epoch": best.epoch, "best": {"accuracy": best.validation["accuracy"]}})
    leader = trials.best_trial(study)
    if leader is None or best.validation["accuracy"] >= leader.values[0]:
        with tempfile.TemporaryDirectory() as out:
            saving.save(model, Path(out) / paths.CHECKPOINT)
            log_files([Path(out) / paths.CHECKPOINT.parent])
