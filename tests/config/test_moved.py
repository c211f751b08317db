import copy
import functools
import json

import pytest
from helpers.data import SHIPPED
from ruamel.yaml import YAML

from pipeline.config.load import parse
from pipeline.config.moved import COMPLETE
from pipeline.core.errors import UserError


def flat(values: dict) -> dict:
    """As an earlier version had it: the model's parameters beside its name, and no formats."""
    old = copy.deepcopy(values)
    model = old["train"].pop("model")
    old["train"] = {"model": model.pop("name")} | model | old["train"]
    for half in ("train", "test"):
        del old["dataset"][half]["format"]
    return old


def test_an_old_file_gives_one_line_that_says_what_moved_where(source):
    with pytest.raises(UserError) as error:
        parse(json.dumps(flat(source[1])), "params.yaml")
    assert str(error.value) == (
        "params.yaml: train.model holds the model's parameters now: "
        "model: {name: cnn, filters: 4, dense_units: 8, dropout: 0.25}; "
        "dataset.train and dataset.test say their format now: format: idx"
    )
    moved = flat(source[1])["train"] | {"model": {"name": "cnn", "filters": 4, "dense_units": 8, "dropout": 0.25}}
    for name in ("filters", "dense_units", "dropout"):
        del moved[name]
    parse(json.dumps(source[1] | {"train": moved}), "params.yaml")  # as it says
    with pytest.raises(UserError, match="filters: 2026-01-01, dense_units"):
        parse(json.dumps(flat(source[1])).replace('"filters": 4', '"filters": 2026-01-01', 1), "params.yaml")


def test_a_format_that_was_forgotten_is_told_as_any_other_key(source):
    values = copy.deepcopy(source[1])
    del values["dataset"]["train"]["format"]
    with pytest.raises(UserError, match=r"^params\.yaml: dataset\.train\.format is missing$"):
        parse(json.dumps(values), "params.yaml")
    values["dataset"]["train"] = values["dataset"]["test"] = {"path": "pets"}
    with pytest.raises(UserError, match=r"^params\.yaml: dataset\.train\.format is missing\n"):
        parse(json.dumps(values), "params.yaml")


@pytest.mark.parametrize(
    ("removed", "named"),
    [
        (["tracking"], "tracking is new"),
        (["train.flip", "train.calibrate"], "train.flip, train.calibrate are new"),
        (["gate", "tracking", "evaluate.behaviour"], "gate, tracking, evaluate.behaviour are new"),
        (["preprocess.checks.labels_fit"], "preprocess.checks.labels_fit is new"),
    ],
)
def test_what_is_new_is_one_line_too(source, removed, named):
    values, shipped = copy.deepcopy(source[1]), YAML(typ="safe", pure=True).load(SHIPPED)
    for name in removed:
        *above, key = name.split(".")
        del functools.reduce(dict.__getitem__, above, values)[key]
    with pytest.raises(UserError) as error:
        parse(json.dumps(values), "params.yaml")
    assert str(error.value) == f"params.yaml: {named}, and missing here: see {COMPLETE}"
    for name in removed:
        *above, key = name.split(".")
        inside = functools.reduce(dict.__getitem__, above, shipped)
        functools.reduce(dict.__getitem__, above, values)[key] = inside[key]
    parse(json.dumps(values), "params.yaml")  # as it says


def test_a_new_section_that_is_misspelt_is_told_as_any_other(source):
    values = {key if key != "gate" else "gaet": value for key, value in source[1].items()}
    with pytest.raises(UserError, match=r"^params\.yaml: unknown name gaet; did you mean gate\?"):
        parse(json.dumps(values), "params.yaml")
