"""B3, B4: the recipe `fast` against the tutorial's program."""

import functools
from statistics import mean
from typing import Any, NamedTuple

from benchmarks.benchmark import Benchmark, Figure, Result, Settings
from benchmarks.measure import Run
from benchmarks.pairs import Runs, alternate
from benchmarks.project import Project, project
from benchmarks.seeds import SEEDS, recipe
from pipeline.core.errors import UserError

WANTED = 0.9168  # test accuracy, the tutorial's result
FAST, SHORT, TUTORIAL = "recipe fast", "recipe fast, fewer epochs", "tutorial"
EPOCHS = 3  # of the shorter training: its learning rate has fallen to 0 by then, as that of the longer one has not


class Curve(NamedTuple):
    """Test accuracy of the model that is kept after each epoch, and the CPU seconds until then: means of the seeds."""

    cpu: list[float]
    accuracy: list[float]


@functools.cache  # B3 and B4 look at the same runs
def fast_and_tutorial(settings: Settings) -> tuple[Runs, dict[str, Curve]]:
    """The recipe, for fewer epochs too, and the tutorial with each seed, in turns; and the curves of the recipe."""
    with project(settings.train(**recipe("fast")), settings.images) as this:
        source, epochs = this.params()["download"]["sources"][0], "1" if settings.quick else "10"
        seeds = iter([seed for seed in SEEDS for _ in range(3)])
        planned = this.params()["train"]["epochs"]
        tested: dict[str, list[list[float]]] = {SHORT: [], FAST: []}

        def ours(name: str, length: int) -> Run:
            this.change({"train": {"seed": next(seeds), "epochs": length}})
            run = this.train(mark=r"^epoch +\d+/")
            tested[name].append(accuracies(this, len(run.marks)))
            return run

        def theirs() -> Run:
            return this.peer("tutorial.py", source, "--seed", str(next(seeds)), "--epochs", epochs)

        this.peer("tutorial.py", source, "--epochs", "1")  # brings all that is read into memory
        lengths = {SHORT: min(EPOCHS, planned), FAST: planned}
        programs = {name: functools.partial(ours, name, length) for name, length in lengths.items()}
        runs = alternate(len(SEEDS), {**programs, TUTORIAL: theirs})
    curves = {}
    for name, seen in tested.items():
        cpu = [mean(run.marks[number].cpu for run in runs[name]) for number in range(len(seen[0]))]
        curves[name] = Curve(cpu, [mean(each) for each in zip(*seen, strict=True)])
    return runs, curves


def accuracies(this: Project, epochs: int) -> list[float]:
    """Test accuracy after each epoch, of the best one by validation accuracy until then: it has a checkpoint."""
    run_id = (this.folder / "models" / "run_id").read_text().strip()
    (folder,) = this.folder.glob(f"mlruns/**/{run_id}/artifacts/checkpoints")
    found = this.inside("checkpoint_accuracy.py", str(folder)).output.splitlines()
    by_epoch = {int(number): float(accuracy) for number, accuracy in map(str.split, found)}
    return [by_epoch[max(e for e in by_epoch if e <= epoch)] for epoch in range(1, epochs + 1)]


def notes(runs: Runs, curves: dict[str, Curve]) -> dict[str, Any]:
    tutorial = [run.number(r"test accuracy (0\.\d+)") for run in runs[TUTORIAL]]
    steps = {
        f"{name}: test accuracy of the best so far (mean)": [
            f"{accuracy:.4f} after {cpu:.0f} CPU-s" for cpu, accuracy in zip(*curve, strict=True)
        ]
        for name, curve in curves.items()
    }
    return {
        "seeds": list(SEEDS),
        **steps,
        "test accuracy of the tutorial": tutorial,
    }


def until_wanted(settings: Settings) -> Result:
    """B3: CPU seconds until the wanted accuracy, as a share of those of the tutorial's ten epochs."""
    runs, curves = fast_and_tutorial(settings)
    points = [point for curve in curves.values() for point in zip(*curve, strict=True)]
    reached = [cpu for cpu, accuracy in points if accuracy >= WANTED]
    if not reached:
        raise UserError(f"test accuracy {WANTED} is not reached: {max(accuracy for _, accuracy in points):.4f}")
    return Result([Figure("CPU", min(reached) / mean(run.cpu for run in runs[TUTORIAL]))], runs, notes(runs, curves))


def at_budget(settings: Settings) -> Result:
    """B4: test accuracy when the tutorial's CPU seconds are spent."""
    runs, curves = fast_and_tutorial(settings)
    curve = curves[FAST]
    budget = mean(run.cpu for run in runs[TUTORIAL])
    within = [accuracy for cpu, accuracy in zip(*curve, strict=True) if cpu <= budget]
    if not within:
        raise UserError(
            f"the first epoch ends after {curve.cpu[0]:.0f} CPU-seconds, and the tutorial after {budget:.0f}"
        )
    return Result([Figure("accuracy", 100 * within[-1], "%")], runs, notes(runs, curves))


BENCHMARKS = [
    Benchmark(
        "B3",
        f"CPU seconds until test accuracy {WANTED}, recipe `fast`, mean of three seeds",
        "the tutorial's program, ten epochs",
        "CPU ≤ 0.35",
        "10 minutes",
        until_wanted,
    ),
    Benchmark(
        "B4",
        "test accuracy when the tutorial's CPU seconds are spent, recipe `fast`, mean of three seeds",
        "the tutorial's 91.3 to 91.7 %",
        "≥ 93.0 %",
        "10 minutes, shared with B3",
        at_budget,
    ),
]
