"""How a study comes on: a line for each trial that ends, and below them a bar that moves with each epoch.

Where stdout is no terminal, there is a line for each epoch in place of the bar.
"""

import contextlib
import sys
from datetime import datetime

import optuna
from optuna.trial import FrozenTrial, TrialState
from tqdm import tqdm

from pipeline.config.schema import Tune
from pipeline.core import cli
from pipeline.tuning import trials

FORMAT = "{n:g}/{total_fmt} {bar:20} {desc}, {elapsed}<{remaining}"
EPOCH = "last_epoch"  # attribute of a trial: [number of the last epoch, its validation accuracy]


class Progress:
    """Shows what has changed since the last `update`."""

    def __init__(self, study: optuna.Study, tune: Tune) -> None:
        self.study, self.tune = study, tune
        self.seen = {trial.number for trial in study.get_trials(deepcopy=False, states=trials.FINISHED)}
        self.epochs = {trial.number: epoch for trial, epoch, _ in under_way(study, tune.epochs)}
        before = len(trials.effective_trials(study, trials.FINISHED))
        hidden = not sys.stdout.isatty()
        self.bar = tqdm(total=tune.trials, initial=before, bar_format=FORMAT, disable=hidden, file=sys.stdout)

    def update(self) -> None:
        """Prints a line for each trial that has ended since, and brings what is said of the others up to date."""
        finished = self.study.get_trials(deepcopy=False, states=trials.FINISHED)
        for trial in sorted(finished, key=lambda trial: trial.datetime_complete or datetime.max):
            if trial.number not in self.seen:
                self.seen.add(trial.number)
                self.note(describe(self.study, trial, self.tune.epochs))
        counted = trials.effective_trials(self.study, trials.FINISHED)
        now = under_way(self.study, self.tune.epochs)
        if self.bar.disable:
            for trial, epoch, accuracy in now:
                if epoch != self.epochs.get(trial.number):
                    self.note(
                        f"trial {trial.number:>3}  epoch {epoch}/{self.tune.epochs}  validation accuracy {accuracy:.4f}"
                    )
        self.epochs = {trial.number: epoch for trial, epoch, _ in now}
        self.bar.n = round(len(counted) + sum(self.epochs.values()) / self.tune.epochs, 1)
        self.bar.set_description_str(status(self.study, counted))

    def note(self, text: str) -> None:
        """Prints a line above the one that is kept up to date."""
        text = cli.printable(text)  # a trial's parameters may be anybody's
        if self.bar.disable:
            print(text, flush=True)
        else:
            self.bar.write(text)

    def close(self) -> None:
        """Leaves the last line as it is."""
        self.bar.close()


def under_way(study: optuna.Study, epochs: int) -> list[tuple[FrozenTrial, int, float]]:
    """Each trial under way that has ended an epoch, the number of that, at most `epochs`, and its accuracy."""
    found = []
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        with contextlib.suppress(KeyError, TypeError, ValueError, OverflowError):  # not yet; or it is none of ours
            epoch, accuracy = trial.user_attrs[EPOCH]
            found.append((trial, min(int(epoch), epochs), float(accuracy)))
    return found


def describe(study: optuna.Study, trial: FrozenTrial, epochs: int) -> str:
    """The line for a trial that has ended."""
    if trial.number in trials.retried(study):
        outcome = "interrupted, queued again"
    elif trial.state == TrialState.FAIL:
        reason, _, _ = str(trial.user_attrs.get("error", "unknown reason")).partition("\n")
        outcome = f"failed: {cli.printable(reason)}"
    elif trial.state == TrialState.PRUNED:
        outcome = f"pruned after epoch {trial.last_step or '?'} of {epochs}"
    else:
        best = trials.best_trial(study)
        values = [f"{trial.values[0]:.4f}", *map("{:,.0f}".format, trial.values[1:])]
        outcome = "  ".join(values) + (" *" if best and best.number == trial.number else "")
    params = (
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in trial.params.items()
    )
    return f"trial {trial.number:>3}  {'  '.join(params)}  →  {outcome}"


def status(study: optuna.Study, counted: list[FrozenTrial]) -> str:
    """Best so far, and how many trials ended in which way."""
    best = trials.best_trial(study)
    leader = f"best {best.values[0]:.4f} (trial {best.number}), " if best else ""
    return leader + ", ".join(f"{count} {outcome}" for outcome, count in trials.count_outcomes(counted).items())
