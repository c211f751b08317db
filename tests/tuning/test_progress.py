import io
import sys

import optuna
import pytest
from helpers.studies import add
from optuna.trial import TrialState

from pipeline.tuning import trials
from pipeline.tuning.progress import Progress, describe, status
from pipeline.tuning.study import silence_optuna


@pytest.fixture
def this() -> optuna.Study:
    silence_optuna()
    this = optuna.create_study(direction="maximize")
    add(this, value=0.5)
    add(this, TrialState.PRUNED)
    add(this, TrialState.FAIL, error="training diverged\nmore")
    add(this, value=0.9, end=3)
    return this


def test_each_way_to_end_has_its_words(this):
    shown = [describe(this, trial, 6) for trial in this.trials]
    assert [line.split("→")[1].strip() for line in shown] == [
        "0.5000",
        "pruned after epoch ? of 6",
        "failed: training diverged",
        "0.9000 *",
    ]
    assert status(this, trials.effective_trials(this)) == "best 0.9000 (trial 3), 2 complete, 1 pruned, 1 failed"


def test_an_interrupted_trial_is_said_to_be_queued_again(this):
    add(this, TrialState.RUNNING)
    trials.queue_again(this, this.trials[4])
    this.tell(4, state=TrialState.FAIL)
    assert describe(this, this.trials[4], 6).endswith("interrupted, queued again")


def test_without_a_terminal_each_trial_is_a_line_of_its_own_once(this, params, capsys):
    progress = Progress(this, params.tune)
    progress.update()
    add(this, value=0.7, end=5)
    progress.update()
    progress.update()
    progress.close()
    assert capsys.readouterr().out.count("\n") == 1


def test_on_a_terminal_the_last_line_is_kept_up_to_date(this, params, monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stdout", terminal)
    progress = Progress(this, params.tune.model_copy(update={"trials": 10}))
    add(this, value=0.95, end=5)
    progress.update()
    progress.close()
    last = terminal.getvalue().split("\r")[-1]
    assert "5/10" in last and "best 0.9500 (trial 4), 3 complete, 1 pruned, 1 failed, about 00:00 left" in last
