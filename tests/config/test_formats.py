"""What the formats of a data set have to agree about. It is written as JSON here, which is YAML."""

import copy
import json
import re

import pytest
from helpers.data import TEST, TRAIN, changed
from helpers.project import ROOT
from ruamel.yaml import YAML

from pipeline.config.load import parse
from pipeline.config.schema import Params
from pipeline.core import folders
from pipeline.core.errors import UserError

SHA = "0" * 64
FOLDER = {"format": "folder", "path": "pets/train", "sha256": SHA, "resize": "fit"}
CSV = {"format": "csv", "path": "pets", "file": "labels.csv", "sha256": SHA, "split": "train", "resize": "crop"}
NPZ = {"format": "npz", "file": "digits.npz", "sha256": SHA, "images": "x_train", "labels": "y_train"}
RECORDS = {"format": "records", "files": [{"name": "a.bin", "sha256": SHA}], "label_bytes": 1}
SHARE = {"format": "share", "of": 0.25, "seed": 1}


def described(source, **halves) -> dict:
    values = copy.deepcopy(source[1])
    values["dataset"] |= halves
    if halves.get("validation"):
        values["preprocess"]["validation"] = None
    return values


def params(values: dict) -> Params:
    return parse(json.dumps(values), "params.yaml")


@pytest.mark.parametrize(
    ("train", "needed", "images", "labels"),
    [
        (FOLDER, "pets/train/", "pets/train/", "pets/train/"),
        (CSV, "pets/", "pets/labels.csv", "pets/labels.csv"),
        (NPZ, "digits.npz", "digits.npz:x_train", "digits.npz:y_train"),
        (NPZ | {"brightest": 16, "first_label": 1}, "digits.npz", "digits.npz:x_train", "digits.npz:y_train"),
        (RECORDS, "a.bin", "a.bin", "a.bin"),
    ],
)
def test_each_format_says_which_files_it_needs(source, train, needed, images, labels):
    dataset = params(described(source, train=train | {"count": None}, test=SHARE)).dataset
    assert dataset.sha256 == {needed: SHA} and list(dataset.halves) == ["train"]
    assert dataset.counts == {"train": None, "test": None}
    for part in ("train", "test"):  # test is cut from there
        assert (dataset.blamed(part, "images"), dataset.blamed(part, "labels")) == (images, labels)


def test_several_files_are_blamed_together(source):
    files = [{"name": f"{name}.bin", "sha256": SHA} for name in "abc"]
    dataset = params(described(source, train=RECORDS | {"files": files})).dataset
    assert dataset.blamed("train", "images") == "a.bin … c.bin"
    assert [dataset.blamed("test", kind) for kind in ("images", "labels")] == ["test-images", "test-labels"]


def test_halves_may_be_in_one_file_or_one_folder(source):
    npz = NPZ | {"images": "x_test", "labels": "y_test"}
    assert params(described(source, train=NPZ, test=npz)).dataset.sha256 == {"digits.npz": SHA}
    assert params(described(source, train=CSV, test=CSV | {"split": "test"})).dataset.sha256 == {"pets/": SHA}
    for test in (npz, source[1]["dataset"]["test"]):
        dataset = params(described(source, train=NPZ, test=test, validation=FOLDER)).dataset
        assert list(dataset.halves) == ["train", "validation", "test"]


def test_counts_are_those_after_the_share_is_cut(source):
    whole = source[1]["dataset"]["train"]
    found = params(described(source, test=SHARE | {"of": 0.255}))
    assert found.dataset.counts == {"train": TRAIN - 41, "test": 41}, "of 40.8"
    assert found.training_images == TRAIN - 41 - 40
    assert params(described(source, test=SHARE, train=whole | {"count": None})).training_images is None
    assert params(described(source, validation=FOLDER)).training_images == TRAIN


def test_without_a_count_nothing_is_held_against_it(source):
    values = described(source)
    del values["dataset"]["train"]["count"], values["dataset"]["test"]["count"]
    values = changed(changed(values, "train.batch_size", 10**6), "evaluate.showcase", 10**6)
    assert params(changed(values, "preprocess.validation", 10**6)).dataset.counts == {"train": None, "test": None}


WRONG = [
    ({"train": SHARE}, "dataset.train.format: input should be 'idx', 'npz', 'records', 'folder', 'csv', not 'share'"),
    (
        {"test": {"format": "png"}},
        "dataset.test.format: input should be 'idx', 'npz', 'records', 'folder', 'csv', 'share', not",
    ),
    (
        {"validation": SHARE},
        "dataset.validation.format: input should be 'idx', 'npz', 'records', 'folder', 'csv', not 'share'",
    ),
    ({"train": FOLDER | {"resize": "cut"}}, "dataset.train.resize: input should be 'fit', 'crop' or 'stretch'"),
    ({"train": FOLDER | {"pth": 1}}, "unknown name dataset.train.pth; did you mean path? allowed here: format, count"),
    ({"train": {"format": "folder", "path": "x", "resize": "fit"}}, "dataset.train.sha256 is missing"),
    *(
        ({"train": FOLDER | {"path": path}}, "dataset.train.path: string should match pattern")
        for path in ("../x", "/x", "a/../b", "a//b", "a/", ".", "a\\b", "")
    ),
    ({"train": NPZ | {"brightest": 0}}, "dataset.train.brightest: input should be greater than 0, not 0"),
    ({"test": SHARE | {"of": 1}}, "dataset.test.of: input should be less than 1, not 1"),
    ({"train": NPZ, "test": NPZ}, "dataset: two parts are read from the same files"),
    ({"train": CSV, "test": CSV | {"count": 30}}, "dataset: two parts are read from the same files"),
    ({"train": CSV, "test": CSV | {"split": "t", "sha256": "1" * 64}}, "dataset: pets/ has two values of sha256"),
    ({"train": FOLDER, "test": CSV}, "dataset: pets/train/ lies in pets/; folders of two parts should lie beside"),
    (
        {"train": FOLDER, "test": SHARE, "classes": ["A", "T-shirt/top"]},
        "dataset.classes: 'T-shirt/top' can be no folder of pictures, by a / in it",
    ),
    ({"train": FOLDER, "test": SHARE, "classes": ["A", ".B"]}, "dataset.classes: '.B' can be no folder of pictures"),
]


@pytest.mark.parametrize(("halves", "message"), WRONG)
def test_a_mistake_is_one_line_that_names_key_value_and_what_is_allowed(source, halves, message):
    with pytest.raises(UserError) as error:
        params(described(source, **halves))
    assert f"params.yaml: {message}" in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_validation_images_are_said_once(source):
    both = changed(described(source, validation=FOLDER), "preprocess.validation", 40)
    with pytest.raises(UserError, match=r"preprocess\.validation: should be empty, since dataset\.validation"):
        params(both)
    with pytest.raises(UserError, match=r"preprocess\.validation: should be a number of images, not empty"):
        params(changed(described(source), "preprocess.validation", None))


def test_limits_are_those_of_what_is_left_after_the_share(source):
    left = TRAIN * 3 // 4
    for key, value, message in [
        ("preprocess.validation", left - 3, f"preprocess.validation: should be 4 to {left - 4}"),
        ("train.batch_size", left - 39, f"train.batch_size: should be at most the {left - 40} training images"),
        ("evaluate.showcase", TEST, f"evaluate.showcase: should be less than the {TRAIN // 4} test images"),
    ]:
        with pytest.raises(UserError, match=message):
            params(changed(described(source, test=SHARE), key, value))


def test_what_the_page_on_formats_shows_is_as_the_schema_wants_it(source):
    text = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    first, *others = [
        YAML(typ="safe", pure=True).load(block.replace("sha256: …", f"sha256: {'f' * 64}"))
        for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    ]
    shown = [first["dataset"], *others]
    for block in shown:
        params(changed(described(source, **block), "preprocess.validation", 4))
    assert [block["train"]["format"] for block in shown] == ["folder", "csv", "npz", "records"]
    command = next(line.strip() for line in text.splitlines() if "sha256sum --" in line)
    assert command.removeprefix("cd train && ") in folders.__doc__.replace("\\\\", "\\")
