"""Data checks: tables → Great Expectations → a result that is the same, byte for byte, for the same data.

Every limit comes from params.yaml.
"""

import textwrap
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import great_expectations as gx
import pandas as pd
from great_expectations import expectations as gxe

from pipeline.config.schema import Checks, Dataset
from pipeline.data import naming, tables
from pipeline.data.arrays import Split

EXAMPLES = 5  # kinds of failures named in the line for a check
LIMITS = {  # check → its limit in preprocess.checks
    "darkest pixel": "pixel_min",
    "brightest pixel": "pixel_max",
    "image not blank": "contrast_min",
    "class balance": "class_balance_tolerance",
}

Expectation = Callable[[str], gxe.Expectation]  # of the column's name


class Check(NamedTuple):
    """One expectation on one column of a table. When it fails, `subject` (images or labels) is the file to blame."""

    table: str
    subject: str
    column: str
    name: str
    allowed: str
    expectation: Expectation
    shown: str | None = None  # the column that explains a failure, where it is another


def expectations(dataset: Dataset, limits: Checks) -> Iterator[Check]:
    """Everything that is expected of a data set."""
    labels = range(len(dataset.classes))

    def one_of(*values: Any) -> Expectation:
        return lambda column: gxe.ExpectColumnValuesToBeInSet(column=column, value_set=list(values))

    def between(low: float | None, high: float | None) -> Expectation:
        return lambda column: gxe.ExpectColumnValuesToBeBetween(column=column, min_value=low, max_value=high)

    def equal_to(other: str) -> Expectation:
        return lambda column: gxe.ExpectColumnPairValuesToBeEqual(column_A=column, column_B=other)

    def present() -> Expectation:
        return lambda column: gxe.ExpectColumnValuesToNotBeNull(column=column)

    equal_share, tolerance = f"1/{len(labels)}", limits.class_balance_tolerance
    for size in ("height", "width", "channels"):
        allowed = getattr(dataset, size)
        yield Check("images", "images", size, f"image {size}", f"{allowed}", one_of(allowed))
    yield Check("images", "images", "dtype", "pixel type", "uint8", one_of("uint8"))
    low, high, contrast = limits.pixel_min, limits.pixel_max, limits.contrast_min
    yield Check("images", "images", "min", "darkest pixel", f"≥ {low}", between(low, None))
    yield Check("images", "images", "max", "brightest pixel", f"≤ {high}", between(None, high))
    yield Check("images", "images", "contrast", "image not blank", f"contrast ≥ {contrast}", between(contrast, None))
    yield Check("images", "images", "elsewhere", "image in one part only", "no copy in another", one_of(False))
    yield Check("images", "labels", "label", "label present", "one for each image", present())
    yield Check("images", "labels", "label", "label range", f"0–{labels[-1]}", one_of(*labels))
    yield Check("parts", "labels", "label_dtype", "label type", "uint8", one_of("uint8"))
    yield Check("parts", "images", "images", "number of images", "the count in params.yaml", equal_to("expected"))
    yield Check("parts", "labels", "labels", "number of labels", "the number of images", equal_to("images"))
    yield Check("classes", "labels", "count", "class present", "at least one image", between(1, None))
    balance = f"a share of {equal_share} ± {tolerance}"
    yield Check("classes", "labels", "deviation", "class balance", balance, between(None, tolerance), "share")


def check(
    parts: dict[str, Split], dataset: Dataset, limits: Checks, rows: pd.DataFrame | None = None
) -> dict[str, Any]:
    """Holds every part (`train`, `test`) against every expectation; `rows` is their image table, if it is there.

    Returns {passed, checks, classes}: `checks` has for each expectation its name, what is allowed, passed, how many
    rows were checked and failed, and all failures, those of one file and value together, as {file, places, value};
    `classes` is what `class_rows` returns. An expectation that could not be evaluated counts as failed.
    """
    classes = tables.class_table(parts, dataset.classes)
    expected = {part: dataset.counts[part] or len(split.images) for part, split in parts.items()}
    judged = {
        "images": tables.image_table(parts) if rows is None else rows,
        "parts": tables.part_table(parts, expected),
        "classes": classes,
    }
    outcomes = []
    for name, table in judged.items():
        todo = [check for check in expectations(dataset, limits) if check.table == name]
        for item, outcome in zip(todo, validate(table, todo), strict=True):
            outcomes.append(_summary(item, outcome, table, dataset))
    return {
        "passed": all(outcome["passed"] for outcome in outcomes),
        "checks": outcomes,
        "classes": class_rows(parts, dataset, limits),
    }


def class_rows(parts: dict[str, Split], dataset: Dataset, limits: Checks) -> list[dict[str, Any]]:
    """The class table as rows, each with `balanced`: whether the share of the class is as the limits want it."""
    table = tables.class_table(parts, dataset.classes)
    return table.assign(balanced=table["deviation"] <= limits.class_balance_tolerance).to_dict("records")


def failures(result: dict[str, Any], level: str = "error") -> list[str]:
    """One line for each failed check of this level: its name, what is allowed, and what is found instead."""
    failed = [outcome for outcome in result["checks"] if not outcome["passed"] and outcome["level"] == level]
    return [f"{each['check']}: allowed is {each['allowed']}; {_found(each)}{_limit(each)}" for each in failed]


def _found(outcome: dict[str, Any]) -> str:
    """The number and its cause; or how many rows fail, and the first of them."""
    if "value" in outcome:
        return f"it is {outcome['value']:.3g}: {outcome['cause']}"
    found = [
        f"{each['file']}[{textwrap.shorten(each['places'], 60, placeholder=' …')}] is {each['value']}"
        for each in outcome["failures"][:EXAMPLES]
    ]
    named = ", ".join(found + ["…"] * (len(outcome["failures"]) > EXAMPLES))
    rows = f"{outcome['failed']:,} of {outcome['checked']:,} fail"
    return f"{rows}: {named or 'the check could not be evaluated'}"


def _limit(outcome: dict[str, Any]) -> str:
    """Where the limit of a check stands in params.yaml, in brackets."""
    key = outcome.get("key") or LIMITS.get(outcome["check"])
    return f" (preprocess.checks.{key})" if key else ""


def validate(table: pd.DataFrame, todo: list[Check]) -> list[Any]:
    """What Great Expectations says of a table, for each check."""
    context = gx.get_context(mode="ephemeral")
    variables: Any = context.variables
    variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("memory").add_dataframe_asset("table")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": table})
    return [batch.validate(item.expectation(item.column), result_format={"result_format": "COMPLETE"}) for item in todo]


def _summary(item: Check, outcome: Any, table: pd.DataFrame, dataset: Dataset) -> dict[str, Any]:
    failed = outcome.result.get("unexpected_index_list") or []
    return {
        "check": item.name,
        "allowed": item.allowed,
        "passed": bool(outcome.success),
        "level": "error",
        "checked": len(table),
        "failed": len(failed),
        "failures": _failures(item, table.loc[failed], dataset) if failed else [],
    }


def _failures(item: Check, rows: pd.DataFrame, dataset: Dataset) -> list[dict[str, Any]]:
    """Groups the rows that failed, in their order. A place is a class, a picture, an index into the file, or a part."""
    if "name" not in rows and "index" in rows:
        rows = naming.named(rows, dataset)
    place = next(name for name in ("name", "index", "part") if name in rows)
    groups = rows.groupby(["part", item.shown or item.column], sort=False, dropna=False)
    return [
        {
            "file": dataset.blamed(str(part), item.subject),
            "places": _ranges(list(group[place])),
            "value": None if pd.isna(value) else value.item() if hasattr(value, "item") else value,
        }
        for (part, value), group in groups
    ]


def _ranges(places: list[Any]) -> str:
    """[1, 2, 3, 7] → "1–3, 7"; names are only listed."""
    runs: list[list[Any]] = []
    for place in places:
        if runs and isinstance(place, int) and place == runs[-1][-1] + 1:
            runs[-1][1:] = [place]
        else:
            runs.append([place])
    return ", ".join("–".join(map(str, run)) for run in runs)
