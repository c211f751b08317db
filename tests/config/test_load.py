import copy
import io
import json

import pytest
from helpers.data import edited
from helpers.project import ROOT
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pipeline.config.load import load, parse
from pipeline.config.schema import Params
from pipeline.core import paths
from pipeline.core.errors import UserError

WRONG = [
    ("train.epochs", 0, "train.epochs: input should be greater than or equal to 1, not 0"),
    ("train.epochs", -1, "train.epochs: input should be greater than or equal to 1, not -1"),
    ("train.epochs", 1.5, "train.epochs: input should be a valid integer, not 1.5"),
    ("train.epochs", "ten", "train.epochs: input should be a valid integer, not 'ten'"),
    ("train.epochs", True, "train.epochs: input should be a valid integer, not True"),
    ("train.dropout", 1.0, "train.dropout: input should be less than 1, not 1.0"),
    ("train.learning_rate", float("nan"), "train.learning_rate: input should be"),
    ("train.filters", 0, "train.filters: input should be greater than or equal to 1, not 0"),
    ("train.model", "resnet", "train.model: input should be 'cnn', not 'resnet'"),
    ("train.batch_size", 1000, "train.batch_size: should be at most the 120 training images, not 1000"),
    ("train.epoch", 3, "unknown name train.epoch; did you mean epochs? allowed here: model, filters"),
    ("trian", {}, "unknown name trian; did you mean train? allowed here: dataset, download"),
    ("preprocess.validation", 160, "preprocess.validation: should be 4 to 156"),
    ("preprocess.checks.contrast", 1, "unknown name preprocess.checks.contrast; did you mean contrast_min?"),
    ("evaluate.showcase", 40, "evaluate.showcase: should be less than the 40 test images, not 40"),
    ("dataset.channels", 2, "dataset.channels: input should be 1, 3 or 4, not 2"),
    ("dataset.classes", ["A", "B", "C", "A"], "dataset.classes: the names should differ"),
    ("dataset.test.images", "train-images", "dataset: the four files should have four names"),
    ("preprocess.checks.pixel_min", 256, "preprocess.checks.pixel_min: input should be less than or equal to 255"),
    ("train.schedule", "linear", "train.schedule: input should be 'constant' or 'cosine', not 'linear'"),
    ("tune.space.filters", {"low": 2}, "tune.space.filters: should have low and high, or choices"),
    ("tune.space.filters", {"low": 2, "high": 6, "step": 0.5}, "tune.space.filters.step: should be a whole number"),
    ("tune.space.filters", {"low": 2, "high": 6, "step": 3}, "tune.space.filters: step: should lead from low to high"),
    ("tune.space.filters", {"lo": 2, "high": 6}, "unknown name tune.space.filters.lo; did you mean low?"),
    ("dataset.train.images", "../../etc/passwd", "dataset.train.images: string should match pattern"),
]


def as_yaml(values: dict) -> str:
    stream = io.StringIO()
    YAML().dump(values, stream)
    return stream.getvalue()


def changed(values: dict, key: str, value) -> dict:
    values = copy.deepcopy(values)
    *parents, last = key.split(".")
    section = values
    for parent in parents:
        section = section[parent]
    section[last] = value
    return values


@pytest.mark.parametrize(("key", "value", "message"), WRONG)
def test_a_mistake_is_one_line_that_names_key_value_and_what_is_allowed(source, key, value, message):
    with pytest.raises(UserError) as error:
        parse(as_yaml(changed(source[1], key, value)), "params.yaml")
    assert f"params.yaml: {message}" in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_a_missing_key_is_named(source):
    values = copy.deepcopy(source[1])
    del values["train"]["epochs"]
    with pytest.raises(UserError, match=r"params.yaml: train.epochs is missing"):
        parse(as_yaml(values), "params.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "line"),
        ("a: 1\na: 2\n", "duplicate key"),
        ("", "should hold the sections dataset, download"),
        ("hello", "should hold the sections"),
    ],
)
def test_text_that_is_no_mapping_is_refused(text, message):
    with pytest.raises(UserError, match=message):
        parse(text, "params.yaml")


@given(st.text(max_size=200))
def test_any_text_is_either_parameters_or_a_user_error(text):
    with pytest.raises(UserError):
        parse(text, "params.yaml")


@given(edited((ROOT / "params.yaml").read_text(), st.text(max_size=4) | st.sampled_from("0-1:[]{}#&*!|>'\"%@`\n\t ")))
def test_an_edited_file_is_either_parameters_or_lines_that_name_it(text):
    try:
        params = parse(text, "params.yaml")
    except UserError as error:
        assert all(line.startswith("params.yaml") for line in str(error).splitlines())
        return
    assert Params.model_validate(params.model_dump()) == params


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=5), v, max_size=3))
SECTION_KEYS = [f"{name}.{key}" for name, field in Params.model_fields.items() for key in field.annotation.model_fields]


@given(key=st.sampled_from(SECTION_KEYS), value=VALUES)
def test_any_value_anywhere_is_either_within_its_limits_or_a_user_error(source, key, value):
    text = json.dumps(changed(source[1], key, value))  # JSON is YAML
    try:
        params = parse(text, "params.yaml")
    except UserError as error:
        assert str(error).startswith("params.yaml: ")
        return
    train = params.train
    assert train.epochs >= 1 and train.filters >= 1 and 0 <= train.dropout < 1 and 1 <= train.batch_size <= 120
    assert train.model == "cnn" and 0 <= train.seed < 2**31


def test_load_returns_the_sections_in_the_order_asked_for():
    train, dataset = load("train", "dataset", path=ROOT / "params.yaml")
    assert (train.epochs, dataset.image_shape) == (10, (28, 28, 1))


def test_text_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "params.yaml").write_bytes("name: é".encode("latin-1"))
    with pytest.raises(UserError, match="no UTF-8 text"):
        load("train", path=tmp_path / "params.yaml")


def test_overrides_are_given_as_text(tmp_path, source):
    path = tmp_path / "params.yaml"
    path.write_text(as_yaml(source[1]))
    (train,) = load("train", overrides={"train": {"epochs": "7", "dropout": "0.5"}}, path=path)
    assert (train.epochs, train.dropout, train.filters) == (7, 0.5, 4)
    for values, message in [
        ({"epochs": "ten"}, "epochs: input should be a valid integer"),
        ({"epoch": "3"}, "unknown name epoch; did you mean epochs?"),
        ({"epochs": "1; touch x"}, "epochs: input should be a valid integer"),
        ({"batch_size": "500"}, "train.batch_size: should be at most the 120"),
    ]:
        with pytest.raises(UserError, match=message):
            load("train", overrides={"train": values}, path=path)


def test_the_committed_schema_is_that_of_the_code():
    assert json.loads((ROOT / paths.SCHEMA).read_text()) == Params.model_json_schema()
