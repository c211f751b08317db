"""Which values params.yaml may have, and what is said of others. It is written as JSON here, which is YAML."""

import copy
import functools
import json
import re

import pytest
from helpers.data import changed

from pipeline.config.load import parse
from pipeline.config.schema import Dimension
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
    *(("preprocess.validation", number, "preprocess.validation: should be 4 to 156") for number in (3, 157)),
    ("preprocess.checks.contrast", 1, "unknown name preprocess.checks.contrast; did you mean contrast_min?"),
    ("evaluate.showcase", 40, "evaluate.showcase: should be less than the 40 test images, not 40"),
    ("evaluate.showcase", "40", "evaluate.showcase: input should be a valid integer, not '40'"),
    *(("train.devices", value, "train.devices: should be auto or a number from 1") for value in (0, 1025, 1.5, "all")),
    *(("dataset.name", name, "dataset.name: string should match pattern") for name in (".", "..", "a/b", "a:b", "a'b")),
    ("dataset.channels", 2, "dataset.channels: should be 1, 3 or 4, not 2"),
    ("dataset.channels", True, "dataset.channels: input should be a valid integer, not True"),
    ("dataset.channels", 3.0, "dataset.channels: input should be a valid integer, not 3.0"),
    ("dataset.width", 10**400, "dataset.width: input should be less than 65536, not 1000"),
    ("dataset.train.count", 10**400, "dataset.train.count: input should be less than 4294967296, not 1000"),
    ("dataset.test.format", "png", "dataset.test.format: input should be 'idx'"),
    ("dataset.classes", ["A", 3, "C", "D"], "dataset.classes.1: input should be a valid string, not 3"),
    ("download.sources", ["\0"], "download.sources.0: should be a line of visible text"),
    *(("dataset.classes", ["A", sign, "C"], "dataset.classes.1: should have neither < nor >") for sign in "<>"),
    ("dataset.classes", ["A", "B", "C", "A"], "dataset.classes: the names should differ"),
    ("dataset.classes", ["A", "caf\u00e9", "cafe\u0301"], "dataset.classes: the names should differ"),
    ("dataset.test.images", "train-images", "dataset: the four files should have four names"),
    ("preprocess.checks.pixel_min", 256, "preprocess.checks.pixel_min: input should be less than or equal to 255"),
    ("train.schedule", "step", "train.schedule: input should be 'constant', 'linear' or 'cosine', not 'step'"),
    *(
        ("tune.space.filters", given, "tune.space.filters: should have low and high, or choices")
        for given in ({"low": 2}, {"high": 2}, {"choices": []})
    ),
    *(
        ("tune.space.filters", {"choices": [2]} | further, "tune.space.filters: choices: should stand alone")
        for further in ({"low": 1}, {"high": 1}, {"step": 1}, {"log": True})
    ),
    ("tune.space.filters", {"low": 6, "high": 2}, "tune.space.filters: low, 6, should be at most high, 2"),
    ("tune.space.filters", {"low": 2, "high": 6, "step": 2, "log": True}, "tune.space.filters: step: should lead"),
    ("tune.space.filters", {"low": 2, "high": 6, "step": 0}, "tune.space.filters: step: should lead from low to high"),
    ("tune.space.dropout", {"low": 0, "high": 0.5, "log": True}, "tune.space.dropout: low: should be greater than 0"),
    ("tune.space.batch_size", {"choices": [8, 121]}, "tune.space.batch_size: should be at most the 120 training"),
    *(
        (f"tune.space.{name}", {"low": 1, "high": 2}, f"unknown name tune.space.{name}; allowed here: filters")
        for name in ("epochs", "seed", "devices", "threads")
    ),
    ("tune.ray.gpus", 1.5, "tune.ray: gpus: should be a part of one, or a whole number, not 1.5"),
    *(
        ("tune.objectives", given, "tune.objectives: should begin with validation_accuracy and name each once")
        for given in (["parameters"], ["validation_accuracy"] * 2)
    ),
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
    ("dataset.train", 3, "dataset.train: input should be a valid dictionary"),
    ("tune.space", 3, "tune.space: input should be a valid dictionary, not 3"),
    ("tune.space.batch_size", {"choices": [8, "x"]}, "tune.space.batch_size: input should be a valid integer, not 'x'"),
    ("tune.space.model", {"choices": ["cnn"]}, "unknown name tune.space.model; allowed here: filters, dense_units"),
    ("tune.space.filter", {"low": 2, "high": 6}, "unknown name tune.space.filter; did you mean filters? allowed here"),
    ("tune.space.filters", {"lo": 2, "high": 6}, "unknown name tune.space.filters.lo; did you mean low?"),
    ("dataset.train.images", "../../etc/passwd", "dataset.train.images: string should match pattern"),
]


WELCOME = [
    {"preprocess.validation": 4},
    {"preprocess.validation": 156, "train.batch_size": 4, "tune.space.batch_size": {"choices": [2, 4]}},
    {"evaluate.showcase": 39, "tune.ray.gpus": 2.0, "train.devices": 1},
    {"tune.ray.gpus": 0.5, "train.devices": 1024, "tune.space.filters": {"low": 2, "high": 6, "step": 1}},
    {"tune.space.filters": {"low": 2, "high": 2}, "tune.space.dropout": {"low": 0.1, "high": 0.2, "log": True}},
    {"tune.objectives": ["validation_accuracy", "cpu_seconds"], "tune.pruner": "none"},
]


@pytest.mark.parametrize("values", WELCOME)
def test_values_at_their_limits_are_welcome(source, values):
    parse(json.dumps(functools.reduce(lambda all_of, each: changed(all_of, *each), values.items(), source[1])), "")


def test_a_dimension_holds_what_a_sweep_may_try():
    steps, choices = Dimension(low=0.2, high=0.8, step=0.2), Dimension(choices=[2, "a"])
    assert all(map(steps.holds, (0.2, 0.4, 0.6, 0.6000000001, 0.8))) and all(map(choices.holds, (2, "a")))
    assert not any(map(steps.holds, (0.0, 0.3, 0.599, 1.0))) and not choices.holds("b")
    assert Dimension(low=1, high=3).holds(2.5) and not Dimension(low=1, high=3).holds(3.5)
    assert (str(choices), str(steps)) == ("2, a", "0.2 to 0.8 in steps of 0.2")
    assert str(Dimension(low=1, high=3, log=True)) == "1 to 3 on a logarithmic scale"


@pytest.mark.parametrize("text", ["", " ", "a\nb", "\x7f", "\ud800", "\u2028", "\u2029"])
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
    assert parse(json.dumps(values, ensure_ascii=False), "").dataset.classes == names


@pytest.mark.parametrize(("key", "value", "message"), WRONG)
def test_a_mistake_is_one_line_that_names_key_value_and_what_is_allowed(source, key, value, message):
    with pytest.raises(UserError) as error:
        parse(json.dumps(changed(source[1], key, value)), "params.yaml")
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
        parse(json.dumps(values), "params.yaml")
    assert str(error.value).startswith(line) and "\n" not in str(error.value)


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
        parse(json.dumps(changed(source[1], "download.sources", written(address))), "params.yaml")
    assert "s3c" not in str(refused.value) and "re@t" not in str(refused.value)
    if written(address) == [address]:
        assert "carries a password" in str(refused.value) and "~/.config/fsspec/*.json" in str(refused.value)


def test_all_mistakes_are_told_at_once_also_those_between_sections(source):
    """A newcomer's digits failed seven times, each with the next of these."""
    wrong = {
        "preprocess.validation": 5000,
        "evaluate.showcase": 666,
        "train.batch_size": 128_000,
        "dataset.channels": 2,
        "dataset.classes": ["A", "B", "C", "A"],
        "tune.pruner": "halving",
        "tune.objectives": ["validation_accuracy", "parameters"],
        "tune.space.batch_size": {"choices": [64, 0]},
        "tune.space.filter": {"low": 2, "high": 6},
    }
    values = source[1]
    for key, value in wrong.items():
        values = changed(values, key, value)
    keys = {"preprocess.validation", "evaluate.showcase", "dataset.channels", "dataset.classes", "tune.pruner"}
    keys |= {"tune.space.batch_size", "unknown name tune.space.filter"}
    assert named(values) == keys  # the batch size is held against the training images when their number is known
    assert named(changed(values, "preprocess.validation", 40)) == keys - {"preprocess.validation"} | {
        "train.batch_size"
    }


@pytest.mark.parametrize(
    "key", ["train.epochs", "dataset.name", "gate.strict", "tune.space.filters", "evaluate.mistakes"]
)
def test_a_mistake_in_one_key_hides_none_between_sections(source, key):
    values = changed(changed(source[1], "preprocess.validation", 5000), "evaluate.showcase", 666)
    values = changed(changed(values, "tune.space.batch_size", {"choices": [0]}), key, {})
    assert {"preprocess.validation", "evaluate.showcase", "tune.space.batch_size"} < named(values)
    assert len(named(values)) == 4
    values["train"] = []
    assert {"train", "preprocess.validation", "evaluate.showcase"} <= named(values)


def named(values: dict) -> set[str]:
    """The keys that are named for what is wrong in these values."""
    with pytest.raises(UserError) as error:
        parse(json.dumps(values), "params.yaml")
    lines = str(error.value).splitlines()
    assert len(lines) == len(set(lines)) and all(line.startswith("params.yaml: ") for line in lines)
    return {re.split(r"[:;]", line.removeprefix("params.yaml: "))[0] for line in lines}
