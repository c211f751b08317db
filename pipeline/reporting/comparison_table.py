"""What several runs tell beside each other, as a table for the terminal."""

import string

from pipeline.evaluation.comparison import Comparison, Difference
from pipeline.evaluation.seeds import Estimate


def table(found: Comparison) -> str:
    """The result as lines of text: a row a configuration."""
    rows = [("", "run", "what differs", "validation", "test", "against A" if found.differences else "")]
    for number, each in enumerate(found.configurations):
        names = [f"{run.name} ({run.run_id[:8]})" for run in each.runs]
        differs = [f"{name} {values[number] or '-'}" for name, values in found.differing.items()]
        beside = against(found.differences[number - 1]) if number else ""
        rows.append(
            (
                string.ascii_uppercase[number],
                names[0] + (f" and {len(names) - 1} more seed{'s' * (len(names) > 2)}" if len(names) > 1 else ""),
                ", ".join(differs) or "nothing",
                estimate(each.validation),
                estimate(each.test),
                beside,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def estimate(found: Estimate | None) -> str:
    """A number with its interval."""
    if found is None:
        return "-"
    interval = "" if found.low is None else f" ({found.low:.4f} to {found.high:.4f})"
    return f"{found.value:.4f}{interval}"


def against(difference: Difference) -> str:
    """How a configuration differs from the first one."""
    if difference.gain is None:
        return difference.test
    return f"{difference.gain:+.4f}, " + (f"p {p_value(difference.p)}" if difference.p is not None else difference.test)


def p_value(p: float) -> str:
    """A p-value as text: "= 0.03", "< 0.001"."""
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"
