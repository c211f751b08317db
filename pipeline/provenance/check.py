"""One comparison of `verify`, how bad it is where it fails, and the lines that tell of them."""

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

TOLERANCE = 1e-6  # of metrics: files have six digits


class Level(Enum):
    """What a check came to; the value is its sign in the table."""

    PASSED = "✓"
    UNCOMMITTED = "~"  # all is known and can be made again, but git has no commit of it
    BROKEN = "✗"


class Check(NamedTuple):
    """One comparison: its kind, what was compared, whether it passed, and what to do or think where it did not."""

    kind: str
    what: str
    passed: bool
    hint: str
    failure: Level = Level.BROKEN

    @property
    def level(self) -> Level:
        """PASSED, or how bad the failure is."""
        return Level.PASSED if self.passed else self.failure


def worst(checks: list[Check]) -> Level:
    """The worst level of some checks; PASSED where there are none."""
    return max((check.level for check in checks), key=list(Level).index, default=Level.PASSED)


def by_kind(checks: Iterable[Check]) -> list[list[Check]]:
    """The checks of each kind, in the order in which the kinds first come."""
    kinds: dict[str, list[Check]] = {}
    for check in checks:
        kinds.setdefault(check.kind, []).append(check)
    return list(kinds.values())


def line(found: list[Check]) -> str:
    """What the checks of one kind came to."""
    passed = sum(check.passed for check in found)
    return f"{worst(found).value} {found[0].kind:<16}{passed:>6} of {len(found)} agree"


def failures(checks: list[Check]) -> list[str]:
    """Two lines for each check that failed: what, and its hint."""
    return [f"{check.level.value} {check.what}\n    {check.hint}" for check in checks if not check.passed]
