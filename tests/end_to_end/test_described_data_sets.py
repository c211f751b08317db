"""A described data set that needs no network, from `adopt --dataset` to a judged model, with the real programs.

The other one, `tiny`, is that of test_ci_compare.
"""

import json
import shutil

import pytest
from helpers.data import SHIPPED
from helpers.project import ROOT, Project
from ruamel.yaml import YAML

pytestmark = pytest.mark.e2e


def test_a_described_data_set_becomes_a_judged_model(tmp_path):
    project = Project(tmp_path / "project", YAML(typ="safe", pure=True).load(SHIPPED))
    shutil.copytree(ROOT / "datasets", project.folder / "datasets")
    assert "+  name: digits" in project.ok("python", "-m", "pipeline", "adopt", "--dataset", "digits")
    project.ok("git", "add", "-A")
    project.ok("git", "commit", "-qm", "adopt a data set")
    shown = project.ok("dvc", "repro")
    assert "the gate" in shown, shown
    assert json.loads((project.folder / "reports/data_checks.json").read_text())["passed"]
    assert json.loads((project.folder / "reports/test.json").read_text())["test/accuracy"] >= 0.9
    assert "Data and pipelines are up to date" in project.ok("dvc", "repro")
