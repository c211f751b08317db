"""Pictures of one's own, in a folder for each class, from the source to a judged model, with the real programs.

Then another model of the same pictures, which is held against the champion, and the champion's answers.
"""

import json
import re
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from helpers.data import free_port
from helpers.drawn import COLOURS, draw
from helpers.faults import interrupt
from helpers.project import ROOT, Project
from helpers.served import ask_until_answered

from pipeline.core import folders

pytestmark = pytest.mark.e2e
EACH, SHAPE = 40, (64, 64, 3)


def described(source: tuple, folder, sha256: str) -> dict:
    """The small data set's params.yaml, in which colour pictures are described instead."""
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


def test_pictures_in_folders_become_a_judged_model(tmp_path, source, inside):
    draw(tmp_path / "source" / "pictures", EACH, seed=1, shape=SHAPE)
    shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "source")
    sha256 = folders.tree_sha256(tmp_path / "source" / "pictures")
    project = Project(tmp_path / "project", described(source, tmp_path / "packed.zip", "0" * 64))
    shutil.copytree(ROOT / "recipes", project.folder / "recipes")
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
    assert f"test accuracy        {found['test/accuracy']:.4f}" in inside(project, "summary")
    project.ok("git", "add", "-A")
    project.ok("git", "commit", "-qm", "results")
    shown = inside(project, "verify")
    assert "source files         1 of 1 agree" in shown and "links agree" in shown
    assert "Data and pipelines are up to date" in project.ok("dvc", "repro")
    hold_another_against_the_champion(project, inside)
    shown = inside(project, "predict", str(tmp_path / "source/pictures/grün"), "--json")
    answers = [json.loads(line) for line in shown.splitlines() if line.startswith("{")]
    assert len(answers) == EACH and {answer["class"] for answer in answers} <= set(COLOURS)
    assert serve(project, np.zeros(SHAPE, np.uint8)) in COLOURS


def serve(project: Project, picture: np.ndarray) -> str:
    """The class that the champion's server gives a picture."""
    process = project.start("python", "-m", "pipeline", "serve", "--port", str(free_port()))
    try:
        (address,) = re.findall(r"http://[\d.:]+", next(line for line in process.stdout if "answers on" in line))
        return ask_until_answered(address, picture)["class"]
    finally:
        interrupt(process, signal.SIGKILL)


def hold_another_against_the_champion(project: Project, inside) -> None:
    """Trains the recipe `accurate` for one epoch; the gate compares it with the champion of the same data set."""
    inside(project, "adopt", "--recipe", "accurate", "--keep", "batch_size", "--keep", "epochs", "--keep", "precision")
    project.ok("git", "commit", "-qam", "another model")
    shown = project.ok("dvc", "repro")
    assert "training resnet" in shown, shown
    run, client = project.runs()[-1], project.client()
    verdicts = json.loads(Path(client.download_artifacts(run.info.run_id, "gate.json")).read_text())
    (found,) = [each["found"] for each in verdicts if each["rule"] == "not worse than the champion"]
    assert "of 30, p " in found, found
    versions = {str(each.version) for each in client.search_model_versions("name = 'colours'")}
    assert versions == ({"1", "2"} if "the gate accepts this model" in shown else {"1"})
