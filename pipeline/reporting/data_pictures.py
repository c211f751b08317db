"""What the measures of the data checks rest on, drawn: pairs of images, doubtful labels, classes, distributions."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from pipeline.data.arrays import Split
from pipeline.data.profile import MEASURES, QUANTILES
from pipeline.reporting import charts, pictures

BESIDE = 6  # images of a class that are shown of each part
DIFFER = ("distribution", "pixel_levels", "mean_image", "labels_exchanged", "labels_transfer", "class_shares")


class Picture(NamedTuple):
    """Images beside each other as a data: URI, with what is said of them."""

    source: str
    lines: list[str]


def near_duplicates(evidence: dict[str, Any], parts: dict[str, Split], classes: list[str]) -> list[Picture]:
    """Each test image with the one of train that is nearly the same."""
    return [
        Picture(
            _row([parts["test"].images[pair["test"]], parts["train"].images[pair["train"]]]),
            [
                f"test[{pair['test']}] {classes[parts['test'].labels[pair['test']]]}",
                f"train[{pair['train']}] {classes[parts['train'].labels[pair['train']]]}",
                f"correlation {pair['correlation']:.4f}",
            ],
        )
        for pair in evidence["near_duplicates"]["pairs"]
    ]


def copies(evidence: dict[str, Any], parts: dict[str, Split], classes: list[str]) -> list[Picture]:
    """Each copy in a part, beside the first image like it."""
    return [
        Picture(
            _row([parts[part].images[first], parts[part].images[place]]),
            [f"{part}[{each}] {classes[parts[part].labels[each]]}" for each in (first, place)],
        )
        for part, pairs in evidence["copies"].items()
        for place, first in pairs
    ]


def doubtful(evidence: dict[str, Any], parts: dict[str, Split], classes: list[str]) -> list[Picture]:
    """Images whose neighbours have another label."""
    return [
        Picture(
            _row([parts[part].images[each["place"]]]),
            [f"{part}[{each['place']}]", f"labelled {classes[each['label']]}", f"like {classes[each['neighbours']]}"],
        )
        for part, found in evidence["neighbours"]["doubtful"].items()
        for each in found
    ]


def beside(parts: dict[str, Split], classes: list[str], wanted: list[int]) -> Iterator[tuple[str, dict[str, str]]]:
    """(Class, part → its first images in a row) of each class that is wanted."""
    for label in wanted:
        rows = {}
        for part, split in parts.items():
            places = np.flatnonzero(split.labels == label)[:BESIDE]
            if len(places):
                rows[part] = pictures.data_uri(split.images[places])
        yield classes[label], rows


def differing(result: dict[str, Any], classes: list[str]) -> list[int]:
    """The labels to be shown in both parts: those exchanged; all where images differ; none where all is well."""
    failed = [each["check"] for each in result["checks"] if not each["passed"] and each.get("key") in DIFFER]
    exchanged = [int(label) for label in result["evidence"]["neighbours"]["exchanged"]]
    if failed == ["classes exchanged"] and exchanged:
        return exchanged
    return list(range(len(classes))) if failed else []


def distributions(evidence: dict[str, Any]) -> list[tuple[str, str, Markup]]:
    """(Name, what it is, chart) of each measure of images, and of the pixels."""
    profiles = evidence["profiles"]
    drawn = []
    levels = {part: (list(range(256)), np.cumsum(each["levels"]).tolist()) for part, each in profiles.items()}
    for name, meaning in MEASURES.items():
        shares = np.linspace(0, 1, QUANTILES).tolist()
        lines = {part: (each["quantiles"][name], shares) for part, each in profiles.items()}
        drawn.append((name, meaning, charts.cumulative("images below", name, lines)))
    drawn.append(("pixel levels", "all pixels, 0 to 255", charts.cumulative("pixels up to", "level", levels)))
    return drawn


def _row(images: list[np.ndarray]) -> str:
    return pictures.data_uri(np.stack(images))
