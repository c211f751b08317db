"""A study in MLflow: one run for the study, with what came of it, above one run for each trial."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import optuna
import pandas as pd
from optuna.trial import TrialState

from pipeline.config.schema import Tune, leaves
from pipeline.core import files, paths, results, untrusted
from pipeline.core.cli import say
from pipeline.data.arrays import Split
from pipeline.provenance import lineage
from pipeline.tracking import artifacts, queries, related, runs
from pipeline.tracking.logging import log_files, log_metrics, log_model, log_start
from pipeline.tuning import plots, study_page, trials
from pipeline.tuning.progress import EPOCH
from pipeline.tuning.study import Plan

STATUS = {
    TrialState.COMPLETE: "FINISHED",
    TrialState.PRUNED: "KILLED",
    TrialState.FAIL: "FAILED",
    TrialState.RUNNING: "RUNNING",
}


@contextlib.contextmanager
def study_run(study: optuna.Study, tune: Tune, tags: dict[str, str]) -> Iterator[str]:
    """Opens the study's run for the block and yields its id; a new one gets `tags`. Enter with the study lock held.

    MLflow never changes a parameter, and `best_` parameters may: a study that goes on after they were logged gets a
    new run, which takes over the trials of the old one.
    """
    old = find_run(study)
    old_id = old.info.run_id if old else None
    goes_on = old_id is not None and not is_reported(old)
    with runs.run(old_id if goes_on else None, run_name=f"study {study.study_name}") as run_id:
        if not goes_on:
            lineage.log_uncommitted()
            space = {name: str(dimension) for name, dimension in tune.space.items()}
            log_start({"space": space}, tags | {"optuna.study": study.study_name})
            study.set_user_attr("former_mlflow_run_id", old_id)
            study.set_user_attr("mlflow_run_id", run_id)
        former = find_run(study, "former_mlflow_run_id")
        if former is not None:  # now, or at the next call if this one is killed here
            for child in related.children(former.info.run_id):
                runs.move(child.info.run_id, run_id)
            runs.delete(former.info.run_id)
        note_reused_study(study)
        yield run_id


def find_run(study: optuna.Study, attribute: str = "mlflow_run_id") -> queries.Run | None:
    """The run of the study, or another one that an attribute of the study names. None where MLflow has none.

    MLflow says whose a run is: whoever may write to the study's storage could name any, for us to fill or to delete.
    """
    run_id = study.user_attrs.get(attribute)
    run = run_id and queries.get_run(untrusted.checked(run_id, "run id", f"study {study.study_name}: {attribute}"))
    is_ours = run and run.data.tags.get("optuna.study") == study.study_name and "optuna.trial" not in run.data.tags
    return run if is_ours else None


def note_reused_study(study: optuna.Study) -> None:
    """Says in the run that `mlflow run` has opened, if it is not the study's own, which one that is."""
    opened, own = os.environ.get("MLFLOW_RUN_ID"), study.user_attrs["mlflow_run_id"]
    if opened and opened != own:
        runs.note(opened, f"This call went on with study {study.study_name}, which is run {own}.")


def is_reported(run: queries.Run | None) -> bool:
    """Whether `report` has filled this run."""
    return run is not None and any(name.startswith("best_") for name in run.data.params)


def finish(study: optuna.Study, plan: Plan, splits: dict[str, Split]) -> None:
    """Brings all runs of the study to their end. Hold the study lock, with no trial running."""
    sync_trial_runs(study, plan.parent)
    if not is_reported(queries.get_run(plan.parent)):
        with runs.run(plan.parent):
            report(study, plan, splits)


def sync_trial_runs(study: optuna.Study, parent: str) -> None:
    """Ends the runs of trials that have ended in Optuna, but whose worker was stopped before. Hold the study lock."""
    ended = {str(trial.number): trial for trial in study.get_trials(deepcopy=False)}
    again = set(map(str, trials.retried(study)))
    for child in related.children(parent):
        number = child.data.tags.get("optuna.trial", "")
        if number not in ended:  # somebody else's run
            continue
        status = STATUS[ended[number].state]
        if child.info.status != status:
            runs.end(child.info.run_id, status, "its worker stopped; queued again" if number in again else None)


def report(study: optuna.Study, plan: Plan, splits: dict[str, Split]) -> None:
    """Fills the study's run, the active one, with what came of it."""
    best = trials.best_trial(study)
    if best is None:
        return
    counted = trials.effective_trials(study)
    log_metrics({"trials": trials.count_outcomes(counted), results.VALIDATION_ACCURACY: best.values[0]})
    best_run = str(trials.attribute(best, "mlflow_run_id"))
    log_start({}, {"best_trial": str(best.number), "best_run": best_run})
    cost = ([name for name in plan.tune.objectives if name in plots.COSTS] or ["cpu_seconds"])[0]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "figures").mkdir()
        images = len(splits["validation"].labels)
        study_page.write(study, cost, leaves.values(plan.train), images, folder / "figures")
        log_files([folder / "figures"])
        write_tables(study, cost, folder)
        log_files([folder / "trials.csv", folder / "front.csv"], "tables")
        model = artifacts.download(best_run, paths.CHECKPOINT, folder)
        if model is None:
            say(f"note: the model of trial {best.number} is no longer in the MLflow store; it is not logged again")
        else:
            data = plan.dataset_config
            log_model(model, data.image_shape, data.classes, splits["train"].images)
    log_start({f"best_{name}": value for name, value in best.params.items()}, {})  # last: says all is there


def write_tables(study: optuna.Study, cost: str, folder: Path) -> None:
    """Writes trials.csv, a row for each trial, and front.csv: the trials no other beats in accuracy and `cost`."""
    table = study.trials_dataframe(("number", "state", "value", "params", "user_attrs", "duration"))
    hidden = [f"user_attrs_{name}" for name in ("worker", "training", "seconds", "mlflow_run_id", EPOCH)]
    files.write_text(folder / "trials.csv", table.drop(columns=hidden, errors="ignore").to_csv(index=False))
    front = plots.front(study, cost)
    best = sorted(front.best_trials, key=lambda trial: trial.values[1])
    rows = [{"trial": t.number, "accuracy": t.values[0], cost: t.values[1]} | t.params for t in best]
    files.write_text(folder / "front.csv", pd.DataFrame(rows).to_csv(index=False))
