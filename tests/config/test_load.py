import copy
import io
import json
import re

import pytest
from helpers.data import SHIPPED, edited
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pipeline.config.load import load, parse
from pipeline.config.schema import Params
from pipeline.config.schema.params import NO_SWEEP
from pipeline.core.errors import UserError

WRONG = [
    ("train.epochs", 0, "train.epochs: input should be greater than or equal to 1, not 0"),
    ("train.epochs", -1, "train.epochs: input should be greater than or equal to 1, not -1"),
    ("train.epochs", 1.5, "train.epochs: input should be a valid integer, not 1.5"),
    ("train.epochs", "ten", "train.epochs: input should be a valid integer, not 'ten'"),
    ("train.epochs", True, "train.epochs: input should be a valid integer, not True"),
    ("train.epochs", 10**400, "train.epochs: input should be less than or equal to 1000000, not 1000"),
    ("tune.epochs", 10**400, "tune.epochs: input should be less than or equal to 1000000, not 1000"),
    ("train.model.dropout", 1.0, "train.model.dropout: input should be less than 1, not 1.0"),
    ("train.learning_rate", float("nan"), "train.learning_rate: input should be"),
    ("train.model.filters", 0, "train.model.filters: input should be greater than or equal to 1, not 0"),
    ("train.model.name", "lenet", "train.model.name: input should be 'cnn', 'vgg'"),
    ("train.model.name", 3, "train.model.name: input should be 'cnn', 'vgg'"),
    ("train.model", 3, "train.model: input should be a valid dictionary"),
    ("train.model", {"filters": 3}, "train.model.name is missing"),
    ("train.model.filter", 3, "unknown name train.model.filter; did you mean filters? allowed here: name, filters"),
    ("train.filters", 3, "unknown name train.filters; it belongs into train.model"),
    ("train.batch_size", 1000, "train.batch_size: should be at most the 120 training images, not 1000"),
    ("train.epoch", 3, "unknown name train.epoch; did you mean epochs? allowed here: model, batch_size"),
    ("trian", {}, "unknown name trian; did you mean train? allowed here: dataset, download"),
    ("preprocess.validation", 160, "preprocess.validation: should be 4 to 156"),
    ("preprocess.checks.contrast", 1, "unknown name preprocess.checks.contrast; did you mean contrast_min?"),
    ("evaluate.showcase", 40, "evaluate.showcase: should be less than the 40 test images, not 40"),
    *(("dataset.name", name, "dataset.name: string should match pattern") for name in (".", "..", "a/b", "a:b", "a'b")),
    ("dataset.channels", 2, "dataset.channels: should be 1, 3 or 4, not 2"),
    ("dataset.channels", True, "dataset.channels: input should be a valid integer, not True"),
    ("dataset.channels", 3.0, "dataset.channels: input should be a valid integer, not 3.0"),
    ("dataset.width", 10**400, "dataset.width: input should be less than 65536, not 1000"),
    ("dataset.train.count", 10**400, "dataset.train.count: input should be less than 4294967296, not 1000"),
    ("dataset.test.format", "png", "dataset.test.format: input should be 'idx'"),
    ("dataset.classes", ["A", 3, "C", "D"], "dataset.classes.1: input should be a valid string, not 3"),
    ("download.sources", ["\0"], "download.sources.0: should be a line of visible text"),
    ("dataset.classes", ["A", "</script><script>", "C", "D"], "dataset.classes.1: should have neither < nor >"),
    ("dataset.classes", ["A", "B", "C", "A"], "dataset.classes: the names should differ"),
    ("dataset.test.images", "train-images", "dataset: the four files should have four names"),
    ("preprocess.checks.pixel_min", 256, "preprocess.checks.pixel_min: input should be less than or equal to 255"),
    ("train.schedule", "step", "train.schedule: input should be 'constant', 'linear' or 'cosine', not 'step'"),
    ("tune.space.filters", {"low": 2}, "tune.space.filters: should have low and high, or choices"),
    ("tune.space.filters", {"low": 2, "high": 6, "step": 0.5}, "tune.space.filters.step: should be a whole number"),
    ("tune.space.filters", {"low": 2, "high": 6, "step": 3}, "tune.space.filters: step: should lead from low to high"),
    ("tune.space.filters", {"low": 0, "high": 6}, "tune.space.filters: input should be greater than or equal to 1"),
    ("tune.space.filters", {"low": 2, "high": 10**400}, "tune.space.filters.high: input should be less than or equal"),
    (
        "tune.space.dropout",
        {"low": "x", "high": 1},
        "tune.space.dropout.low: input should be a valid number, not 'x'",
    ),
    ("tune.space.dropout", {"low": 0, "high": 0.5, "step": 5e-324}, "tune.space.dropout: step: should lead"),
    ("tune.space.model", {"choices": ["cnn"]}, "unknown name tune.space.model; allowed here: filters, dense_units"),
    ("tune.space.filter", {"low": 2, "high": 6}, "unknown name tune.space.filter; did you mean filters? allowed here"),
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


@pytest.mark.parametrize("text", ["", " ", "a\nb", "\x7f", "\ud800", "\u2028"])
def test_text_that_nothing_can_show_is_refused(source, text):
    values = changed(source[1], "dataset.name", text)
    values["dataset"]["classes"][2] = values["download"]["sources"][0] = text
    with pytest.raises(UserError) as error:
        parse(json.dumps(values), "params.yaml")  # JSON is YAML
    places = ("dataset.name", "dataset.classes.2", "download.sources.0")
    for line, place in zip(str(error.value).splitlines(), places, strict=True):
        assert re.fullmatch(
            f"params.yaml: {place}: (input |string )?should (be a|match) .*, not {re.escape(repr(text))}", line
        )


def test_names_of_all_languages_are_welcome(source):
    names = ["Knöchel-Stiefel 👢", "می‌خواهم", "T-shirt/top", "上衣"]
    values = changed(changed(source[1], "dataset.classes", names), "dataset.name", "Knöchel-Stiefel 上衣 1.0")
    assert parse(as_yaml(values), "").dataset.classes == names


@pytest.mark.parametrize(("key", "value", "message"), WRONG)
def test_a_mistake_is_one_line_that_names_key_value_and_what_is_allowed(source, key, value, message):
    with pytest.raises(UserError) as error:
        parse(as_yaml(changed(source[1], key, value)), "params.yaml")
    assert f"params.yaml: {message}" in str(error.value)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("key", "instead", "line"),
    [
        ("train.epochs", None, "params.yaml: train.epochs is missing"),
        ("train", None, "params.yaml: train is missing"),
        ("train.epochs", "epoch", "params.yaml: unknown name train.epoch; did you mean epochs? missing here: epochs; "),
        ("train.epochs", "x", "params.yaml: unknown name train.x; missing here: epochs; allowed here: model, batch"),
        ("train", "trian", "params.yaml: unknown name trian; did you mean train? missing here: train; allowed here: d"),
        ("train.model.filters", "filter", "params.yaml: unknown name train.model.filter; did you mean filters? miss"),
    ],
)
def test_a_missing_key_is_named_once_with_what_stands_there_instead(source, key, instead, line):
    values = section = copy.deepcopy(source[1])
    *above, name = key.split(".")
    for parent in above:
        section = section[parent]
    value = section.pop(name)
    if instead:
        section[instead] = value
    with pytest.raises(UserError) as error:
        parse(as_yaml(values), "params.yaml")
    assert str(error.value).startswith(line) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "line"),
        ("a: 1\na: 2\n", "duplicate key"),
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


def test_text_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "params.yaml").write_bytes("name: é".encode("latin-1"))
    with pytest.raises(UserError, match="unacceptable character #x00e9: unexpected end of data"):
        load("train", path=tmp_path / "params.yaml")


def test_overrides_are_given_as_text(tmp_path, source):
    path = tmp_path / "params.yaml"
    path.write_text(as_yaml(source[1]))
    (train,) = load("train", overrides={"train": {"epochs": "7", "dropout": "0.5"}}, path=path)
    assert (train.epochs, train.model.dropout, train.model.filters) == (7, 0.5, 4)
    for values, message in [
        ({"epochs": "ten"}, "epochs: input should be a valid integer"),
        ({"epoch": "3"}, "unknown name epoch; did you mean epochs?"),
        ({"model": "lenet"}, "train.model.name: input should be 'cnn', 'vgg'"),
        ({"filters": "0"}, "train.model.filters: input should be greater than or equal to 1"),
        ({"epochs": "1; touch x"}, "epochs: input should be a valid integer"),
        ({"batch_size": "500"}, "train.batch_size: should be at most the 120"),
    ]:
        with pytest.raises(UserError, match=message):
            load("train", overrides={"train": values}, path=path)


def test_one_training_may_be_of_another_model_than_the_sweep(source, monkeypatch):
    values = changed(source[1], "tune.space", {"units": {"low": 1, "high": 2}})
    with pytest.raises(UserError, match=r"unknown name tune\.space\.units"):
        parse(as_yaml(values), "params.yaml")
    monkeypatch.setattr("pipeline.config.load.parse", lambda *_: Params.model_validate(values, context=NO_SWEEP))
    assert load("train", overrides={"train": {"filters": "3"}}, path=SHIPPED)[0].model.filters == 3
    with pytest.raises(UserError, match=r"unknown name tune\.space\.units"):
        load("tune", overrides={"tune": {"trials": "3"}}, path=SHIPPED)


SECRETS = [
    "http://user:s3cret@host/",
    "http://host/?password=s3cret",
    "https://s3cret@host/x",
    "http://u:s3c/re@t@host/",
]


@pytest.mark.parametrize("address", SECRETS)
@pytest.mark.parametrize(
    "written", [lambda url: [url], lambda url: url, lambda url: [[url]], lambda url: [{"password": url[7:]}]]
)
def test_a_source_with_a_password_is_refused_and_not_repeated(source, address, written):
    with pytest.raises(UserError, match=r"download\.sources") as refused:
        parse(as_yaml(changed(source[1], "download.sources", written(address))), "params.yaml")
    assert "s3c" not in str(refused.value) and "re@t" not in str(refused.value)
    if written(address) == [address]:
        assert "carries a password" in str(refused.value) and "~/.config/fsspec/*.json" in str(refused.value)
