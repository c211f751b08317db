"""How a study comes on, on the terminal: a line for each trial that ends, and below them one kept up to date."""

import sys
from datetime import datetime

import optuna
from optuna.trial import FrozenTrial, TrialState
from tqdm import tqdm

from pipeline.config.schema import Tune
from pipeline.core import cli
from pipeline.tuning import trials

FORMAT = "{n_fmt}/{total_fmt} {bar:20} {desc}, {elapsed}<{remaining}"


class Progress:
    """Shows what has changed since the last `update`. Where stdout is no terminal, only the line for each trial."""

    def __init__(self, study: optuna.Study, tune: Tune) -> None:
        self.study, self.tune = study, tune
        self.seen = {trial.number for trial in study.get_trials(deepcopy=False, states=trials.FINISHED)}
        before = len(trials.effective_trials(study, trials.FINISHED))
        hidden = not sys.stdout.isatty()
        self.bar = tqdm(total=tune.trials, initial=before, bar_format=FORMAT, disable=hidden, file=sys.stdout)

    def update(self) -> None:
        """Prints a line for each trial that has ended since, and brings the last line up to date."""
        finished = self.study.get_trials(deepcopy=False, states=trials.FINISHED)
        for trial in sorted(finished, key=lambda trial: trial.datetime_complete or datetime.max):
            if trial.number not in self.seen:
                self.seen.add(trial.number)
                self.note(describe(self.study, trial, self.tune.epochs))
        counted = trials.effective_trials(self.study, trials.FINISHED)
        self.bar.n = len(counted)
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
