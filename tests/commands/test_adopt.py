import json
import re
from typing import Any

import click
import optuna
import pytest
from helpers.data import SHIPPED

from pipeline.commands import adopt
from pipeline.config import datasets, recipes
from pipeline.config.load import parse
from pipeline.config.schema import Train, leaves
from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.tracking import queries
from pipeline.tuning.storage import default_address, open_storage
from pipeline.tuning.study import open_study, silence_optuna, study_config

TEXT = SHIPPED.read_text()
BEFORE = leaves.values(parse(TEXT, "").train)


def test_a_run_that_is_not_there_or_trained_nothing_is_one_line(store):
    with pytest.raises(UserError, match="run 0123 is not in the MLflow store"):
        queries.trained_params("0123")
    with pytest.raises(UserError, match="trained nothing; a study is adopted with --study NAME"):
        queries.trained_params(store.create_run("0").info.run_id)


def logged(store, **values) -> str:
    """A run that trained with these parameters, by leaf name, to a validation accuracy of 0.9138."""
    run = store.create_run("0").info.run_id
    for name, value in values.items():
        store.log_param(run, ".".join(("train", *leaves.leaves(Train)[name].path)), value)
    store.log_metric(run, "best/accuracy", 0.9138)
    return run


def run_adopt(*arguments: str) -> None:
    adopt.main.main(list(arguments), standalone_mode=False)


def train_of_params() -> dict[str, Any]:
    return leaves.values(parse(paths.PARAMS.read_text(), "").train)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with the shipped params.yaml, in which the process stands."""
    monkeypatch.chdir(tmp_path)
    paths.PARAMS.write_text(TEXT)


def test_a_run_is_adopted_but_for_epochs_threads_and_what_is_kept(store, here, capsys):
    run = logged(store, model="cnn", filters=64, dropout=0.5, batch_size=64, epochs=3, threads=1)
    run_adopt(run, "--keep", "dropout")
    assert train_of_params() == BEFORE | {"filters": 64, "batch_size": 64}
    shown = capsys.readouterr().out
    assert "-    filters: 32\n+    filters: 64" in shown and "-  batch_size: 128\n+  batch_size: 64" in shown
    assert "epochs: 3" not in shown and "\n    dropout" not in shown
    run_adopt(run, "--keep", "dropout")
    assert "has these parameters already" in capsys.readouterr().out
    run_adopt(run, "--all", "--keep", "threads")
    assert train_of_params() == BEFORE | {"filters": 64, "dropout": 0.5, "batch_size": 64, "epochs": 3}


def test_a_run_of_an_earlier_version_is_adopted(store, here):
    run = store.create_run("0").info.run_id
    for name, value in {"train.model": "cnn", "train.filters": 64, "train.epochs": 3, "other": 1}.items():
        store.log_param(run, name, value)
    run_adopt(run)
    assert train_of_params() == BEFORE | {"filters": 64}


@pytest.mark.parametrize(
    ("epochs", "verdict"),
    [(10, ": on the same footing"), (2, ": not on the same footing, only `dvc repro` tells which is better")],
)
def test_what_is_in_place_is_shown_beside_what_is_adopted(store, here, capsys, epochs, verdict):
    run = logged(store, filters=64, epochs=epochs)
    run_adopt(run)
    assert "the baseline" not in capsys.readouterr().out
    files.write_text(paths.TRAIN_METRICS, json.dumps({"best_epoch": 8, "validation": {"accuracy": 0.9274}}))
    paths.LOCK.write_text("stages: {train: {params: {params.yaml: {train: {epochs: 10}}}}}")
    run_adopt(run)
    assert capsys.readouterr().out.startswith(
        f"run {run}: validation accuracy 0.9138, trained for {epochs} epochs\n"
        f"the baseline: validation accuracy 0.9274, trained for 10 epochs{verdict}\n"
    )


def test_a_recipe_and_another_model_are_adopted_and_what_the_sweep_cannot_search_any_more_goes(here, capsys):
    run_adopt("--recipe", "mlp", "--keep", "epochs")
    train = train_of_params()
    assert train == {k: v for k, v in BEFORE.items() if k != "filters"} | recipes.read("mlp") | {
        "epochs": BEFORE["epochs"]
    }
    assert "filters" not in parse(paths.PARAMS.read_text(), "").tune.space
    assert (
        "-    filters: 32" in capsys.readouterr().out and "name: mlp                     #" in paths.PARAMS.read_text()
    )
    run_adopt("--recipe", "article")
    assert train_of_params() == BEFORE
    with pytest.raises(UserError, match="there is no recipe articel; did you mean article"):
        run_adopt("--recipe", "articel")


@pytest.mark.parametrize(("keep", "said"), [((), True), (("--keep", "batch_size"), False)])
def test_a_batch_that_is_large_for_so_few_images_is_said(here, capsys, keep, said):
    run_adopt("--dataset", "digits")
    run_adopt("--recipe", "accurate", *keep)
    note = "note: 6 steps an epoch of 1,288 images are few; --keep batch_size leaves 32 at once"
    assert (note in capsys.readouterr().out) == said


def test_a_value_that_would_not_train_leaves_the_file(store, here):
    with pytest.raises(UserError, match="batch_size"):
        run_adopt(logged(store, batch_size=10_000_000))
    assert paths.PARAMS.read_text() == TEXT


def test_line_ends_links_and_rights_stay(store, here, tmp_path):
    real = tmp_path / "real.yaml"
    real.write_bytes(TEXT.replace("\n", "\r\n").encode())
    real.chmod(0o600)
    paths.PARAMS.unlink()
    paths.PARAMS.symlink_to(real)
    run_adopt(logged(store, filters=64))
    assert paths.PARAMS.is_symlink() and real.stat().st_mode & 0o777 == 0o600
    assert real.read_bytes().decode() == TEXT.replace("filters: 32", "filters: 64", 1).replace("\n", "\r\n")


@pytest.fixture
def study(store, here, params, monkeypatch) -> optuna.Study:
    """A study in the journal of this folder with one trial, which its run in the store confirms."""
    monkeypatch.delenv("OPTUNA_STORAGE", raising=False)
    silence_optuna()
    train = params.train.model_copy(update={"epochs": 2, "threads": 1})
    study = open_study(open_storage(default_address()), params.tune, study_config(train, params.tune, {}, {}))
    chosen = {"filters": 48, "dropout": 0.30000000000000004, "batch_size": 64}
    run = logged(store, **leaves.values(train) | chosen)
    study.add_trial(finished(chosen, mlflow_run_id=run, epochs=2, threads=1))
    return study


def finished(chosen: dict[str, Any], value: float = 0.9138, **attributes) -> optuna.trial.FrozenTrial:
    """A complete trial with these parameters."""
    distributions = {name: optuna.distributions.CategoricalDistribution([value]) for name, value in chosen.items()}
    return optuna.create_trial(params=chosen, distributions=distributions, value=value, user_attrs=attributes)


def test_the_winner_of_a_study_is_adopted(study, capsys):
    run_adopt("--study", "first")
    assert "trial 0 of study first: validation accuracy 0.9138, trained for 2 epochs" in capsys.readouterr().out
    assert train_of_params()["filters"] == 48 and train_of_params()["dropout"] == 0.30000000000000004
    assert train_of_params()["epochs"] == BEFORE["epochs"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": 0.9999}, "validation accuracy is 0.9999 in the study's storage and 0.9138 in run "),
        ({"filters": 64}, "filters is 64 in the study's storage and 48 in run "),
        ({"epochs": 9}, "epochs is 9 in the study's storage and 2 in run "),
        ({"mlflow_run_id": "f" * 32}, f"run {'f' * 32} is not in the MLflow store"),
        ({"mlflow_run_id": "' or 1"}, 'trial 1: mlflow_run_id: "\' or 1" is no run id'),
        ({"mlflow_run_id": None}, "trial 1 of study first has no run in MLflow that confirms it"),
    ],
)
def test_what_the_storage_of_a_study_says_is_believed_only_if_its_run_says_the_same(study, change, message):
    winner = study.trials[0]
    attributes = winner.user_attrs | {name: change[name] for name in winner.user_attrs.keys() & change.keys()}
    chosen = winner.params | {name: change[name] for name in winner.params.keys() & change.keys()}
    study.add_trial(finished(chosen, change.get("value", 0.9138), **attributes))
    with pytest.raises(UserError, match=re.escape(message)):
        run_adopt("--study", "first", "--trial", "1")
    assert paths.PARAMS.read_text() == TEXT


def test_a_data_set_is_adopted_and_the_shipped_one_again(here, capsys):
    for name in datasets.names():
        run_adopt("--dataset", name)
        params = parse(paths.PARAMS.read_text(), "")
        assert params.dataset.name == name and leaves.values(params.train).items() >= {"epochs": 10}.items()
        capsys.readouterr()
        run_adopt("--dataset", name)
        assert capsys.readouterr().out == "params.yaml says all this already\n"
    run_adopt("--dataset", "fashion-mnist")
    assert parse(paths.PARAMS.read_text(), "") == parse(TEXT, "")
    assert {line for line in TEXT.splitlines() if "  # " in line} <= set(paths.PARAMS.read_text().splitlines())
    with pytest.raises(UserError, match="there is no data set digit; did you mean digits"):
        run_adopt("--dataset", "digit")
    with pytest.raises(click.UsageError, match="name a RUN, or one of"):
        run_adopt("--dataset", "digits", "--recipe", "fast")
