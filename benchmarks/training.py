"""B1, B2: the train stage against scripts that train the same network. And what its parts cost."""

import json
from statistics import mean

from benchmarks.benchmark import Benchmark, Figure, Result, Settings
from benchmarks.measure import Run
from benchmarks.pairs import alternate, ratios
from benchmarks.project import project

OURS = "train stage"
ACCURACY = r"validation accuracy (0\.\d+)"


def against(settings: Settings, name: str, *options: str) -> Result:
    """The train stage and the bare script with these options, in turns, after a short run of each.

    The short run makes the MLflow store, and brings all that is read into memory.
    """
    with project(settings.train(), settings.images) as this:
        programs = {OURS: this.train, name: lambda: this.peer("bare_keras.py", *options)}
        epochs = this.params()["train"]["epochs"]
        this.change({"train": {"epochs": 1}})
        for program in programs.values():
            program()
        this.change({"train": {"epochs": epochs}})
        runs = alternate(settings.rounds, programs)
    best = {each: round(mean(run.number(ACCURACY) for run in runs[each]), 4) for each in programs}
    return Result(ratios(runs, OURS, name), runs, {"epochs": epochs, "validation accuracy": best})


def shares(settings: Settings) -> Result:
    """Which shares of the CPU seconds of the train stage go into safety and into recording."""
    with project(settings.train(), settings.images) as this:
        this.train()  # makes the MLflow store

        def clocked() -> Run:
            this.forget()
            return this.inside("clocked_train.py")

        runs = alternate(settings.rounds, {OURS: clocked})
    found = [json.loads(run.output.splitlines()[-1]) for run in runs[OURS]]
    return Result([Figure(part, 100 * mean(each[part] for each in found), "%") for part in found[0]], runs)


BENCHMARKS = [
    Benchmark(
        "B1",
        "train stage: tracked, checkpointed, resumable",
        "bare Keras: same network, rows, epochs, batch",
        "CPU ≤ 0.80, wall ≤ 0.65",
        "10 minutes",
        lambda settings: against(settings, "bare Keras"),
    ),
    Benchmark(
        "B2",
        "the same",
        "the same script with `mlflow.keras.autolog()`",
        "CPU ≤ 0.70, wall ≤ 0.60",
        "10 minutes",
        lambda settings: against(settings, "Keras with autolog", "--autolog"),
    ),
]
SHARES = Benchmark(
    "shares",
    "train stage: shares of its CPU seconds",
    "the whole stage",
    "",
    "5 minutes",
    shares,
)
