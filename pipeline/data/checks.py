"""All data checks together: what is expected of each file, and then of both beside each other."""

from typing import Any

import pandas as pd
from great_expectations import expectations as gxe

from pipeline.config.schema import Checks, Dataset, Limit
from pipeline.data import comparison, expectations, tables
from pipeline.data.arrays import Split
from pipeline.data.expectations import Check
from pipeline.data.measure import Measure

LEAST = "pixel_range"  # the measure that is limited from below


def check(parts: dict[str, Split], dataset: Dataset, limits: Checks) -> dict[str, Any]:
    """Holds `train` and `test` against every expectation, and against each other where both have their shape.

    Returns what expectations.check does, with `measured`: whether they were compared. Then `checks` holds an outcome
    for each measure too, with key, value, chance, limit and cause; and `evidence` what the page draws. A warning that
    fails leaves `passed` as it is.
    """
    table = tables.image_table(parts)
    result = expectations.check(parts, dataset, limits, table)
    if not _comparable(parts, dataset):
        return result | {"measured": False}
    found = comparison.compare(parts, table, dataset.classes)
    outcomes = judge(found.measures, limits)
    return result | {
        "measured": True,
        "passed": result["passed"] and all(each["passed"] or each["level"] == "warning" for each in outcomes),
        "checks": result["checks"] + outcomes,
        "evidence": found.evidence,
    }


def _comparable(parts: dict[str, Split], dataset: Dataset) -> bool:
    """Whether both parts have images of the right shape and type, and a label of a known class for each."""
    return all(
        split.images.shape[1:] == dataset.image_shape
        and split.images.dtype == split.labels.dtype == "uint8"
        and len(split.images) == len(split.labels) > 1
        and int(split.labels.max()) < len(dataset.classes)
        for split in parts.values()
    )


def judge(measures: list[Measure], limits: Checks) -> list[dict[str, Any]]:
    """The outcome of each measure against its limit, by Great Expectations, as expectations.check gives them."""
    table = pd.DataFrame({each.name: [each.certain] for each in measures})
    todo = [_expected(each, getattr(limits, each.key)) for each in measures]
    outcomes = expectations.validate(table, todo)
    return [
        {
            "check": each.name,
            "allowed": item.allowed,
            "passed": bool(outcome.success),
            "key": each.key,
            "level": getattr(limits, each.key).level,
            "checked": 1,
            "failed": int(not outcome.success),
            "failures": [],
            "value": each.value,
            "chance": each.chance,
            "limit": getattr(limits, each.key).limit,
            "cause": "" if outcome.success else each.cause,
        }
        for each, item, outcome in zip(measures, todo, outcomes, strict=True)
    ]


def _expected(measure: Measure, limit: Limit) -> Check:
    low, high = (limit.limit, None) if measure.key == LEAST else (None, limit.limit)
    beyond = f" beyond chance ({measure.chance:.3g})" if measure.chance else ""
    return Check(
        "measures",
        "images",
        measure.name,
        measure.name,
        f"{'≥' if measure.key == LEAST else '≤'} {limit.limit:g}{beyond}",
        lambda column: gxe.ExpectColumnValuesToBeBetween(column=column, min_value=low, max_value=high),
    )
