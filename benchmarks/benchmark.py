"""What a benchmark is, how it is run, and what it gives."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.measure import Run


@dataclass(frozen=True)
class Settings:
    """How much is run. Quick: one round on little data, to see that a benchmark works; no result."""

    rounds: int = 3
    quick: bool = False

    @property
    def images(self) -> int | None:
        """Training and test images; None for all."""
        return 4200 if self.quick else None

    def train(self, **values: Any) -> dict[str, dict[str, Any]]:
        """The changes to params.yaml for a training with these values of `train`; if quick, a short one."""
        chosen = values | ({"epochs": 1} if self.quick else {})
        return {"train": chosen} if chosen else {}


@dataclass(frozen=True)
class Figure:
    """A number that a benchmark is about. Without a unit it is a ratio: ours / theirs."""

    name: str
    value: float
    unit: str = ""

    def __str__(self) -> str:
        digits = 2 if self.unit in ("", "%", "points") else 1
        return f"{self.name} {self.value:,.{digits}f}{f' {self.unit}' if self.unit else ''}"


@dataclass(frozen=True)
class Result:
    """The figures of a benchmark, each run of each program, and what else is to be known: settings, notes."""

    figures: list[Figure]
    runs: dict[str, list[Run]]
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Benchmark:
    name: str
    measures: str
    against: str
    reach: str  # what is aimed for; empty where nothing is
    lasts: str  # on two cores, with three rounds
    function: Callable[[Settings], Result]
    by_name_only: bool = False  # too long, or too rarely wanted, for --all
