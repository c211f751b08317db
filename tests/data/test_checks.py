"""All checks together, on the small data set; test_silent_faults.py has the real images."""

import json

import numpy as np
import pytest
from helpers.data import TEST, TRAIN, make_split

from pipeline.config.schema import Limit
from pipeline.data import checks, expectations
from pipeline.data.arrays import Split
from pipeline.data.measure import Measure


@pytest.fixture
def parts() -> dict[str, Split]:
    return {"train": make_split(TRAIN, 1), "test": make_split(TEST, 2)}


def run(parts, params, **limits) -> dict:
    return checks.check(parts, params.dataset, params.preprocess.checks.model_copy(update=limits))


def said(result: dict, level: str) -> list[str]:
    return [line.partition(":")[0] for line in expectations.failures(result, level)]


def test_good_data_pass_and_the_result_is_the_same_each_time(parts, params):
    result = run(parts, params)
    assert result["passed"] and result["measured"] and len(result["checks"]) == 32
    assert json.dumps(result) == json.dumps(run(parts, params))
    assert said(result, "error") == said(result, "warning") == []
    assert all(each["level"] in ("error", "warning") for each in result["checks"])


@pytest.mark.parametrize(
    ("spoil", "level", "name"),
    [
        (lambda a, b: (a._replace(labels=(a.labels + 1) % 4), b), "error", "classes exchanged"),
        (lambda a, b: (a, b._replace(images=255 - b.images)), "warning", "mean image"),
        (lambda a, b: (a._replace(images=np.tile(a.images[:80], (2, 1, 1, 1))), b), "error", "copies in train"),
        (lambda a, b: (a._replace(images=a.images // 4), b._replace(images=b.images // 4)), "warning", "pixel range"),
        (lambda a, b: (b, a), "warning", "test images for each training image"),
    ],
)
def test_what_is_beyond_a_limit_has_its_level(parts, params, spoil, level, name):
    result = run(dict(zip(parts, spoil(*parts.values()), strict=True)), params)
    assert any(line.startswith(name) for line in said(result, level)), result["checks"]
    failed = [each for each in result["checks"] if not each["passed"] and "value" in each]
    assert all(each["cause"] for each in failed)


def test_limits_and_levels_come_from_the_parameters(parts, params):
    strict = Limit(limit=0.9, level="error")
    result = run(parts, params, pixel_range=strict)
    assert not result["passed"] and said(result, "error") == ["pixel range of train", "pixel range of test"]
    lax = run(parts, params, pixel_range=Limit(limit=0.9, level="warning"))
    assert lax["passed"] and said(lax, "warning") == ["pixel range of train", "pixel range of test"]


def test_a_measure_is_held_against_its_limit_without_what_chance_does(params):
    limits = params.preprocess.checks
    within, beyond = (
        Measure("a", "distribution", value, 0.3, "why") for value in (0.3 + limits.distribution.limit, 0.9)
    )
    (fine,), (failed,) = (checks.judge([each], limits) for each in (within._replace(value=0.44), beyond))
    assert fine["passed"] and fine["cause"] == "" and not failed["passed"] and failed["cause"] == "why"
    assert failed["allowed"] == "≤ 0.15 beyond chance (0.3)"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda s: s._replace(images=s.images[:, 1:]),
        lambda s: s._replace(images=s.images.astype(np.float32)),
        lambda s: s._replace(labels=s.labels[1:]),
        lambda s: s._replace(labels=s.labels + 9),
    ],
)
def test_parts_of_another_shape_are_not_compared(parts, params, spoil):
    result = run(parts | {"test": spoil(parts["test"])}, params)
    assert not result["measured"] and not result["passed"] and "evidence" not in result


def test_the_smallest_parts_can_be_compared(parts, params):
    tiny = {part: Split(split.images[:4], split.labels[:4]) for part, split in parts.items()}
    assert run(tiny, params)["measured"]
