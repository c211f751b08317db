import io
import sys

import optuna
import pytest
from helpers.studies import add
from optuna.trial import TrialState

from pipeline.tuning import trials
from pipeline.tuning.progress import EPOCH, Progress, describe, status
from pipeline.tuning.study import silence_optuna


@pytest.fixture
def study() -> optuna.Study:
    silence_optuna()
    study = optuna.create_study(direction="maximize")
    add(study, value=0.5)
    add(study, TrialState.PRUNED)
    add(study, TrialState.FAIL, error="training diverged\nmore")
    add(study, value=0.9, end=3)
    return study


def test_each_way_to_end_has_its_words(study):
    shown = [describe(study, trial, 6) for trial in study.trials]
    assert [line.split("→")[1].strip() for line in shown] == [
        "0.5000",
        "pruned after epoch ? of 6",
        "failed: training diverged",
        "0.9000 *",
    ]
    assert status(study, trials.effective_trials(study)) == "best 0.9000 (trial 3), 2 complete, 1 pruned, 1 failed"


@pytest.mark.parametrize(("error", "shown"), [("", ""), (5, "5"), ("\x1b[2Jgone", "\\x1b[2Jgone")])
def test_a_reason_that_somebody_else_wrote_commands_no_terminal(study, error, shown):
    add(study, TrialState.FAIL, error=error)
    assert describe(study, study.trials[4], 6).endswith(f"failed: {shown}")


def test_an_interrupted_trial_is_said_to_be_queued_again(study):
    add(study, TrialState.RUNNING)
    trials.queue_again(study, study.trials[4])
    study.tell(4, state=TrialState.FAIL)
    assert describe(study, study.trials[4], 6).endswith("interrupted, queued again")


def test_the_values_of_all_objectives_are_shown():
    silence_optuna()
    study = optuna.create_study(directions=["maximize", "minimize"])
    study.add_trial(optuna.create_trial(values=[0.5, 12345.0]))
    assert describe(study, study.trials[0], 6).endswith("0.5000  12,345 *")


def test_without_a_terminal_each_trial_is_a_line_of_its_own_once_in_the_order_of_their_ends(study, params, capsys):
    progress = Progress(study, params.tune)
    progress.update()
    add(study, value=0.7, end=9)
    add(study, value=0.6, end=5)
    add(study, TrialState.RUNNING)
    progress.update()
    progress.update()
    progress.close()
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == ["5", "4"]


def test_without_a_terminal_each_epoch_is_a_line_whichever_worker_trains_it(study, params, capsys):
    tune = params.tune.model_copy(update={"epochs": 6})
    add(study, TrialState.RUNNING, last_epoch=[1, 0.25])  # was shown by an earlier call
    progress = Progress(study, tune)
    for planted in ({}, {"last_epoch": [2, 0.7654321]}, {"last_epoch": "\x1b[2J"}, {"last_epoch": [float("inf"), {}]}):
        add(study, TrialState.RUNNING, **planted)
    progress.update()
    study._storage.set_trial_user_attr(study.trials[4]._trial_id, EPOCH, [2, 0.5])
    progress.update()
    progress.update()
    progress.close()
    assert capsys.readouterr().out.splitlines() == [
        "trial   6  epoch 2/6  validation accuracy 0.7654",
        "trial   4  epoch 2/6  validation accuracy 0.5000",
    ]


def test_on_a_terminal_the_last_line_is_kept_up_to_date(study, params, monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stdout", terminal)
    progress = Progress(study, params.tune.model_copy(update={"trials": 10}))
    add(study, value=0.95, end=5)
    add(study, TrialState.RUNNING, last_epoch=[params.tune.epochs - 1, 0.5])
    progress.update()
    part = round(5 + (params.tune.epochs - 1) / params.tune.epochs, 1)
    assert f"{part}/10" in terminal.getvalue(), "an epoch moves the bar"
    assert "epoch" not in terminal.getvalue()
    study.tell(5, state=TrialState.FAIL)
    progress.update()
    progress.close()
    assert "trial   4" in terminal.getvalue()
    last = terminal.getvalue().split("\r")[-1]
    assert "6/10" in last and "best 0.9500 (trial 4), 3 complete, 1 pruned, 2 failed, 00:00<00:00" in last
