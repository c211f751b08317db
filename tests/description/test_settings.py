"""What has to fit the data elsewhere in params.yaml: whatever the counts, the result is valid."""

import json
from collections import Counter

import pytest
from helpers.data import SHIPPED
from hypothesis import assume, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pipeline.config.load import parse
from pipeline.config.rewrite import EMPTY
from pipeline.description import settings
from pipeline.description.found import Found, Part

NOW = YAML(typ="safe", pure=True).load(SHIPPED)


def found(**counts: list[int]) -> Found:
    """A data set with these counts of each class, by part."""
    classes = [f"class {number}" for number in range(len(next(iter(counts.values()))))]
    parts = {
        part: Part(
            {"format": "folder", "count": sum(each), "path": part, "sha256": "0" * 64, "resize": "fit"},
            dict(zip(classes, each, strict=True)),
        )
        for part, each in counts.items()
    }
    return Found("mine", ".", classes, (8, 8, 3), parts, Counter(), [], [])


def applied(described: Found, now: dict) -> dict:
    """params.yaml with all of it in."""
    tree = json.loads(json.dumps(now)) | {"dataset": settings.dataset(described)}
    for path, setting in settings.others(described, tree).items():
        *above, key = path.split(".")
        node = tree
        for name in above:
            node = node[name]
        node[key] = None if setting.value == EMPTY else setting.value
    return tree


@given(
    counts=st.lists(st.integers(3, 400) | st.integers(3, 10**6), min_size=2, max_size=30),
    test=st.booleans(),
    own=st.booleans(),
)
def test_the_settings_make_params_yaml_valid(counts, test, own):
    parts = {"train": counts} | ({"validation": counts} if own else {}) | ({"test": counts} if test else {})
    tree = applied(found(**parts), NOW)
    params = parse(json.dumps(tree), "params.yaml")
    assert params.train.batch_size <= params.training_images
    assert applied(found(**parts), tree) == tree, "a second time changes nothing"


@given(counts=st.lists(st.integers(4, 200), min_size=2, max_size=12))
def test_every_class_is_in_the_test_and_as_balanced_as_is_said(counts):
    import numpy as np

    from pipeline.config.schema import Share
    from pipeline.data.formats import share

    described = found(train=counts)
    labels = np.repeat(np.arange(len(counts)), counts)
    section = settings.dataset(described)["test"]
    assume(round(len(labels) * section["of"]) >= len(counts))
    tolerance = settings.others(described, NOW)["preprocess.checks.class_balance_tolerance"].value
    for places in share.places(labels, Share.model_validate(section)):
        each = np.bincount(labels[places], minlength=len(counts))
        assert each.min() >= 1
        assert np.abs(each / each.sum() - 1 / len(counts)).max() <= tolerance + 1e-9


@pytest.mark.parametrize(
    ("counts", "accuracy"), [([100] * 10, 0.2), ([100] * 2, 0.75), ([90, 10], 0.95), ([100] * 100, 0.02)]
)
def test_the_gate_promises_no_more_than_twice_what_guessing_gets(counts, accuracy):
    values = settings.others(found(train=counts, test=counts), NOW)
    assert values["gate.accuracy"].value == accuracy


def test_large_data_keeps_the_batch_size_and_the_sweep():
    values = settings.others(found(train=[6000] * 10, test=[1000] * 10), NOW)
    assert not [
        path for path in values if "batch_size" in path or path in ("evaluate.showcase", "gate.calibration_error")
    ]


def test_a_sweep_of_a_range_gets_choices_that_fit():
    now = json.loads(json.dumps(NOW))
    now["tune"]["space"]["batch_size"] = {"low": 64, "high": 512, "log": True}
    assert settings.others(found(train=[20, 20]), now)["tune.space.batch_size"].value == {"choices": [4, 8, 16]}
