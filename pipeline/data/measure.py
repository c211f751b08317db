"""One number about the data, which a limit in params.yaml judges."""

from typing import NamedTuple


class Measure(NamedTuple):
    """`key`: its limit in preprocess.checks. `chance`: how far the number goes where nothing is wrong, in sets of this
    size and kind; only what lies beyond is held against the limit. `cause`: what may be behind it."""

    name: str
    key: str
    value: float
    chance: float = 0.0
    cause: str = ""

    @property
    def certain(self) -> float:
        """The part of the number that chance does not explain."""
        return max(0.0, self.value - self.chance)

    def rounded(self) -> "Measure":
        """The same with four digits, which are equal wherever they were computed."""
        return self._replace(value=round(float(self.value), 4), chance=round(float(self.chance), 4))
