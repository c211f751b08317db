"""A description → values of params.yaml: the section dataset, and what has to fit the data elsewhere."""

import math
from typing import Any, NamedTuple

from pydantic import ValidationError

from pipeline.config.rewrite import EMPTY
from pipeline.config.schema import Dataset
from pipeline.core.cli import counted
from pipeline.core.errors import NAMED, UserError
from pipeline.description.found import PARTS, Found

SHARE = 0.15  # of the images, for the test, where no part is for that
MOST = 0.5  # of the images that may be needed for it, where a class has very few
STEPS = 16  # in an epoch, at least
SMALLEST = 8  # images in a step
FEW = 8  # test images may answer otherwise, at least


class Setting(NamedTuple):
    """A value for params.yaml, and why it is this one."""

    value: Any
    why: str


def dataset(found: Found) -> dict[str, Any]:
    """The section dataset."""
    height, width, channels = found.shape
    section: dict[str, Any] = {"name": found.name, "classes": found.classes}
    section |= {"height": height, "width": width, "channels": channels}
    section |= {part: each.half for part, each in found.parts.items()}
    if "test" not in found.parts:
        section["test"] = {"format": "share", "of": share(found), "seed": 1}
    return section


def assert_possible(found: Found) -> None:
    """Raises UserError for what params.yaml can say of no data: names, or classes with too few images to train with."""
    needed = 1 + ("test" not in found.parts) + ("validation" not in found.parts)
    counts = found.parts["train"].counts
    few = [f"{name} has {counts.get(name, 0)}" for name in found.classes if counts.get(name, 0) < needed]
    if few:
        shown = ", ".join(few[:NAMED]) + (", …" if len(few) > NAMED else "")
        parts = ", ".join(("one to train", *(f"one for {part}" for part in PARTS if part not in found.parts)))
        raise UserError(f"{found.name}: a class needs {counted(needed, 'image')} in train ({parts}); class {shown}")
    try:
        mistakes = list(Dataset.model_validate(dataset(found)).mistakes())
    except ValidationError as error:
        lines = {".".join(map(str, each["loc"])): (each["type"], each["msg"], each["input"]) for each in error.errors()}
        mistakes = [f"dataset.{where}: {_said(*each)}" for where, each in lines.items()]
    if mistakes:
        raise UserError("\n".join(f"{found.name}: {line}" for line in mistakes))


def _said(kind: str, message: str, value: Any) -> str:
    if kind == "string_pattern_mismatch":
        return f"rename {value!r}: letters, digits and . _ - may be in it (spaces too in a folder or a data set)"
    said = message.removeprefix("Value error, ")
    return said if repr(value) in said else f"{said}, not {value!r}"


def share(found: Found) -> float:
    """The share of the images for the test: more where the smallest class would be without one."""
    fewest = min(found.parts["train"].counts.get(name, 0) for name in found.classes)
    return min(MOST, max(SHARE, _up(1 / max(1, fewest), 4)))


def split(found: Found) -> dict[str, dict[str, float]]:
    """Part → images of each class, after the test images are cut, which are fractions then."""
    counts: dict[str, dict[str, float]] = {part: dict(each.counts) for part, each in found.parts.items()}
    if "test" not in counts:
        of = share(found)
        counts["test"] = {name: count * of for name, count in counts["train"].items()}
        counts["train"] = {name: count * (1 - of) for name, count in counts["train"].items()}
    return counts


def others(found: Found, now: dict[str, Any]) -> dict[str, Setting]:
    """Path → what the other sections need, given the values that they have `now`, a tree that may lack any key."""
    counts = split(found)
    train, test = (round(sum(counts[part].values())) for part in ("train", "test"))
    classes = len(found.classes)
    aside = max(classes, min(round(train / 10), train - classes))
    own = "validation" in found.parts
    images = train if own else train - aside
    largest = max(max(each.values()) / max(1, sum(each.values())) for each in (counts["train"], counts["test"]))
    accuracy = math.floor(100 * min(2 * largest, (1 + largest) / 2)) / 100
    result = {
        "preprocess.validation": Setting(EMPTY, "dataset.validation has images of its own")
        if own
        else Setting(aside, f"a tenth of {train:,}"),
        "preprocess.checks.class_balance_tolerance": Setting(
            tolerance(counts, classes), "as far as the classes differ"
        ),
        "gate.accuracy": Setting(accuracy, "well above guessing, no more: raise it when you know what is possible"),
        "gate.worst_class": Setting(math.floor(50 * accuracy) / 100, "half of that"),
    }
    showcase = _at(now, "evaluate.showcase")
    if not (isinstance(showcase, int) and 0 <= showcase < test):
        result["evaluate.showcase"] = Setting(0, f"there are {test:,} test images")
    calibration = _up(1.5 / math.sqrt(max(1, test)))  # what chance alone makes of it, in so few images
    if not _at(now, "gate.calibration_error") or calibration > _at(now, "gate.calibration_error"):
        result["gate.calibration_error"] = Setting(min(1.0, calibration), f"of {test:,} images it is not known better")
    return result | _behaviour(test, classes, now) | _batches(images, now)


def tolerance(counts: dict[str, dict[str, float]], classes: int) -> float:
    """How far the share of a class lies from that of equal classes, with an image more or less, rounded up."""
    farthest = 0.0
    for part, each in counts.items():
        total = max(1.0, sum(each.values()))
        rounding = 1 / total if part != "validation" and any(count % 1 for count in each.values()) else 0
        farthest = max(farthest, *(abs(count / total - 1 / classes) + rounding for count in each.values()))
    return min(1.0, max(0.01, _up(farthest)))


def _behaviour(test: int, classes: int, now: dict[str, Any]) -> dict[str, Setting]:
    """The limits of the behaviour tests, made wider where they would be a matter of a few images, or of one class."""
    result = {}
    for name in ("flip", "shift", "light", "noise"):
        limit = _at(now, f"evaluate.behaviour.{name}")
        least = min(1.0, _up(FEW / max(1, test)))
        if isinstance(limit, float) and 0 < limit < least:
            result[f"evaluate.behaviour.{name}"] = Setting(least, f"{FEW} of {test:,} test images")
    typical, all_but_one = _at(now, "evaluate.behaviour.archetypes"), math.floor(100 * (1 - 1 / classes)) / 100
    if isinstance(typical, float) and typical > all_but_one:
        result["evaluate.behaviour.archetypes"] = Setting(all_but_one, f"one of {classes} classes may be missed")
    return result


def _batches(images: int, now: dict[str, Any]) -> dict[str, Setting]:
    """The batch size, made smaller for few images, and those that a sweep tries."""
    most = max(min(SMALLEST, images), 2 ** max(0, math.floor(math.log2(max(1, images / STEPS)))))
    result = {}
    size = _at(now, "train.batch_size")
    if not isinstance(size, int) or size > most:
        result["train.batch_size"] = Setting(most, f"of {images:,} training images")
    space = _at(now, "tune.space.batch_size")
    if isinstance(space, dict):
        tried = [each for each in (*(space.get("choices") or ()), space.get("high")) if isinstance(each, int | float)]
        if not tried or max(tried) > 2 * most:
            choices = sorted({max(1, most // 2), most, min(2 * most, images)})
            why = "around train.batch_size"
            if "choices" in space:
                result["tune.space.batch_size.choices"] = Setting(choices, why)
            else:
                result["tune.space.batch_size"] = Setting({"choices": choices}, why)
    return result


def _at(tree: Any, path: str) -> Any:
    for key in path.split("."):
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def _up(value: float, digits: int = 2) -> float:
    return math.ceil(round(10**digits * value, 6)) / 10**digits
