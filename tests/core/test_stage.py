"""What is edited or written while a stage runs is not noted as what made its outputs, or as these."""

import threading
from pathlib import Path

import pytest
from helpers.data import SHIPPED
from helpers.project import Project

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
    process = project.start("dvc", "repro")
    assert any(line.startswith("epoch  3/") for line in process.stdout)
    models.write_text(text + "# a thought\n")
    shown, _ = process.communicate()
    assert process.returncode != 0 and "error: pipeline/models/cnn.py: edited while this ran" in shown
    assert "models/model.keras" not in (project.folder / "dvc.lock").read_text()
    models.write_text(text)
    assert "going on after epoch 40" in project.ok("dvc", "repro")
    (run,) = project.runs()
    assert run.info.status == "FINISHED" and "error" not in run.data.tags
    assert project.outputs()["models/model.keras"] == run.data.tags["model.sha256"]


def test_a_process_waits_for_the_one_that_is_at_the_outputs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    began, end = threading.Event(), threading.Event()

    def other():
        with stage.outputs_lock():
            began.set()
            end.wait()

    thread = threading.Thread(target=other)
    thread.start()
    began.wait()
    monkeypatch.setattr(stage, "say", lambda text: end.set())
    with stage.outputs_lock():
        assert end.is_set()
    thread.join()
