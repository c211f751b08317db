"""One comparison of `verify`, how bad it is where it fails, and the table of all of them."""

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


def table(checks: list[Check]) -> str:
    """A line for each kind of check, and two for each that failed: what, and its hint."""
    kinds: dict[str, list[Check]] = {}
    for check in checks:
        kinds.setdefault(check.kind, []).append(check)
    lines = [
        f"{worst(found).value} {kind:<16}{sum(check.passed for check in found):>6} of {len(found)} agree"
        for kind, found in kinds.items()
    ]
    lines += [f"{check.level.value} {check.what}\n    {check.hint}" for check in checks if not check.passed]
    return "\n".join(lines)
