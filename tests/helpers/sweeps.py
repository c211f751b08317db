"""Sweeps with the real programs: started, opened, and held against what is promised of any of them."""

import contextlib
import subprocess

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
    check_study(project, study, total)
    return study


def check_study(project: Project, study: optuna.Study, total: int) -> None:
    """The same for a study wherever it is kept."""
    name = study.study_name
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


def still_at_work(process: subprocess.Popen) -> None:
    """Lets a program go on for a moment; it has not ended before that."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=0.05)
        raise AssertionError(process.communicate()[0])


def epochs_trained(project: Project) -> dict[str, list[int]]:
    """For each set of parameters the epochs that were trained, not restored: those have a cost."""
    found: dict[str, list[int]] = {}
    (parent,) = parents(project)
    for run in children(project, parent).values():
        points = project.client().get_metric_history(run.info.run_id, "cpu_seconds")
        found.setdefault(str(sorted(run.data.params.items())), []).extend(point.step for point in points)
    return found
