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
FAST, TUTORIAL = "recipe fast", "tutorial"


class Curve(NamedTuple):
    """Test accuracy of the model that is kept after each epoch, and the CPU seconds until then: means of the seeds."""

    cpu: list[float]
    accuracy: list[float]


@functools.cache  # B3 and B4 look at the same runs
def fast_and_tutorial(settings: Settings) -> tuple[Runs, Curve]:
    """The recipe and the tutorial's program with each seed, in turns; and the curve of the recipe."""
    with project(settings.train(**recipe("fast")), settings.images) as this:
        source, epochs = this.params()["download"]["sources"][0], "1" if settings.quick else "10"
        seeds = iter([seed for seed in SEEDS for _ in range(2)])
        tested: list[list[float]] = []

        def ours() -> Run:
            this.change({"train": {"seed": next(seeds)}})
            run = this.train(mark=r"^epoch +\d+/")
            tested.append(accuracies(this, len(run.marks)))
            return run

        def theirs() -> Run:
            return this.peer("tutorial.py", source, "--seed", str(next(seeds)), "--epochs", epochs)

        this.peer("tutorial.py", source, "--epochs", "1")  # brings all that is read into memory
        runs = alternate(len(SEEDS), {FAST: ours, TUTORIAL: theirs})
    cpu = [mean(run.marks[number].cpu for run in runs[FAST]) for number in range(len(tested[0]))]
    return runs, Curve(cpu, [mean(each) for each in zip(*tested, strict=True)])


def accuracies(this: Project, epochs: int) -> list[float]:
    """Test accuracy after each epoch, of the best one by validation accuracy until then: it has a checkpoint."""
    run_id = (this.folder / "models" / "run_id").read_text().strip()
    (folder,) = this.folder.glob(f"mlruns/**/{run_id}/artifacts/checkpoints")
    found = this.inside("checkpoint_accuracy.py", str(folder)).output.splitlines()
    by_epoch = {int(number): float(accuracy) for number, accuracy in map(str.split, found)}
    return [by_epoch[max(e for e in by_epoch if e <= epoch)] for epoch in range(1, epochs + 1)]


def notes(runs: Runs, curve: Curve) -> dict[str, Any]:
    tutorial = [run.number(r"test accuracy (0\.\d+)") for run in runs[TUTORIAL]]
    steps = [f"{accuracy:.4f} after {cpu:.0f} CPU-s" for cpu, accuracy in zip(*curve, strict=True)]
    return {
        "seeds": list(SEEDS),
        "epochs, test accuracy of the best so far (mean)": steps,
        "test accuracy of the tutorial": tutorial,
    }


def until_wanted(settings: Settings) -> Result:
    """B3: CPU seconds until the wanted accuracy, as a share of those of the tutorial's ten epochs."""
    runs, curve = fast_and_tutorial(settings)
    reached = [cpu for cpu, accuracy in zip(*curve, strict=True) if accuracy >= WANTED]
    if not reached:
        raise UserError(f"test accuracy {WANTED} is not reached: {max(curve.accuracy):.4f}")
    return Result([Figure("CPU", reached[0] / mean(run.cpu for run in runs[TUTORIAL]))], runs, notes(runs, curve))


def at_budget(settings: Settings) -> Result:
    """B4: test accuracy when the tutorial's CPU seconds are spent."""
    runs, curve = fast_and_tutorial(settings)
    budget = mean(run.cpu for run in runs[TUTORIAL])
    within = [accuracy for cpu, accuracy in zip(*curve, strict=True) if cpu <= budget]
    if not within:
        raise UserError(
            f"the first epoch ends after {curve.cpu[0]:.0f} CPU-seconds, and the tutorial after {budget:.0f}"
        )
    return Result([Figure("accuracy", 100 * within[-1], "%")], runs, notes(runs, curve))


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
