"""The gate, killed amid its decision: started again, it ends with one version and one champion."""

import sys

import pytest
from helpers.project import Project

pytestmark = pytest.mark.e2e

KILLED = """
import os, runpy, signal, sys
import mlflow
mlflow.MlflowClient.{call} = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
sys.argv = ["pipeline", "evaluate"]
runpy.run_module("pipeline", run_name="__main__")
"""


@pytest.fixture
def judged_again(done, tmp_path) -> Project:
    """A finished project whose registry is empty."""
    project = done.copy(tmp_path / "p")
    project.client().delete_registered_model("quadrants")
    return project


def test_killed_amid_the_decision_and_started_again_there_is_one_champion(judged_again):
    project, client = judged_again, judged_again.client()
    for call in ("set_registered_model_tag", "set_registered_model_alias"):  # before, and after it is written down
        assert project.run(sys.executable, "-c", KILLED.format(call=call)).returncode == -9
        assert len(client.search_model_versions("name = 'quadrants'")) == 1
        assert client.get_registered_model("quadrants").aliases == {}
    assert "version 1 of quadrants is the champion" in project.ok("python", "-m", "pipeline", "evaluate")
    assert client.get_registered_model("quadrants").aliases == {"champion": 1}
    assert project.ok("python", "-m", "pipeline", "promote", "--history").count("it keeps all rules") == 1

    moves = client.get_registered_model("quadrants").tags
    assert "didn't change, skipping" in project.ok("dvc", "repro")
    project.change("gate", accuracy=0.01)
    project.ok("dvc", "repro")
    project.change("gate", accuracy=0.0)
    assert "cached" in project.ok("dvc", "repro"), "from DVC's cache of runs nothing is decided"
    assert client.get_registered_model("quadrants").tags == moves
