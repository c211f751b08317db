import json

import numpy as np
import pytest
from helpers.data import TEST, TRAIN, make_split

from pipeline.data import expectations, tables
from pipeline.data.arrays import Split


@pytest.fixture
def parts() -> dict[str, Split]:
    return {"train": make_split(TRAIN, 1), "test": make_split(TEST, 2)}


def run(parts, params) -> dict:
    return expectations.check(parts, params.dataset, params.preprocess.checks)


def with_label(split: Split, index: int, label: int) -> Split:
    labels = split.labels.copy()
    labels[index] = label
    return split._replace(labels=labels)


def with_image(split: Split, index: int, image) -> Split:
    images = split.images.copy()
    images[index] = image
    return split._replace(images=images)


def test_good_data_passes_every_check(parts, params):
    result = run(parts, params)
    assert result["passed"] and len(result["checks"]) == 15
    assert expectations.failures(result) == []
    assert [row["count"] for row in result["classes"]] == [40] * 4 + [10] * 4


def test_the_result_is_the_same_each_time(parts, params):
    assert json.dumps(run(parts, params)) == json.dumps(run(parts, params))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda p: {"test": with_label(p["test"], 5, 11)},
            "label range: allowed is 0–3; 1 of 200 fail: test-labels[5] is 11",
        ),
        (
            lambda p: {"train": with_label(p["train"], 7, 255)},
            "label range: allowed is 0–3; 1 of 200 fail: train-labels[7] is 255",
        ),
        (
            lambda p: {"train": with_image(p["train"], 3, 9)},
            "image not blank: allowed is contrast ≥ 1; 1 of 200 fail: train-images[3] is 0",
        ),
        (
            lambda p: {"test": with_image(p["test"], 2, p["train"].images[77])},
            "image in one part only: allowed is no copy in another; 2 of 200 fail: "
            "train-images[77] is True, test-images[2] is True",
        ),
        (
            lambda p: {"test": p["test"]._replace(images=p["test"].images[:, 1:])},
            "image height: allowed is 8; 40 of 200 fail: test-images[0–39] is 7",
        ),
        (
            lambda p: {"test": p["test"]._replace(images=p["test"].images[:-1])},
            "number of images: allowed is the count in params.yaml; 1 of 2 fail: test-images[test] is 39",
        ),
        (
            lambda p: {"test": p["test"]._replace(labels=p["test"].labels[:-1])},
            "number of labels: allowed is the number of images; 1 of 2 fail: test-labels[test] is 39",
        ),
        (
            lambda p: {"test": p["test"]._replace(labels=p["test"].labels[:-1])},
            "label present: allowed is one for each image; 1 of 200 fail: test-labels[39] is None",
        ),
        (
            lambda p: {"test": Split(*(a[p["test"].labels != 2] for a in p["test"]))},
            "class present: allowed is at least one image; 1 of 8 fail: test-labels[C] is 0",
        ),
        (
            lambda p: {"train": Split(*(a[36:] for a in (p["train"].images, np.sort(p["train"].labels))))},
            "class balance: allowed is a share of 1/4 ± 0.01; 1 of 8 fail: train-labels[A] is 0.032258065",
        ),
        (
            lambda p: {"train": p["train"]._replace(images=p["train"].images.astype(np.float32))},
            "pixel type: allowed is uint8",
        ),
    ],
)
def test_each_fault_is_named_with_its_file_and_index(parts, params, spoil, message):
    result = run(parts | spoil(parts), params)
    assert not result["passed"]
    lines = expectations.failures(result)
    assert any(line.startswith(message) for line in lines), lines


def test_a_limit_is_named_by_its_key_in_params_yaml(parts, params):
    some = {"train": Split(*(a[36:] for a in (parts["train"].images, np.sort(parts["train"].labels))))}
    (line,) = [each for each in expectations.failures(run(parts | some, params)) if each.startswith("class balance")]
    assert line.endswith(" (preprocess.checks.class_balance_tolerance)")
    names = {check.name for check in expectations.expectations(params.dataset, params.preprocess.checks)}
    assert set(expectations.LIMITS) <= names and set(expectations.LIMITS.values()) <= {
        *type(params.preprocess.checks).model_fields
    }


def test_one_image_of_a_class_is_enough_to_be_present(parts, params):
    once = np.flatnonzero(parts["test"].labels == 2)[1:]
    few = Split(*(np.delete(values, once, axis=0) for values in parts["test"]))
    lines = expectations.failures(run(parts | {"test": few}, params))
    assert {line.split(":")[0] for line in lines} == {"number of images"}, "of so few the shares may differ"


def test_pixel_limits_come_from_the_parameters(parts, params):
    limits = params.preprocess.checks.model_copy(update={"pixel_min": 1, "pixel_max": 100})
    names = {line.split(":")[0] for line in expectations.failures(expectations.check(parts, params.dataset, limits))}
    assert names == {"darkest pixel", "brightest pixel"}


def test_a_check_that_cannot_be_evaluated_fails(parts, params, monkeypatch):
    original = tables.image_table
    monkeypatch.setattr(tables, "image_table", lambda parts: original(parts).drop(columns="contrast"))
    result = run(parts, params)
    assert [line.split(":")[0] for line in expectations.failures(result)] == ["image not blank"]
    assert "could not be evaluated" in expectations.failures(result)[0]


def test_every_failure_is_in_the_result_and_the_line_for_a_check_stays_short(parts, params):
    labels = parts["train"].labels.copy()
    labels[:100:2] = np.arange(50) // 5 + 100  # ten values, five images each
    labels[101:104] = 9
    result = run(parts | {"train": parts["train"]._replace(labels=labels)}, params)
    (check,) = [check for check in result["checks"] if check["check"] == "label range"]
    assert check["failed"] == 53 and len(check["failures"]) == 11
    assert check["failures"][0] == {"file": "train-labels", "places": "0, 2, 4, 6, 8", "value": 100}
    assert check["failures"][-1] == {"file": "train-labels", "places": "101–103", "value": 9}
    (line,) = [line for line in expectations.failures(result) if line.startswith("label range")]
    assert line.endswith("train-labels[40, 42, 44, 46, 48] is 104, …")
    json.dumps(result)


def test_a_class_out_of_balance_is_marked(parts, params):
    gone = np.flatnonzero(parts["train"].labels == 2)[:36]
    few = Split(*(np.delete(values, gone, axis=0) for values in parts["train"]))
    rows = expectations.class_rows(parts | {"train": few}, params.dataset, params.preprocess.checks)
    marked = {(row["part"], row["name"]) for row in rows if not row["balanced"]}
    assert marked == {("train", "C")}
