from pathlib import Path

import pytest
from helpers.project import ROOT

from pipeline.core.errors import UserError
from pipeline.provenance import dvc_files


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<<<<<<< HEAD\nstages: [",
        "stage: {}\n",
        "[]\n",
        "\0",
        "[" * 20_000,
        "stages: {train: }",
        "stages: {a: {outs: [{md5: 1}]}}",
        "stages: {a: {outs: [{path: 5}]}}",
        "stages: {a: {outs: [{path: b, md5: [5]}]}}",
        "stages: {a: {params: }}",
        "stages: {a: {params: {params.yaml: }}}",
    ],
)
def test_a_damaged_lock_is_one_line(text):
    assert dvc_files.locked() == {}
    Path("dvc.lock").write_text(text)
    with pytest.raises(UserError, match=r"dvc.lock: is damaged; `git checkout dvc.lock`"):
        dvc_files.locked()


@pytest.mark.parametrize("text", ["", "stages: []", "[" * 20_000, "stages: {a: {outs: }}", "stages: {a: {outs: [5]}}"])
def test_a_damaged_description_is_one_line(text):
    Path("dvc.yaml").write_text(text)
    with pytest.raises(UserError, match=r"dvc.yaml: describes no stages; `git checkout dvc.yaml`"):
        dvc_files.described()


def test_the_stages_of_this_project_are_described():
    Path("dvc.yaml").symlink_to(ROOT / "dvc.yaml")
    train = dvc_files.described()["train"]
    assert train.cmd == "python -m pipeline train" and train.names["params"] == {"dataset", "train"}
    assert train.names["outs"] == {"models/model.keras", "models/run_id", "reports/history.csv", "reports/train.json"}
    assert "data/prepared/train" in train.names["deps"]


LOCK = """
stages:
  train:
    cmd: python -m pipeline train
    deps: [{path: data, md5: d.dir, size: 3}]
    params: {params.yaml: {dataset: {name: x}, train: {epochs: 3}}}
    outs: [{path: model, md5: m}, {path: elsewhere}]
"""


def test_a_lock_tells_names_hashes_and_parameters():
    Path("dvc.lock").write_text(LOCK)
    names = {"deps": {"data"}, "params": {"dataset", "train"}, "outs": {"model", "elsewhere"}}
    assert dvc_files.locked()["train"].names == names
    assert dvc_files.locked_hashes() == {"model": "m"}
    assert dvc_files.locked_params("train") == {"epochs": 3} and dvc_files.locked_params("nothing") == {}


def test_parameters_of_other_files_do_not_count():
    Path("dvc.yaml").write_text("stages: {a: {params: [x, {params.yaml: [y], other.yaml: [z]}, {whole.yaml: }]}}")
    Path("dvc.lock").write_text("stages: {a: {params: {params.yaml: {x: 1, y: 2}, other.yaml: {z: 3}}}}")
    assert dvc_files.described()["a"].names == dvc_files.locked()["a"].names
