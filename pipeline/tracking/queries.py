"""Finds in MLflow's store: runs and their parameters, the models that they logged, registered versions."""

import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
from mlflow.entities import LoggedModel, Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from pipeline.config.schema import Train, leaves
from pipeline.core import files, results
from pipeline.core.errors import UserError
from pipeline.core.untrusted import matches
from pipeline.tracking import store

LISTED = 10  # runs that fit a name; more are counted
NOT_THERE = {"RESOURCE_DOES_NOT_EXIST", "PERMISSION_DENIED"}  # basic-auth says the latter of a run that is not there
PAGE = 20  # runs that are asked for at one time


def search(condition: str) -> list[Run]:
    """The runs in all experiments that fit an MLflow filter, the newest first."""
    return mlflow.search_runs(filter_string=condition, search_all_experiments=True, output_format="list")


def get_run(run_id: str | None) -> Run | None:
    """The run of this id. None where the store has none, it was deleted, or this is no id.

    Raises UserError for any other error of the store: a server that does not answer may have the run.
    """
    with store.errors():
        try:
            found = mlflow.get_run(str(run_id)) if matches(run_id, "run id") else None
        except MlflowException as error:
            if error.error_code not in NOT_THERE:
                raise
            return None
    return found if found and found.info.lifecycle_stage == "active" else None


def resolve_run(asked: str) -> Run:
    """The run of this id, else the only one whose id begins so, else the only one of this name.

    The name of a DVC experiment is a name too. Raises UserError where there is no or more than one.
    """
    store.open_store()
    if exact := get_run(asked):
        return exact
    is_beginning = re.fullmatch(r"[0-9a-f]{4,31}", asked)
    found, how = (search(f"attributes.run_id LIKE '{asked}%'") if is_beginning else []), "begin so"
    if not found:
        found, how = named(asked), "are called so"
    if not found:
        hint = "; of an id at least four digits are needed" if len(asked) < 4 else ""
        raise UserError(f"run {asked} is not in the MLflow store{hint}")
    if len(found) > 1:
        listed = ", ".join(run.info.run_id for run in found[:LISTED])
        more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
        raise UserError(f"run {asked}: {len(found)} runs {how}: {listed}{more}, the newest first")
    return found[0]


def named(name: str) -> list[Run]:
    """The runs of this name, or of the DVC experiment of this name, the newest first.

    A name may be anything: only what MLflow's filter reads as it stands is looked up there, all else is compared here.
    """
    is_plain = re.fullmatch(r"[A-Za-z0-9 .:=,+/_-]+", name)
    conditions = [f"{key} = '{name}'" for key in ("attributes.run_name", "tags.`dvc.exp_name`")] if is_plain else [""]
    found = {run.info.run_id: run for condition in conditions for run in search(condition)}
    return [run for run in found.values() if name in (run.info.run_name, run.data.tags.get("dvc.exp_name"))]


def without_model(run: Run) -> UserError:
    """What to say of a run that logged no model."""
    run_id = run.info.run_id
    if "optuna.trial" in run.data.tags:
        again = f"`python -m pipeline adopt {run_id} --all && dvc repro` trains it once more"
        return UserError(f"run {run_id} is a trial of a sweep, whose model is not kept; {again}")
    return UserError(f"run {run_id} trained no model")


def trained_params(run_id: str) -> dict[str, Any]:
    """The parameters of a run, by leaf name.

    Raises UserError where the store has no such run, or it trained nothing.
    """
    found = train_params(resolve_run(run_id))
    if not found:
        raise UserError(f"run {run_id} trained nothing; a study is adopted with --study NAME")
    return found


def train_params(run: Run) -> dict[str, str]:
    """The parameters of a run's training, by leaf name; none where it trained nothing."""
    found, logged = {}, run.data.params
    for name, leaf in leaves.leaves(Train).items():
        for key in (f"train.{name}", f"train.{'.'.join(leaf.path)}"):  # the first of runs before train.model had parts
            if key in logged:
                found[name] = logged[key]
    return found


def validation_accuracy(run_id: str) -> float | None:
    """The validation accuracy of a run's best epoch, or None where it came to none. Raises UserError for no run."""
    return results.logged(resolve_run(run_id).data.metrics).get(results.VALIDATION_ACCURACY)


def find_tagged(key: str, value: str) -> tuple[str, str] | None:
    """(id, status) of the newest run that carries this tag, or None."""
    if "'" in value:  # no value of ours; MLflow could not read the filter
        return None
    found = search(f"tags.`{key}` = '{value}'")
    return (found[0].info.run_id, found[0].info.status) if found else None


def trained() -> Iterator[Run]:
    """All runs that logged a model, the newest first, asked for as they are wanted: a server may have thousands."""
    client, token = mlflow.MlflowClient(), None
    experiments = [experiment.experiment_id for experiment in mlflow.search_experiments()]
    while page := client.search_runs(experiments, "tags.`model.sha256` LIKE '%'", max_results=PAGE, page_token=token):
        yield from page
        if not (token := page.token):
            return


def tag(run_id: str, key: str) -> str | None:
    """A tag of a run, or None."""
    return mlflow.get_run(run_id).data.tags.get(key)


def logged_models() -> dict[str | None, list[LoggedModel]]:
    """Run id → the models that it logged."""
    found: dict[str | None, list[LoggedModel]] = {}
    experiments = [experiment.experiment_id for experiment in mlflow.search_experiments()]
    for model in mlflow.search_logged_models(experiments, output_format="list"):
        found.setdefault(model.source_run_id, []).append(model)
    return found


def models_of(run: Run) -> list[LoggedModel]:
    """The models that a run logged: one, but where a try was killed."""
    condition = f"source_run_id = '{run.info.run_id}'"
    return mlflow.search_logged_models([run.info.experiment_id], condition, output_format="list")


def model_versions() -> dict[str | None, list[ModelVersion]]:
    """Run id → the registered versions of its models."""
    found: dict[str | None, list[ModelVersion]] = {}
    for version in mlflow.search_model_versions():
        found.setdefault(version.run_id, []).append(version)
    return found


def model_sha256(model: LoggedModel) -> str | None:
    """The sha256 of a logged model's .keras file, downloaded if a server has it. None where there is no such file."""
    name = "data/model.keras"
    with tempfile.TemporaryDirectory() as copy, contextlib.suppress(Exception):  # each kind of server has its own
        if folder := store.local_path(model.artifact_location):
            return files.sha256(folder / name)
        path = mlflow.artifacts.download_artifacts(f"{model.artifact_location}/{name}", dst_path=copy)
        return files.sha256(Path(path))
    return None
