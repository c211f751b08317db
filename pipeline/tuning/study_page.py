"""What came of a study as one HTML page that needs no network: the winner, every trial, Optuna's figures."""

import shlex
from pathlib import Path
from typing import Any

import optuna
import plotly.offline
from optuna.trial import FrozenTrial, TrialState

from pipeline.evaluation import intervals
from pipeline.reporting import page
from pipeline.tuning import plots, trials


def write(study: optuna.Study, cost: str, defaults: dict[str, Any], images: int, out: Path) -> None:
    """Writes study.html and the figures into the folder `out`. The study has a complete trial.

    `cost` is an attribute of trials, `defaults` the parameters of params.yaml, `images` how many validation images
    gave each accuracy.
    """
    counted = trials.effective_trials(study)
    complete = [trial for trial in counted if trial.state == TrialState.COMPLETE]
    complete.sort(key=lambda trial: (-trial.values[0], trial.number))
    best, default = complete[0], default_trial(complete, defaults)
    best_share, default_share = (share(trial, images) for trial in (best, default))
    html = page.render_file(
        "study.html",
        title=f"What did study {study.study_name} find?",
        adopt=f"python -m pipeline adopt --study {shlex.quote(study.study_name)}",
        outcomes={outcome: count for outcome, count in trials.count_outcomes(counted).items() if count},
        best=best,
        best_share=best_share,
        default=default,
        default_share=default_share,
        defaults=defaults,
        gain=best_share and default_share and intervals.difference(best_share, default_share),
        epochs=best.user_attrs.get("epochs"),
        images=images,
        complete=len(complete),
        names=list(best.params),
        rows=complete + [trial for trial in counted if trial.state != TrialState.COMPLETE],
        ended=ended,
        figures=plots.draw(study, cost, out),
        plotly=plotly.offline.get_plotlyjs(),
    )
    (out / "study.html").write_text(html, encoding="utf-8")


def default_trial(complete: list[FrozenTrial], defaults: dict[str, Any]) -> FrozenTrial | None:
    """The trial with the parameters of params.yaml; None where they lie outside of the space, or it did not end."""
    for trial in complete:
        if all(defaults.get(name) == value for name, value in trial.params.items()):
            return trial
    return None


def share(trial: FrozenTrial | None, images: int) -> intervals.Share | None:
    """The accuracy of a trial as a share of the validation images."""
    return None if trial is None else intervals.counted(round(trial.values[0] * images), images)


def ended(trial: FrozenTrial) -> str:
    """How a trial without an accuracy ended."""
    if trial.state == TrialState.PRUNED:
        return f"pruned at\N{NO-BREAK SPACE}{trial.last_step or '?'}"
    return "failed" if trial.state == TrialState.FAIL else trial.state.name.lower()
