"""The rules by which a model is accepted or refused. A rule that cannot be computed is not kept."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from pipeline.config.schema import Behaviour, Gate
from pipeline.evaluation import intervals
from pipeline.evaluation.findings import Findings


class Verdict(NamedTuple):
    """What a rule says of a model: whether it is kept, what was found, and what is allowed."""

    rule: str
    is_kept: bool
    found: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.found}, allowed {self.allowed}"


def judge(found: Findings, limits: Gate, behaviour: Behaviour, facts: dict[str, bool]) -> list[Verdict]:
    """The verdicts of the rules that need no other model.

    `facts` are rules that are kept or not, each with its name: data checks passed, clean lineage.
    """
    verdicts = [
        at_least("accuracy", lambda: found.accuracy.value, limits.accuracy),
        at_least("accuracy of the weakest class", lambda: found.hardest.accuracy.value, limits.worst_class),
        at_most("calibration error", lambda: found.overall["calibration_error"], limits.calibration_error),
        at_least("typical pictures recognised", lambda: found.recognised, behaviour.archetypes),
    ]
    changed = {each.name: each.changed.value for each in found.invariances}
    for name, limit in behaviour.changes.items():
        verdicts.append(at_most(f"answers changed by {name}", partial(changed.__getitem__, name), limit))
    verdicts += [Verdict(rule, is_true, "yes" if is_true else "no", "yes") for rule, is_true in facts.items()]
    return verdicts


def compare(right: np.ndarray, champion_right: np.ndarray | None, level: float) -> Verdict:
    """Whether a model is not worse than the champion on the same test images, by McNemar's exact test.

    `right`, `champion_right`: bool (n,), which images each names rightly; None where there is no champion. A model is
    worse if it is right less often, and chance alone would make such a difference with probability below `level`.
    """
    rule, allowed = "not worse than the champion", f"p at least {level} where it is right less often"
    if champion_right is None:
        return Verdict(rule, True, "there is no champion yet", allowed)
    if right.shape != champion_right.shape:
        return Verdict(rule, False, "the champion was not tried on these images", allowed)
    difference = int(right.sum()) - int(champion_right.sum())
    p = intervals.mcnemar(right, champion_right)
    found = f"{abs(difference)} images {'fewer' if difference < 0 else 'more'} of {len(right)}, p {p:.3g}"
    return Verdict(rule, difference >= 0 or p >= level, found, allowed)


def at_least(rule: str, value: Callable[[], float], limit: float) -> Verdict:
    """The rule that a number is not less than a limit."""
    return _compared(rule, value, limit, "at least", lambda number: number >= limit)


def at_most(rule: str, value: Callable[[], float], limit: float) -> Verdict:
    """The rule that a number is not more than a limit."""
    return _compared(rule, value, limit, "at most", lambda number: number <= limit)


def _compared(
    rule: str, value: Callable[[], float], limit: float, words: str, is_kept: Callable[[float], bool]
) -> Verdict:
    try:
        number = value()
    except (KeyError, ValueError, ArithmeticError) as error:
        return Verdict(rule, False, f"cannot be computed ({type(error).__name__}: {error})", f"{words} {limit:g}")
    # NaN compares as false with everything, and so is not kept
    return Verdict(rule, bool(is_kept(number)), f"{number:.4f}", f"{words} {limit:g}")


def refused(verdicts: list[Verdict]) -> Iterator[Verdict]:
    """The rules that are not kept."""
    return (verdict for verdict in verdicts if not verdict.is_kept)


def headline(verdicts: list[Verdict]) -> str:
    """The verdicts in a sentence of Markdown."""
    broken = [verdict.rule for verdict in refused(verdicts)]
    return f"**Refused by the gate**: {', '.join(broken)}." if broken else "**Accepted by the gate.**"


def table(verdicts: list[Verdict]) -> str:
    """The verdicts as a table of Markdown, a rule a line."""
    rows = [f"| {'✓' if each.is_kept else '✗'} {each.rule} | {each.found} | {each.allowed} |" for each in verdicts]
    return "\n".join(["| Rule | Found | Allowed |", "|---|---|---|", *rows]) + "\n"
