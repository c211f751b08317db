"""Optuna's figures of a study: one page that needs no network, with all of them interactive, and each as a picture."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import optuna
import plotly.io
import plotly.offline
from optuna import visualization
from optuna.trial import TrialState
from optuna.visualization import matplotlib as pictures

from pipeline.reporting import page

ACCURACY = "validation accuracy"
COSTS = {"cpu_seconds": "CPU seconds", "parameters": "parameters"}

PAGE = """{% extends "base" %}
{% block head %}<script>{{ plotly | safe }}</script>{% endblock %}
{% block body %}
<p>{{ summary }}</p>
{% for name, figure in figures.items() %}<h2 id="{{ name }}">{{ name.replace("_", " ").capitalize() }}</h2>
<figure>{{ figure | safe }}</figure>
{% endfor %}{% endblock %}
"""


def write(study: optuna.Study, cost: str, summary: str, out: Path) -> None:
    """Writes study.html and NAME.png for each figure into the folder `out`; `cost` is an attribute of trials."""
    interactive = {}
    for name, (function, what, settings) in _figures(study, cost).items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # matplotlib's counterparts are marked experimental
            figure = getattr(visualization, function)(what, **settings)
            axes = getattr(pictures, function)(what, **settings)
        interactive[name] = plotly.io.to_html(figure, full_html=False, include_plotlyjs=False)
        picture = np.ravel(axes)[0].figure
        picture.savefig(out / f"{name}.png", dpi=100, bbox_inches="tight")
        plt.close(picture)
    title, script = f"Study {study.study_name}", plotly.offline.get_plotlyjs()
    html = page.render(PAGE, title=title, summary=summary, figures=interactive, plotly=script)
    (out / "study.html").write_text(html, encoding="utf-8")


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


def _figures(study: optuna.Study, cost: str) -> dict[str, tuple[str, optuna.Study, dict[str, Any]]]:
    """Name → (Optuna's function, its study, its settings)."""
    accuracy: dict[str, str | Callable] = {"target": lambda trial: trial.values[0], "target_name": ACCURACY}
    one = {"target_name": ACCURACY} if len(study.directions) == 1 else accuracy
    return {
        "history": ("plot_optimization_history", study, one),
        "importances": ("plot_param_importances", study, accuracy),
        "slice": ("plot_slice", study, accuracy),
        "parallel_coordinates": ("plot_parallel_coordinate", study, accuracy),
        "timeline": ("plot_timeline", study, {}),
        "front": ("plot_pareto_front", front(study, cost), {"target_names": [ACCURACY, COSTS[cost]]}),
    }
