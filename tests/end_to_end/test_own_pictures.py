"""Pictures of one's own, in a folder for each class, from the source to a judged model, with the real programs."""

import json
import shutil

import pytest
from helpers.drawn import COLOURS, SHAPE, draw
from helpers.project import Project

from pipeline.core import folders

pytestmark = pytest.mark.e2e
EACH = 40


def described(source: tuple, folder, sha256: str) -> dict:
    """The small data set's params.yaml, in which colour pictures that are not square are described instead."""
    params = json.loads(json.dumps(source[1]))
    params["dataset"] = {
        "name": "colours",
        "classes": list(COLOURS),
        **dict(zip(("height", "width", "channels"), SHAPE, strict=True)),
        "train": {"format": "folder", "path": "pictures", "sha256": sha256, "resize": "fit"},
        "test": {"format": "share", "of": 0.25, "seed": 1},
    }
    params["download"]["sources"] = [str(folder)]
    params["preprocess"]["validation"] = 15
    params["train"]["epochs"] = 1
    return params


def test_pictures_in_folders_become_a_judged_model(tmp_path, source):
    draw(tmp_path / "source" / "pictures", EACH, seed=1)
    shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "source")
    sha256 = folders.tree_sha256(tmp_path / "source" / "pictures")
    project = Project(tmp_path / "project", described(source, tmp_path / "packed.zip", "0" * 64))
    shown = project.fails("dvc", "repro")
    assert f"packed.zip: pictures/ has sha256 {sha256}, params.yaml says {'0' * 64}" in shown, "to be pasted"
    project.write_params(described(source, tmp_path / "packed.zip", sha256))
    project.ok("git", "commit", "-qam", "describe the pictures")
    shown = project.ok("dvc", "repro")
    assert "on 75 images" in shown, shown
    assert "the gate accepts this model" in shown, shown
    checks = json.loads((project.folder / "reports/data_checks.json").read_text())
    counts = {part: [row["count"] for row in checks["classes"] if row["part"] == part] for part in ("train", "test")}
    assert checks["passed"] and counts == {"train": [30] * 3, "test": [10] * 3}
    found = json.loads((project.folder / "reports/test.json").read_text())
    (run,) = project.runs()
    assert run.info.status == "FINISHED" and run.data.metrics["test/accuracy"] == found["test/accuracy"]
    assert f"test accuracy        {found['test/accuracy']:.4f}" in project.ok("python", "-m", "pipeline", "summary")
    project.ok("git", "add", "-A")
    project.ok("git", "commit", "-qm", "results")
    shown = project.ok("python", "-m", "pipeline", "verify")
    assert "source files         1 of 1 agree" in shown and "links agree" in shown
    assert "Data and pipelines are up to date" in project.ok("dvc", "repro")
