"""What is edited or written while a stage runs is not noted as what made its outputs, or as these."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.data import SHIPPED
from helpers.project import ROOT, Project

from pipeline.config.load import load
from pipeline.core import stage
from pipeline.core.errors import UserError


@pytest.fixture
def params_file(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(SHIPPED.read_text())
    return tmp_path / "params.yaml"


@pytest.mark.parametrize("new", ["epochs: 11", "epochs: eleven"])
def test_a_section_that_the_program_reads_is_refused_and_another_is_not(params_file, new):
    begun = stage.snapshot(lambda: load("dataset", "train"))
    other = stage.snapshot(lambda: load("dataset", "evaluate"))
    begun.assert_unchanged()
    params_file.write_text(params_file.read_text().replace("epochs: 10", new, 1))
    with pytest.raises(UserError, match=r"^params\.yaml: edited while this ran"):
        begun.assert_unchanged()
    if new == "epochs: 11":
        other.assert_unchanged()


def test_code_that_is_not_loaded_may_be_edited(params_file, monkeypatch):
    begun = stage.snapshot(lambda: load("dataset"))
    monkeypatch.setattr(stage, "code_sha256", lambda: begun.code | {"new.py": "1"})
    begun.assert_unchanged()
    monkeypatch.setattr(stage, "code_sha256", lambda: begun.code | {"core/stage.py": "1"})
    with pytest.raises(UserError, match=r"^pipeline/core/stage\.py: edited while this ran"):
        begun.assert_unchanged()


@pytest.mark.e2e
def test_an_edit_during_training_fails_the_stage_and_once_undone_it_goes_on(prepared, tmp_path):
    project: Project = prepared.copy(tmp_path / "copy").change("train", epochs=40)
    models = project.folder / "pipeline" / "models" / "cnn.py"
    text = models.read_text()
    process = project.start("dvc", "repro", "train")
    assert any(line.startswith("epoch  3/") for line in process.stdout)
    models.write_text(text + "# a thought\n")
    shown, _ = process.communicate()
    assert process.returncode != 0 and "error: pipeline/models/cnn.py: edited while this ran" in shown
    assert "models/model.keras" not in (project.folder / "dvc.lock").read_text()
    models.write_text(text)
    assert "going on after epoch 40" in project.ok("dvc", "repro", "train")
    (run,) = project.runs()
    assert run.info.status == "FINISHED" and "error" not in run.data.tags
    assert project.outputs()["models/model.keras"] == run.data.tags["model.sha256"]


@pytest.fixture
def other_process(params_file):
    """Another process that has the lock on the outputs here, until it is told to go on."""
    code = "from pipeline.core import stage\nwith stage.begin(tuple):\n    print('has it', flush=True)\n    input()"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True, env=environment) as process:
        process.stdout.readline()
        yield process
        process.stdin.close()


def test_a_stage_waits_for_the_process_at_the_outputs_and_runs_with_the_parameters_then(
    other_process, params_file, monkeypatch
):
    said = []

    def edit_and_let_go(text: str) -> None:
        said.append(text)
        params_file.write_text(params_file.read_text().replace("epochs: 10", "epochs: 11", 1))
        other_process.communicate("\n")

    monkeypatch.setattr(stage, "say", edit_and_let_go)
    with stage.begin(lambda: load("train")) as begun:
        assert begun.params[0].epochs == 11
        begun.assert_unchanged()
    assert said[0].startswith(f"waiting for process {other_process.pid}, ") and f"`kill {other_process.pid}`" in said[0]


def test_an_input_that_is_missing_says_what_makes_it(tmp_path):
    stage.require(tmp_path)
    with pytest.raises(UserError, match=r"nothing is missing; `dvc repro` makes it"):
        stage.require(tmp_path, tmp_path / "nothing")
