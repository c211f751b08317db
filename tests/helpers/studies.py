"""Studies in memory."""

from datetime import datetime, timedelta

import optuna
from optuna.trial import TrialState


def add(study, state=TrialState.COMPLETE, value=None, start=0, end=None, **attrs):
    """A trial that ran from `start` to `end`, in seconds."""
    began = datetime(2026, 1, 1)
    trial = optuna.create_trial(state=TrialState.RUNNING, user_attrs=attrs)
    trial.datetime_start = began + timedelta(seconds=start)
    if state.is_finished():
        trial.state, trial.datetime_complete = state, began + timedelta(seconds=start if end is None else end)
        trial.values = None if value is None else [value]
    study.add_trial(trial)
