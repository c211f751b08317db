"""B7: `pipeline tune` against a plain Optuna and Keras script with as many trials."""

import json
from pathlib import Path
from typing import Any

from benchmarks.benchmark import Benchmark, Figure, Result, Settings
from benchmarks.measure import Run
from benchmarks.pairs import alternate, ratios
from benchmarks.project import project

OURS, THEIRS = "tune, 2 workers", "plain script"
TRIALS = 20
IMAGES = 28_000  # of the 70,000: the ratio is the same, in less than half the time
CHOSEN = "trials.json"


def sweep(settings: Settings) -> Result:
    """Both train the same parameters: those that the last `tune` chose, which prunes some of its trials early."""
    trials, images = (2, settings.images) if settings.quick else (TRIALS, IMAGES)
    changes = {"tune": {"trials": trials, "workers": 2} | ({"epochs": 1} if settings.quick else {})}
    best: list[float] = []
    with project(changes, images) as this:

        def ours() -> Run:
            study = f"study{len(best)}"
            run = this.pipeline("tune", "--study", study)
            chosen, value = trials_of(this.folder / "sweeps" / "optuna.journal", study)
            (this.folder / CHOSEN).write_text(json.dumps(chosen))
            best.append(value)
            return run

        runs = alternate(settings.rounds, {OURS: ours, THEIRS: lambda: this.peer("plain_sweep.py", CHOSEN)})
    plain = [run.number(r"validation accuracy (0\.\d+)") for run in runs[THEIRS]]
    gained = Figure("accuracy gained", 100 * (max(best) - max(plain)), "points")
    notes = {"trials": trials, "images": images, "best validation accuracy": {OURS: best, THEIRS: plain}}
    return Result([*ratios(runs, OURS, THEIRS), gained], runs, notes)


def trials_of(journal: Path, study: str) -> tuple[list[dict[str, Any]], float]:
    """The parameters of all trials of a study, and its best validation accuracy."""
    import optuna
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    found = optuna.load_study(
        study_name=study, storage=optuna.storages.JournalStorage(JournalFileBackend(str(journal)))
    )
    return [trial.params for trial in found.trials if trial.params], found.best_value


BENCHMARKS = [
    Benchmark(
        "B7",
        f"sweep of {TRIALS} trials, 2 workers",
        "a plain Optuna and Keras script, the same trials",
        "CPU ≤ 0.35, wall ≤ 0.35, accuracy not worse",
        "30 minutes",
        sweep,
    )
]
