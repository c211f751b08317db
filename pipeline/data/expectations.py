"""Data checks: arrays → tables → Great Expectations → a result that is the same, byte for byte, for the same data.

Great Expectations judges tables, so the arrays become three: one row per image, one per part (train, test), and one
per part and class. Every limit comes from params.yaml.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import great_expectations as gx
import numpy as np
import pandas as pd
from great_expectations import expectations as gxe

from pipeline.config.schema import Checks, Dataset
from pipeline.data.arrays import Split

EXAMPLES = 5  # failures named per check
BLOCK = 10_000  # images held as float64 at one time: 63 MB at 28 × 28


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


def image_table(parts: dict[str, Split]) -> pd.DataFrame:
    """One row per image.

    Columns: part, index, label (missing where there are fewer labels than images), height, width, channels, dtype,
    min, max, contrast (max − min), mean, std (pixel values), sha1 (of the pixels), elsewhere (in another part too).
    """
    table = pd.concat([_rows(part, split) for part, split in parts.items()], ignore_index=True)
    parts_with_image = table.groupby("sha1")["part"].nunique()
    return table.assign(elsewhere=table["sha1"].map(parts_with_image) > 1)


def _rows(part: str, split: Split) -> pd.DataFrame:
    pixels = split.images.reshape(len(split.images), -1)
    blocks = [pixels[start : start + BLOCK] for start in range(0, len(pixels), BLOCK)]
    low, high = pixels.min(axis=1).astype(int), pixels.max(axis=1).astype(int)
    return pd.DataFrame(
        {
            "part": part,
            "index": np.arange(len(pixels)),
            "label": pd.Series(split.labels[: len(pixels)], dtype="Int64").reindex(range(len(pixels))),
            "height": split.images.shape[1],
            "width": split.images.shape[2],
            "channels": split.images.shape[3],
            "dtype": str(split.images.dtype),
            "min": low,
            "max": high,
            "contrast": high - low,
            "mean": np.concatenate([block.mean(axis=1) for block in blocks]),
            "std": np.concatenate([block.std(axis=1) for block in blocks]),
            "sha1": [hashlib.sha1(image.tobytes()).hexdigest() for image in pixels],
        }
    )


def part_table(parts: dict[str, Split], expected: dict[str, int]) -> pd.DataFrame:
    """One row per part. Columns: part, images, labels, expected (numbers), label_dtype."""
    return pd.DataFrame(
        [
            {
                "part": part,
                "images": len(split.images),
                "labels": len(split.labels),
                "expected": expected[part],
                "label_dtype": str(split.labels.dtype),
            }
            for part, split in parts.items()
        ]
    )


def class_table(parts: dict[str, Split], classes: list[str]) -> pd.DataFrame:
    """One row per part and class. Columns: part, index (the label), name, count, share, deviation from equal shares."""
    rows = []
    for part, split in parts.items():
        counts = np.bincount(split.labels, minlength=len(classes))[: len(classes)]
        for label, (name, count) in enumerate(zip(classes, counts, strict=True)):
            share = float(count / max(len(split.labels), 1))
            deviation = round(abs(share - 1 / len(classes)), 9)
            rows.append([part, label, name, int(count), round(share, 9), deviation])
    return pd.DataFrame(rows, columns=["part", "index", "name", "count", "share", "deviation"])


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


def check(parts: dict[str, Split], dataset: Dataset, limits: Checks) -> dict[str, Any]:
    """Holds every part (`train`, `test`) against every expectation.

    Returns {passed, checks, classes}: `checks` has for each expectation its name, what is allowed, passed, how many
    rows were checked and failed, and the first failures as {file, index, value}; `classes` is `class_table` as rows.
    An expectation that could not be evaluated counts as failed.
    """
    classes = class_table(parts, dataset.classes)
    expected = {part: getattr(dataset, part).count for part in parts}
    tables = {"images": image_table(parts), "parts": part_table(parts, expected), "classes": classes}
    outcomes = []
    for name, table in tables.items():
        todo = [check for check in expectations(dataset, limits) if check.table == name]
        for item, outcome in zip(todo, _validate(table, todo), strict=True):
            outcomes.append(_summary(item, outcome, table, dataset))
    return {
        "passed": all(outcome["passed"] for outcome in outcomes),
        "checks": outcomes,
        "classes": classes.to_dict("records"),
    }


def failures(result: dict[str, Any]) -> list[str]:
    """One line for each failed check: its name, what is allowed, how many rows fail, the first of them."""
    lines = []
    for outcome in result["checks"]:
        if not outcome["passed"]:
            named = ", ".join(f"{item['file']}[{item['index']}] is {item['value']}" for item in outcome["examples"])
            more = ", …" if outcome["failed"] > len(outcome["examples"]) else ""
            lines.append(
                f"{outcome['check']}: allowed is {outcome['allowed']}; {outcome['failed']:,} of "
                f"{outcome['checked']:,} fail: {named + more or 'the check could not be evaluated'}"
            )
    return lines


def _validate(table: pd.DataFrame, todo: list[Check]) -> list[Any]:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("memory").add_dataframe_asset("table")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": table})
    return [batch.validate(item.expectation(item.column), result_format={"result_format": "COMPLETE"}) for item in todo]


def _summary(item: Check, outcome: Any, table: pd.DataFrame, dataset: Dataset) -> dict[str, Any]:
    failed = outcome.result.get("unexpected_index_list") or []
    return {
        "check": item.name,
        "allowed": item.allowed,
        "passed": bool(outcome.success),
        "checked": len(table),
        "failed": len(failed),
        "examples": [_example(item, table.loc[row], dataset) for row in failed[:EXAMPLES]],
    }


def _example(item: Check, row: pd.Series, dataset: Dataset) -> dict[str, Any]:
    value = row[item.shown or item.column]
    return {
        "file": getattr(getattr(dataset, row["part"]), item.subject),
        "index": row["name"] if "name" in row else int(row["index"]) if "index" in row else row["part"],
        "value": None if pd.isna(value) else value.item() if hasattr(value, "item") else value,
    }
