"""A folder that was moved: its runs, artifacts and models open again after one command."""

from pathlib import Path

import pytest
from conftest import Project

pytestmark = pytest.mark.e2e


def test_a_moved_folder_says_so_and_is_repaired_by_one_command(prepared, tmp_path):
    project = prepared.copy(tmp_path / "before")
    project.ok("python", "-m", "pipeline.experiment", "--epochs", "1")
    (run,) = project.runs()
    artifacts = project.artifacts(run)
    assert "nothing to do" in project.ok("python", "-m", "pipeline.relocate")

    moved = object.__new__(Project)
    moved.folder = project.folder.rename(tmp_path / "after é")
    shown = moved.fails("python", "-m", "pipeline.verify", run.info.run_id)
    assert "was made in" in shown and "python -m pipeline.relocate" in shown
    assert "the logged model is not there" in shown

    shown = moved.ok("python", "-m", "pipeline.relocate")
    assert f"lead to {moved.folder} now" in shown and "make install" in shown
    assert "was made in" not in moved.ok("python", "-m", "pipeline.verify", run.info.run_id)
    assert moved.artifacts(run) == artifacts
    path = moved.client().download_artifacts(run.info.run_id, "model_summary.txt", str(tmp_path))
    assert "convolution" in Path(path).read_text()


def test_without_a_store_it_says_so(prepared, tmp_path):
    project = prepared.copy(tmp_path / "copy")
    assert "is not there" in project.fails("python", "-m", "pipeline.relocate")
