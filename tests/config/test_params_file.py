"""The file params.yaml itself: any valid one passes the tests, which stand on a copy of the one that was shipped."""

import json
import re
import shutil

import pytest
from dvc.utils.serialize import modify_yaml
from helpers.data import SHIPPED
from helpers.project import ROOT

from pipeline.config.load import load
from pipeline.config.schema import Params
from pipeline.core import paths
from pipeline.stages import params as stage


def test_the_frozen_copy_loads():
    train, dataset = load("train", "dataset", path=SHIPPED)
    assert (train.epochs, train.model.name, dataset.image_shape) == (10, "cnn", (28, 28, 1))


def test_params_yaml_loads():
    load(path=ROOT / paths.PARAMS)


def test_tests_stand_on_the_frozen_copy():
    """Else "Make it yours" breaks them: other epochs, another data set, a second model."""
    reads = re.compile(r"ROOT / .?params\.yaml")
    found = [path.name for path in (ROOT / "tests").rglob("*.py") if reads.search(path.read_text())]
    assert found == []


def test_the_committed_schema_is_that_of_the_code():
    assert json.loads((ROOT / paths.SCHEMA).read_text()) == Params.model_json_schema()


@pytest.mark.parametrize(
    ("keys", "value", "line"),
    [
        (("train", "epochs"), 3, "  epochs: 3"),
        (("train", "model", "filters"), 64, "    filters: 64"),
        (("tune", "space", "filters", "step"), 8, "    filters: {low: 16, high: 64, step: 8}"),
        (("dataset", "name"), "mine", "  name: mine"),
    ],
)
def test_dvc_changes_one_line_of_the_shipped_file(tmp_path, keys, value, line):
    """`dvc exp run -S` writes the whole file back, in the layout of ruamel.yaml."""
    path = tmp_path / "params.yaml"
    shutil.copy(SHIPPED, path)
    with modify_yaml(str(path)) as content:
        *parents, last = keys
        for key in parents:
            content = content[key]
        content[last] = value
    before, after = SHIPPED.read_text().splitlines(), path.read_text().splitlines()
    assert [new for old, new in zip(before, after, strict=True) if old != new] == [line]


def test_what_the_stage_params_writes_does_not_depend_on_the_values(tmp_path, monkeypatch):
    """So other parameters start no stage but those that read them."""
    monkeypatch.chdir(tmp_path)
    written = []
    for filters in (32, 64):
        paths.PARAMS.write_text(SHIPPED.read_text().replace("filters: 32", f"filters: {filters}"))
        stage.main()
        written.append((paths.PARAMS_CHECKED.read_bytes(), paths.SCHEMA.read_bytes()))
    assert written[0] == written[1]
