"""Programs in turns, and ratios of their medians."""

from collections.abc import Callable, Mapping
from statistics import median

from benchmarks.benchmark import Figure
from benchmarks.measure import Run
from pipeline.core.cli import say

Runs = dict[str, list[Run]]


def alternate(rounds: int, programs: Mapping[str, Callable[[], Run]]) -> Runs:
    """Runs each program once a round: in this order, then in the opposite one (ABBA), so that no drift favours one."""
    runs: Runs = {name: [] for name in programs}
    for number in range(rounds):
        for name in programs if number % 2 == 0 else reversed(list(programs)):
            runs[name].append(programs[name]())
            say(f"  round {number + 1}/{rounds}  {line(name, runs[name][-1])}")
    return runs


def line(name: str, run: Run) -> str:
    """A run in a line."""
    return f"{name:24} {run.cpu:8.2f} CPU-s {run.wall:8.2f} s {run.peak / 1e9:6.2f} GB"


def ratio(ours: list[float], theirs: list[float]) -> float:
    """The median of the ratios of each pair of runs: a pair ran one right after the other."""
    return median(a / b for a, b in zip(ours, theirs, strict=True))


def ratios(runs: Runs, ours: str, theirs: str) -> list[Figure]:
    """CPU and wall seconds of one program as ratios to those of another."""
    return [
        Figure("CPU", ratio([run.cpu for run in runs[ours]], [run.cpu for run in runs[theirs]])),
        Figure("wall", ratio([run.wall for run in runs[ours]], [run.wall for run in runs[theirs]])),
    ]


def spread(values: list[float]) -> str:
    """The median, and the range where there are several: `117.2 (116.0 to 121.9)`."""
    shown = f"{median(values):.2f}"
    return shown if len(values) < 2 else f"{shown} ({min(values):.2f} to {max(values):.2f})"
