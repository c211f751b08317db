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
from pipeline.core.errors import UserError
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


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (
            {"train": [2, 9]},
            "a class needs 3 images in train (one to train, one for validation, one for test)",
        ),
        ({"train": [1, 9], "test": [1, 9]}, "a class needs 2 images in train (one to train, one for validation)"),
        (
            {"train": [0, 9], "test": [1, 9], "validation": [1, 9]},
            "a class needs 1 image in train (one to train)",
        ),
    ],
)
def test_too_few_images_to_cut_are_one_line(counts, message):
    with pytest.raises(UserError) as error:
        settings.assert_possible(found(**counts))
    assert message in str(error.value) and f"class 0 has {counts['train'][0]}" in str(error.value)
    settings.assert_possible(found(**{part: [3, 9] for part in counts}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "a/b"}, "mine: dataset.name: rename 'a/b': letters, digits and . _ - may be in it"),
        ({"classes": ["<b>", "dog"]}, "mine: dataset.classes.0: should have neither < nor >"),
        ({"shape": (1, 8, 1)}, "mine: dataset.height: Input should be greater than or equal to 2, not 1"),
    ],
)
def test_what_params_yaml_cannot_say_is_one_line(changes, message):
    described = found(train=[9, 9])
    counts = dict.fromkeys(changes.get("classes", described.classes), 9)
    parts = {"train": described.parts["train"]._replace(counts=counts)}
    with pytest.raises(UserError) as error:
        settings.assert_possible(described._replace(parts=parts, **changes))
    assert str(error.value).startswith(message.replace("mine", changes.get("name", "mine"), 1))
    assert "\n" not in str(error.value)


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


def test_the_behaviour_tests_allow_what_chance_makes_of_few_images_and_classes():
    now = NOW | {"evaluate": {"behaviour": {"flip": 0.35, "light": 0.05, "archetypes": 0.9}}}
    few = settings.others(found(train=[300] * 3, test=[15] * 3), now)
    assert few["evaluate.behaviour.light"].value == 0.18 and few["evaluate.behaviour.archetypes"].value == 0.66
    assert "evaluate.behaviour.flip" not in few  # 15 images may change
    assert not [path for path in settings.others(found(train=[6000] * 10, test=[1000] * 10), now) if "behav" in path]


def test_large_data_keeps_the_batch_size_and_the_sweep():
    values = settings.others(found(train=[6000] * 10, test=[1000] * 10), NOW)
    assert not [
        path for path in values if "batch_size" in path or path in ("evaluate.showcase", "gate.calibration_error")
    ]


def test_a_sweep_of_a_range_gets_choices_that_fit():
    now = json.loads(json.dumps(NOW))
    now["tune"]["space"]["batch_size"] = {"low": 64, "high": 512, "log": True}
    assert settings.others(found(train=[20, 20]), now)["tune.space.batch_size"].value == {"choices": [4, 8, 16]}
