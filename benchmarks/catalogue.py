"""All benchmarks by name."""

import difflib

from benchmarks import (
    data_size,
    prediction,
    ray_sweep,
    recipes,
    seeds,
    start,
    sweep,
    team,
    training,
    verification,
    workflow,
)
from benchmarks.benchmark import Benchmark
from pipeline.core.errors import UserError


def known() -> list[Benchmark]:
    """All benchmarks: B1 to B11, then the others."""
    numbered = [
        *training.BENCHMARKS,
        *recipes.BENCHMARKS,
        *workflow.BENCHMARKS,
        *sweep.BENCHMARKS,
        *data_size.BENCHMARKS,
        *prediction.BENCHMARKS,
        *start.BENCHMARKS,
    ]
    numbered.sort(key=lambda benchmark: int(benchmark.name.removeprefix("B")))
    return [
        *numbered,
        training.SHARES,
        *verification.BENCHMARKS,
        *ray_sweep.BENCHMARKS,
        *team.BENCHMARKS,
        *seeds.benchmarks(),
    ]


def find(names: list[str]) -> list[Benchmark]:
    """The benchmarks of these names, in capital letters or not. Raises UserError for a name that none has."""
    by_name = {benchmark.name.lower(): benchmark for benchmark in known()}
    for name in names:
        if name.lower() not in by_name:
            near = difflib.get_close_matches(name.lower(), by_name, cutoff=0.4)
            meant = f"did you mean {' or '.join(by_name[each].name for each in near)}? " if near else ""
            raise UserError(f"{name}: there is no such benchmark; {meant}`python -m benchmarks` lists all")
    return [by_name[name.lower()] for name in names]


def listing() -> str:
    """A line for each benchmark: its name, what it measures against what, and how long it takes."""
    lines = []
    for each in known():
        lasts = f"{each.lasts}, by name only" if each.by_name_only else each.lasts
        against = f" / {each.against}" if each.against else ""
        lines.append(f"  {each.name:15}{each.measures}{against}  ({lasts})")
    return "\n".join(lines)
