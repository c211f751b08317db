"""Links that need no run of the pipeline to be broken."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from pipeline.core.errors import UserError
from pipeline.provenance import consistency

CODE = b"print('hello')\n"
STAGES = """
stages:
  train: {cmd: python, deps: [pipeline/train.py], params: [train]}
  evaluate: {cmd: python, outs: [plots: {cache: true}]}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder under git, with one module, and a dvc.lock that says that it trained with two parameters."""
    monkeypatch.chdir(tmp_path)
    Path("pipeline").mkdir()
    Path("pipeline/train.py").write_bytes(CODE)
    Path("params.yaml").write_text("train: {epochs: 2, dropout: 0}\n")
    Path("dvc.yaml").write_text(STAGES)
    dep = {"path": "pipeline/train.py", "md5": hashlib.md5(CODE).hexdigest()}
    params = {"params.yaml": {"train": {"epochs": 2, "dropout": 0}}}
    YAML().dump({"stages": {"train": {"cmd": "python", "deps": [dep], "params": params}}}, Path("dvc.lock"))
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    for command in (("init", "-q"), ("add", "-A"), (*identity, "commit", "-qm", "start")):
        subprocess.run(["git", *command], check=True)
    return tmp_path


def broken(links) -> list[str]:
    links = list(links)
    assert links
    return [link.what for link in links if not link.agrees]


def test_parameters_in_the_lock_are_those_of_the_run():
    assert broken(consistency.logged_parameters({"train.epochs": "2", "train.dropout": "0.0"})) == []
    logged = {"train.epochs": "3", "train.dropout": "0.0"}
    assert broken(consistency.logged_parameters(logged)) == ["train.epochs of dvc.lock = MLflow"]
    assert broken(consistency.logged_parameters({"train.epochs": "2"})) == ["train.dropout of dvc.lock = MLflow"]


def test_code_in_the_lock_is_that_of_the_commit():
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    assert broken(consistency.committed_code(head)) == []
    Path("dvc.lock").write_text(Path("dvc.lock").read_text().replace(hashlib.md5(CODE).hexdigest(), "f" * 32))
    assert broken(consistency.committed_code(head)) == [f"pipeline/train.py of dvc.lock = commit {head[:8]}"]


def test_a_stage_that_the_lock_has_lost_is_broken_once_it_has_outputs():
    assert broken(consistency.stages()) == []
    Path("plots").mkdir()
    assert broken(consistency.stages()) == ["evaluate is in dvc.lock"]


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("deps: [pipeline/train.py]", "deps: [pipeline/train.py, README.md]", "deps"),
        ("params: [train]", "params: [train, dataset]", "params"),
        ("params: [train]}", "params: [train], outs: [model]}", "outs"),
    ],
)
def test_a_stage_that_was_described_anew_since_it_ran_is_broken(old, new, kind):
    assert old in STAGES
    Path("dvc.yaml").write_text(STAGES.replace(old, new))
    assert broken(consistency.stages()) == [f"names of {kind} of train = dvc.lock"]


@pytest.mark.parametrize("content", ["epoch,loss\n1,0.5\n2,0.25\n", "epoch,loss\n1,0.5\n", "", "epoch,loss\n1,x\n2,\n"])
def test_a_history_is_that_of_the_curves(content):
    Path("reports").mkdir()
    Path("reports/history.csv").write_text(content)
    wrong = [] if "2,0.25" in content else ["reports/history.csv, loss = MLflow"]
    assert broken(consistency.history({"loss": {1: 0.5, 2: 0.2500001}})) == wrong


@pytest.mark.parametrize("text", ["[" * 20_000, '{"test": {"loss": ' + "9" * 400 + "}}"])
def test_a_file_of_metrics_that_cannot_be_read_is_broken(text):
    Path("reports").mkdir()
    Path("reports/test.json").write_text(text)
    assert broken(consistency.metrics({})) == ["reports/test.json"]


def test_figures_that_one_side_alone_has_are_broken():
    Path("reports").mkdir()
    Path("reports/test.json").write_text(json.dumps({"test": {"loss": 0.5, "invented": 1.0}}))
    logged = {"test/loss": 0.5, "test/accuracy": 0.9, "train/loss": 0.1}
    wrong = [f"reports/test.json, test {name} = MLflow" for name in ("accuracy", "invented")]
    assert broken(consistency.metrics(logged)) == wrong


def test_a_broken_configuration_of_dvc_is_one_line():
    Path(".dvc").mkdir()
    Path(".dvc/config").write_text("[core\n")
    with pytest.raises(UserError, match="DVC does not say where its cache is"):
        list(consistency.cache())
