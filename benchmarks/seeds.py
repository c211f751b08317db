"""What params.yaml and each recipe reach, over three seeds."""

import functools
from statistics import mean, stdev
from typing import Any

from ruamel.yaml import YAML

from benchmarks.benchmark import Benchmark, Figure, Result, Settings
from benchmarks.measure import Run
from benchmarks.pairs import alternate
from benchmarks.project import ROOT, project
from pipeline.core.errors import UserError

RECIPES = ROOT / "recipes"
SEEDS = (1, 2, 3)


def recipe(name: str) -> dict[str, Any]:
    """The values of `train` in a recipe. Raises UserError if it is not there."""
    path = RECIPES / f"{name}.yaml"
    if not path.is_file():
        raise UserError(f"{path.relative_to(ROOT)}: there is no such recipe yet")
    return YAML(typ="safe", pure=True).load(path)["train"]


def reached(settings: Settings, name: str | None) -> Result:
    """What a recipe, or params.yaml, reaches: whole runs with each seed, tested at their end."""
    chosen = (["--recipe", name] if name else []) + (["--epochs", "1"] if settings.quick else [])
    with project({}, settings.images) as this:
        seeds = iter(SEEDS)

        def train_and_test() -> Run:
            return this.pipeline("experiment", *chosen, "--seed", str(next(seeds)))

        runs = alternate(len(SEEDS), {name or "params.yaml": train_and_test})
        if name:
            this.pipeline("adopt", "--recipe", name)
        size = this.inside("model_size.py")
    (all_runs,) = runs.values()
    best = [100 * run.number(r"validation accuracy (0\.\d+)") for run in all_runs]
    test = [100 * run.number(r"test accuracy (0\.\d+)") for run in all_runs]
    figures = [
        Figure("test", mean(test), "%"),
        Figure("±", stdev(test), "%"),
        Figure("validation", mean(best), "%"),
        Figure("CPU", mean(run.cpu for run in all_runs) / 60, "minutes"),
    ]
    sizes = {key: int(size.number(rf"{key} (\d+)")) for key in ("parameters", "multiply-adds")}
    return Result(figures, runs, {"seeds": list(SEEDS), "test": test, "validation": best} | sizes)


def benchmarks() -> list[Benchmark]:
    """What params.yaml and each recipe reach: a benchmark each."""
    found = [None, *sorted(path.stem for path in RECIPES.glob("*.yaml"))]
    return [
        Benchmark(
            f"seeds-{name}" if name else "seeds",
            f"accuracy of {f'the recipe {name}' if name else 'params.yaml'} over three seeds",
            "",
            "",
            "three times a training",
            functools.partial(reached, name=name),
            by_name_only=True,
        )
        for name in found
    ]
