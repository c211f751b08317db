"""How a study comes on, on the terminal: a line for each trial that ends, and below them one kept up to date."""

import sys
import time
from datetime import datetime

import optuna
from optuna.trial import FrozenTrial, TrialState
from tqdm import tqdm

from pipeline.config.schema import Tune
from pipeline.tuning import trials

FORMAT = "{n_fmt}/{total_fmt} {bar:20} {desc}"
MARKS = {TrialState.COMPLETE: " ", TrialState.PRUNED: "-", TrialState.FAIL: "!"}


class Progress:
    """Shows what has changed since the last `update`. Where stdout is no terminal, only the line for each trial."""

    def __init__(self, study: optuna.Study, tune: Tune) -> None:
        self.study, self.tune = study, tune
        self.seen = {trial.number for trial in study.get_trials(deepcopy=False, states=trials.FINISHED)}
        self.started, self.before = time.monotonic(), len(self.seen)
        self.bar = tqdm(total=tune.trials, bar_format=FORMAT, disable=not sys.stdout.isatty(), file=sys.stdout)

    def update(self) -> None:
        """Prints a line for each trial that has ended since, and brings the last line up to date."""
        finished = self.study.get_trials(deepcopy=False, states=trials.FINISHED)
        for trial in sorted(finished, key=lambda trial: trial.datetime_complete or datetime.max):
            if trial.number not in self.seen:
                self.seen.add(trial.number)
                self.note(describe(self.study, trial, self.tune.epochs))
        counted = [trial for trial in trials.effective_trials(self.study) if trial.state.is_finished()]
        self.bar.n = len(counted)
        self.bar.set_description_str(status(self.study, counted) + self._time_left(len(counted)))

    def note(self, text: str) -> None:
        """Prints a line above the one that is kept up to date."""
        if self.bar.disable:
            print(text, flush=True)
        else:
            self.bar.write(text)

    def close(self) -> None:
        """Leaves the last line as it is."""
        self.bar.close()

    def _time_left(self, finished: int) -> str:
        done = len(self.seen) - self.before
        if not done or finished >= self.tune.trials:
            return ""
        seconds = (time.monotonic() - self.started) / done * (self.tune.trials - finished)
        return f", about {tqdm.format_interval(seconds)} left"


def describe(study: optuna.Study, trial: FrozenTrial, epochs: int) -> str:
    """The line for a trial that has ended."""
    params = "  ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in trial.params.items()
    )
    if trial.number in trials.retried(study):
        outcome = "interrupted, queued again"
    elif trial.state == TrialState.FAIL:
        outcome = f"failed: {trial.user_attrs.get('error', 'unknown reason').splitlines()[0]}"
    elif trial.state == TrialState.PRUNED:
        outcome = f"pruned after epoch {trial.last_step or '?'} of {epochs}"
    else:
        best = trials.best_trial(study)
        leads = best is not None and best.number == trial.number
        outcome = "  ".join([f"{trial.values[0]:.4f}", *map("{:,.0f}".format, trial.values[1:])]) + (
            " *" if leads else ""
        )
    return f"trial {trial.number:>3}  {params}  →  {outcome}"


def status(study: optuna.Study, counted: list[FrozenTrial]) -> str:
    """Best so far, and how many trials ended in which way."""
    best = trials.best_trial(study)
    numbers = {state: sum(trial.state == state for trial in counted) for state in trials.FINISHED}
    return (
        (f"best {best.values[0]:.4f} (trial {best.number}), " if best else "")
        + f"{numbers[TrialState.COMPLETE]} complete, {numbers[TrialState.PRUNED]} pruned, "
        + f"{numbers[TrialState.FAIL]} failed"
    )
