"""What is edited or written while a stage runs is not noted as what made its outputs, or as these."""

import threading
from pathlib import Path

import pytest
from project import ROOT, Project

from pipeline import edits
from pipeline.console import UserError


@pytest.fixture
def params_file(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    return tmp_path / "params.yaml"


@pytest.mark.parametrize("new", ["epochs: 11", "epochs: eleven"])
def test_a_section_that_the_program_reads_is_refused_and_another_is_not(params_file, new):
    begun, other = edits.begin("dataset", "train"), edits.begin("dataset", "evaluate")
    edits.refuse(begun)
    params_file.write_text(params_file.read_text().replace("epochs: 10", new, 1))
    with pytest.raises(UserError, match=r"^params\.yaml: edited while this ran"):
        edits.refuse(begun)
    if new == "epochs: 11":
        edits.refuse(other)


def test_code_that_is_not_loaded_may_be_edited(params_file, monkeypatch):
    begun = edits.begin("dataset")
    monkeypatch.setattr(edits, "code_sha256", lambda: begun.code | {"new.py": "1"})
    edits.refuse(begun)
    monkeypatch.setattr(edits, "code_sha256", lambda: begun.code | {"edits.py": "1"})
    with pytest.raises(UserError, match=r"^pipeline/edits\.py: edited while this ran"):
        edits.refuse(begun)


@pytest.mark.e2e
def test_an_edit_during_training_fails_the_stage_and_once_undone_it_goes_on(prepared, tmp_path):
    project: Project = prepared.copy(tmp_path / "copy").change("train", epochs=40)
    models = project.folder / "pipeline" / "models.py"
    text = models.read_text()
    process = project.start("dvc", "repro")
    assert any(line.startswith("epoch  3/") for line in process.stdout)
    models.write_text(text + "# a thought\n")
    shown, _ = process.communicate()
    assert process.returncode != 0 and "error: pipeline/models.py: edited while this ran" in shown
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
        with edits.outputs():
            began.set()
            end.wait()

    thread = threading.Thread(target=other)
    thread.start()
    began.wait()
    monkeypatch.setattr(edits, "say", lambda text: end.set())
    with edits.outputs():
        assert end.is_set()
    thread.join()
