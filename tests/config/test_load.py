import json

import pytest
from helpers.data import SHIPPED, changed, edited
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.config.load import load, parse
from pipeline.config.schema import Params
from pipeline.config.schema.params import NO_SWEEP
from pipeline.core.errors import UserError


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("b: 1\na: [", r"^params\.yaml: line 2: expected the node content, but found"),
        ("a: 1\na: 2\n", "duplicate key"),
        ("[" * 500, "recursion"),
        ("", "should hold the sections dataset, download"),
        ("hello", "should hold the sections"),
        ("a: 1" + "0" * 5000, "Exceeds the limit"),
        ("a: 2026-13-01", "month must be in 1..12"),
    ],
)
def test_text_that_is_no_mapping_is_refused(text, message):
    with pytest.raises(UserError, match=message):
        parse(text, "params.yaml")


@given(st.text(max_size=200))
def test_any_text_is_either_parameters_or_a_user_error(text):
    with pytest.raises(UserError):
        parse(text, "params.yaml")


@given(edited(SHIPPED.read_text(), st.text(max_size=4) | st.sampled_from("0-1:[]{}#&*!|>'\"%@`\n\t ")))
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
    assert 1 <= train.epochs <= 10**6 and 1 <= train.batch_size <= 120 and 0 <= train.seed < 2**31
    assert train.model.filters >= 1 and 0 <= train.model.dropout < 1


def test_load_returns_the_sections_in_the_order_asked_for():
    train, dataset = load("train", "dataset", path=SHIPPED)
    assert (type(train).__name__, type(dataset).__name__) == ("Train", "Dataset")
    with pytest.raises(ValidationError, match="frozen"):
        train.epochs = 1


def test_text_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "params.yaml").write_bytes("name: é".encode("latin-1"))
    with pytest.raises(UserError, match="unacceptable character #x00e9: unexpected end of data"):
        load("train", path=tmp_path / "params.yaml")


def test_overrides_are_given_as_text(tmp_path, source):
    path = tmp_path / "params.yaml"
    path.write_text(json.dumps(source[1]))
    (train,) = load("train", overrides={"train": {"epochs": "7", "dropout": "0.5"}}, path=path)
    assert (train.epochs, train.model.dropout, train.model.filters) == (7, 0.5, 4)
    for values, message in [
        ({"epochs": "ten"}, "epochs: input should be a valid integer"),
        ({"epoch": "3"}, "unknown name epoch; did you mean epochs?"),
        ({"model": "lenet"}, "train.model.name: input should be 'cnn', 'vgg'"),
        ({"filters": "0"}, "train.model.filters: input should be greater than or equal to 1"),
        ({"a": "1", "b": "2"}, "^unknown name a; .*\nunknown name b; "),
        ({"epochs": "0", "filters": "0"}, "^train.model.filters: .*, not '0'\ntrain.epochs: .*, not '0'$"),
        ({"epochs": "1; touch x"}, "epochs: input should be a valid integer"),
        ({"batch_size": "500"}, "train.batch_size: should be at most the 120"),
    ]:
        with pytest.raises(UserError, match=message):
            load("train", overrides={"train": values}, path=path)


def test_one_training_may_be_of_another_model_than_the_sweep(source, monkeypatch):
    values = changed(source[1], "tune.space", {"units": {"low": 1, "high": 2}})
    with pytest.raises(UserError, match=r"unknown name tune\.space\.units"):
        parse(json.dumps(values), "params.yaml")
    monkeypatch.setattr("pipeline.config.load.parse", lambda *_: Params.model_validate(values, context=NO_SWEEP))
    assert load("train", overrides={"train": {"filters": "3"}}, path=SHIPPED)[0].model.filters == 3
    with pytest.raises(UserError, match=r"unknown name tune\.space\.units"):
        load("tune", overrides={"tune": {"trials": "3"}}, path=SHIPPED)
