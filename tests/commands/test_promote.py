"""The command promote: what it asks for, and what it prints. What it does is tested with the gate."""

import json

import click
import pytest

from pipeline.commands import promote
from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.tracking import registry


@pytest.fixture
def run_promote(store, tmp_path, monkeypatch, source):
    monkeypatch.chdir(tmp_path)
    files.write_text(paths.PARAMS, json.dumps(source[1]))
    return lambda *arguments: promote.main.main(list(arguments), standalone_mode=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name a RUN, or give --back or --history"),
        (("0123", "--back", "--reason", "x"), "name a RUN, or give --back or --history"),
        (("0123", "--history"), "name a RUN, or give --back or --history"),
        (("0123",), "say why"),
        (("0123", "--reason", " "), "say why"),
    ],
)
def test_what_is_asked_for_is_said(run_promote, arguments, message):
    with pytest.raises(click.UsageError, match=message):
        run_promote(*arguments)


def test_what_cannot_be_promoted_is_one_line(run_promote, store):
    with pytest.raises(UserError, match="run 0123 is not in the MLflow store"):
        run_promote("0123", "--reason", "x")
    with pytest.raises(UserError, match="quadrants has had no champion before this one"):
        run_promote("--back", "--reason", "x")
    run = store.create_run("0").info.run_id
    store.log_param(run, "dataset.name", "quadrants")
    with pytest.raises(UserError, match="trained no model"):
        run_promote(run, "--reason", "x")
    trial = store.create_run("0", tags={"optuna.trial": "3"}).info.run_id
    with pytest.raises(UserError, match=f"run {trial} is a trial of a sweep, whose model is not kept; `python -m pipe"):
        run_promote(trial, "--reason", "x")
    assert store.search_registered_models() == []


def test_the_record_is_printed_with_what_was_overridden(run_promote, store, tmp_path, capsys):
    run_promote("--history")
    assert "quadrants has had no champion; `dvc repro` makes one" in capsys.readouterr().out
    store.create_registered_model("quadrants")
    version = store.create_model_version("quadrants", str(tmp_path), "f" * 32)
    registry.make_champion("quadrants", version, "brighter pictures\x1b[2J", ["accuracy: 0.5, allowed at least 0.9"])
    run_promote("--history")
    shown = capsys.readouterr().out
    assert "version 1  run ffffffff  " in shown and ": brighter pictures\\x1b[2J\n" in shown
    assert shown.endswith("    overridden: accuracy: 0.5, allowed at least 0.9\n")
