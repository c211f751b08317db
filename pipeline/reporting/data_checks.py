"""The result of the data checks as one HTML page that needs no network: verdict, causes, tables, pictures."""

from typing import Any

import numpy as np

from pipeline.data.arrays import Split
from pipeline.reporting import data_pictures, page, pictures

IN_A_ROW, ROWS = 6, 2  # images shown of each class; on a phone the rows stand one below the other
COLUMNS = {"train": "For training", "validation": "of these for validation", "test": "For the test"}


def render(result: dict[str, Any], parts: dict[str, Split], name: str) -> str:
    """Returns the page for what `checks.check` found in `parts`; equal input gives equal text.

    `result["classes"]` may have rows of a further part, the images set aside for validation.
    """
    rows: dict[int, dict[str, Any]] = {}
    for row in result["classes"]:
        rows.setdefault(row["index"], {"name": row["name"], "parts": {}})["parts"][row["part"]] = row
    checks = result["checks"]
    titles = COLUMNS | ({"validation": "For validation"} if "validation" in parts else {})  # it has images of its own
    return page.render_file(
        "data_checks.html",
        title=f"Are the data of {name} as they should be?",
        result=result,
        failed=sum(not check["passed"] and check["level"] == "error" for check in checks),
        warned=sum(not check["passed"] and check["level"] == "warning" for check in checks),
        expected=[check for check in checks if "value" not in check],
        measures=[check for check in checks if "value" in check],
        columns={part: title for part, title in titles.items() if any(part in row["parts"] for row in rows.values())},
        rows=rows,
        widest=max(row["share"] for row in result["classes"]) or 1,
        samples={label: samples(parts["train"], label) for label in rows},
        **evidence(result, parts, [row["name"] for row in rows.values()]),
    )


def evidence(result: dict[str, Any], parts: dict[str, Split], classes: list[str]) -> dict[str, Any]:
    """The pictures behind the measures, by their names in the template; nothing where the data were not compared."""
    if not (found := result.get("evidence")):
        return {}
    return {
        "leaked": any(check.get("key") == "near_duplicates" and not check["passed"] for check in result["checks"]),
        "near_duplicates": data_pictures.near_duplicates(found, parts, classes),
        "copies": data_pictures.copies(found, parts, classes),
        "doubtful": data_pictures.doubtful(found, parts, classes),
        "beside": list(data_pictures.beside(parts, classes, data_pictures.differing(result, classes))),
        "distributions": data_pictures.distributions(found),
    }


def samples(split: Split, label: int) -> list[str]:
    """The first images of a class, in rows, each a data: URI; none where there are none."""
    found = np.flatnonzero(split.labels == label)[: IN_A_ROW * ROWS]
    found = found[found < len(split.images)]
    starts = range(0, len(found), IN_A_ROW)
    return [pictures.data_uri(split.images[found[start : start + IN_A_ROW]]) for start in starts]
