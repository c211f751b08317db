"""Sweeps with the real programs: started, opened, and held against what is promised of any of them."""

import optuna
from optuna.trial import TrialState

from helpers.project import Project
from pipeline.tuning import storage, trials
from pipeline.tuning.mlflow_runs import STATUS
from pipeline.tuning.study import load_existing_study, silence_optuna


def tune(*arguments: str) -> tuple[str, ...]:
    return ("python", "-m", "pipeline", "tune", *arguments)


def opened(project: Project, name: str = "first") -> optuna.Study:
    silence_optuna()
    return load_existing_study(storage.open_storage(str(project.folder / "sweeps" / "optuna.journal")), name)


def parents(project: Project) -> list:
    return [run for run in project.runs() if run.info.run_name.startswith("study ")]


def children(project: Project, parent) -> dict[int, object]:
    """Trial number → run."""
    found = [run for run in project.runs() if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    numbers = [int(run.data.tags["optuna.trial"]) for run in found]
    assert len(set(numbers)) == len(numbers), "one run for each trial"
    return dict(zip(numbers, found, strict=True))


def check(project: Project, total: int, name: str = "first") -> optuna.Study:
    """The promises that hold for any study that came to its end."""
    study = opened(project, name)
    assert len(trials.effective_trials(study)) == total
    (parent,) = [run for run in parents(project) if run.info.run_name == f"study {name}"]
    assert parent.info.status == "FINISHED"
    of_trials = children(project, parent)
    begun = [trial for trial in study.trials if trial.state != TrialState.WAITING]
    assert {number: run.info.status for number, run in of_trials.items()} == {
        trial.number: STATUS[trial.state] for trial in begun if "mlflow_run_id" in trial.user_attrs
    }
    assert not [trial for trial in study.trials if not trial.state.is_finished()]
    assert not [run for run in project.runs() if run.info.status == "RUNNING"]
    best = trials.best_trial(study)
    assert {name: parent.data.params[f"best_{name}"] for name in best.params} == {
        name: str(value) for name, value in best.params.items()
    }
    (model,) = project.client().search_logged_models(["0"], f"source_run_id = '{parent.info.run_id}'")
    assert model.tags["model.sha256"] == parent.data.tags["model.sha256"]
    assert not list((project.folder / ".state" / "training").glob("*/*.npz"))
    return study
