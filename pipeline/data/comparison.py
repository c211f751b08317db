"""Train and test held against each other, and what passes silently otherwise: every measure, with its likely cause.

Nothing of this chooses a model. Test images are compared with those of train, and the rest is forgotten.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from pipeline.data import causes, change, drift, duplicates, neighbours
from pipeline.data.arrays import Split
from pipeline.data.change import Change
from pipeline.data.measure import Measure
from pipeline.data.profile import Profile, profile

SHOWN = 12  # pairs, and doubtful labels, that are kept for the page


class Comparison(NamedTuple):
    """Measures, and what they rest on, as the page shows it and data_checks.json keeps it."""

    measures: list[Measure]
    evidence: dict[str, Any]


def compare(parts: dict[str, Split], table: pd.DataFrame, classes: list[str]) -> Comparison:
    """Measures train and test; `table` is what tables.image_table made of them. Equal input gives equal output."""
    train, test = parts["train"], parts["test"]
    profiles = {part: profile(split.images, split.labels, len(classes)) for part, split in parts.items()}
    measures = [_size(train, test), *_ranges(profiles)]
    both = {part: profiles[part] for part in ("train", "test")}  # a part for validation is not compared
    drifts = drift.drift(*both.values())
    undo = change.likely(*both.values()) if any(each.certain for each in drifts) else None
    measures += [each._replace(cause=causes.of_drift(each, both, undo, classes)) for each in drifts]
    evidence: dict[str, Any] = {"change": undo.name if undo else None}
    for found in (_copies(table), _twins(train, test), _labels(parts, classes, undo)):
        measures += found.measures
        evidence |= found.evidence
    evidence["profiles"] = {part: each.model_dump(exclude={"means"}) for part, each in profiles.items()}
    return Comparison([each.rounded() for each in measures], evidence)


def _size(train: Split, test: Split) -> Measure:
    value = len(test.labels) / len(train.labels)
    return Measure("test images for each training image", "test_size", value, cause=causes.of_size(value))


def _ranges(profiles: dict[str, Profile]) -> list[Measure]:
    return [
        Measure(f"pixel range of {part}", "pixel_range", each.brightest / 255, cause=causes.of_range(each.brightest))
        for part, each in profiles.items()
    ]


def _copies(table: pd.DataFrame) -> Comparison:
    measures, pairs = [], {}
    for part, rows in table.groupby("part", sort=False):
        found = duplicates.copies(rows["hash"].to_numpy())
        cause = causes.of_copies(str(part), found, len(rows))
        measures.append(Measure(f"copies in {part}", "duplicates", len(found) / len(rows), cause=cause))
        pairs[str(part)] = [list(pair) for pair in found[:SHOWN]]
    return Comparison(measures, {"copies": pairs})


def _twins(train: Split, test: Split) -> Comparison:
    found = duplicates.twins(train.images, test.images)
    pairs = [
        {"test": int(here), "train": int(there), "correlation": float(correlation)}
        for here, there, correlation in zip(*found[:3], strict=True)
    ]
    cause = causes.of_twins(pairs, found.asked)
    share = len(pairs) / found.asked
    natural = duplicates.alike(test.images)
    measure = Measure("test images nearly in train", "near_duplicates", share, natural, cause)
    return Comparison(
        [measure], {"near_duplicates": {"count": len(pairs), "asked": found.asked, "pairs": pairs[:SHOWN]}}
    )


def _labels(parts: dict[str, Split], classes: list[str], undo: Change | None) -> Comparison:
    found = neighbours.agreement(parts["train"], parts["test"], len(classes), undo)
    measures, doubts = [], {}
    for part, asked, other in (("train", found.train, found.test), ("test", found.test, found.train)):
        value, chance = neighbours.misfit(asked, other)
        cause = causes.of_labels(part, asked, other, parts[part].labels)
        measures.append(Measure(f"labels of {part} that fit less", "labels_fit", value, chance, cause))
        if measures[-1].certain:
            doubts[part] = [
                {"place": place, "label": label, "neighbours": said}
                for place, label, said in neighbours.doubtful(asked, SHOWN)
            ]
    exchanged = neighbours.exchange(found)
    cause = causes.of_exchange(exchanged.names, classes)
    measures.append(Measure("classes exchanged", "labels_exchanged", exchanged.share, exchanged.chance, cause))
    value, chance = neighbours.misfit(found.across, found.test)
    cause = causes.of_transfer(found.test.accuracy, found.across.accuracy)
    measures.append(Measure("test less known from train", "labels_transfer", value, chance, cause))
    accuracy = {name: round(votes.accuracy, 4) for name, votes in found._asdict().items()}
    confusion = np.round(found.across.confusion, 4).tolist()
    names = {str(label): name for label, name in exchanged.names.items()} if measures[-2].certain else {}
    return Comparison(
        measures,
        {"neighbours": {"accuracy": accuracy, "confusion": confusion, "exchanged": names, "doubtful": doubts}},
    )
