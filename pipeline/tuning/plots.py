"""Optuna's figures of a study, each as a picture and as an interactive plot of a page that needs no network."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import optuna
import plotly.io
from optuna import visualization
from optuna.trial import TrialState
from optuna.visualization import matplotlib as pictures

ACCURACY = "validation accuracy"
COSTS = {"cpu_seconds": "CPU seconds", "parameters": "parameters"}
LAYOUT = {"title_text": "", "template": "plotly_white", "margin_t": 30}  # the page has the title
SETTINGS = {"responsive": True, "displayModeBar": False}


class Plot(NamedTuple):
    """A figure of Optuna: what draws it, what it shows, and of how many complete trials it says anything."""

    name: str
    caption: str
    function: str
    study: optuna.Study
    settings: dict[str, Any]
    needs: int = 2


def draw(study: optuna.Study, cost: str, out: Path) -> list[tuple[Plot, str | None]]:
    """Writes NAME.png into the folder `out` for each figure. Returns the figures, each with its HTML.

    It is None, and there is no picture, for one that needs more complete trials than there are. `cost` is an attribute
    of trials.
    """
    complete = len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
    return [(plot, _draw(plot, out) if complete >= plot.needs else None) for plot in _plots(study, cost)]


def _draw(plot: Plot, out: Path) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # matplotlib's counterparts are marked experimental
        figure = getattr(visualization, plot.function)(plot.study, **plot.settings)
        axes = getattr(pictures, plot.function)(plot.study, **plot.settings)
    picture = np.ravel(axes)[0].figure
    picture.savefig(out / f"{plot.name}.png", dpi=100, bbox_inches="tight")
    plt.close(picture)
    figure.update_layout(**LAYOUT)
    return plotly.io.to_html(figure, full_html=False, include_plotlyjs=False, config=SETTINGS)


def front(study: optuna.Study, cost: str) -> optuna.Study:
    """The complete trials, under their numbers, with accuracy and `cost` as two objectives: Optuna finds the front."""
    both = optuna.create_study(directions=["maximize", "minimize"])
    for trial in study.get_trials(deepcopy=False):
        if trial.state != TrialState.COMPLETE:
            both.add_trial(optuna.create_trial(state=TrialState.FAIL))  # takes its number, and no part
            continue
        values = [trial.values[0], trial.user_attrs[cost]]
        both.add_trial(optuna.create_trial(values=values, params=trial.params, distributions=trial.distributions))
    return both


def _plots(study: optuna.Study, cost: str) -> list[Plot]:
    accuracy: dict[str, str | Callable] = {"target": lambda trial: trial.values[0], "target_name": ACCURACY}
    one = {"target_name": ACCURACY} if len(study.directions) == 1 else accuracy
    both = {"target_names": [ACCURACY, COSTS[cost]]}
    return [
        Plot(
            "history",
            "How the accuracy rose, trial by trial. A dot is a trial, the line the best so far.",
            "plot_optimization_history",
            study,
            one,
        ),
        Plot(
            "importances",
            "Which parameter the accuracy depends on most, by fANOVA (Hutter et al. 2014). The bars add up to 1.",
            "plot_param_importances",
            study,
            accuracy,
            needs=10,  # a forest is fitted to the trials; of fewer it tells the sampler's order rather than a cause
        ),
        Plot("slice", "Accuracy by each parameter alone. A dark dot is a late trial.", "plot_slice", study, accuracy),
        Plot(
            "parallel_coordinates",
            "Each trial as a line through its parameters. Its colour tells the accuracy.",
            "plot_parallel_coordinate",
            study,
            one,
        ),
        Plot("timeline", "When each trial ran, and how it ended.", "plot_timeline", study, {}, needs=1),
        Plot(
            "front",
            f"Accuracy against {COSTS[cost]}. Red: no other trial is better in one without being worse in the other.",
            "plot_pareto_front",
            front(study, cost),
            both,
        ),
    ]
