"""The notebook, executed on small data as `jupyter execute` does it."""

import json
import shutil

import pytest
from helpers.project import ROOT

pytestmark = pytest.mark.e2e
NOTEBOOK = "notebooks/fashion_mnist.ipynb"


def test_it_keeps_no_outputs_and_opens_the_test_images_in_its_evaluation_alone():
    cells = json.loads((ROOT / NOTEBOOK).read_text(encoding="utf-8"))["cells"]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
    texts = ["".join(cell["source"]) for cell in cells]
    opened = next(place for place, text in enumerate(texts) if "paths.TEST" in text)
    assert texts.index(next(text for text in texts if text.startswith("## Evaluation"))) == opened - 1


def test_it_ends_in_a_run_and_in_the_champion(prepared, tmp_path):
    project = prepared.copy(tmp_path / "a b é").change("train", epochs=2)
    shutil.copytree(ROOT / "notebooks", project.folder / "notebooks")
    project.ok("git", "add", "-A")
    project.ok("git", "commit", "-qm", "A notebook")
    project.ok("jupyter", "execute", NOTEBOOK, "--output", "../../executed.ipynb")
    cells = json.loads((tmp_path / "executed.ipynb").read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    shown = "".join("".join(output.get("text", [])) for output in outputs)
    assert len(pictures) == 4, shown  # 25 images, curves, the showcase, mistakes
    assert "the same weights, to the last bit: True" in shown and "the champion, version 1 of quadrants" in shown
    assert "(120, 8, 8, 1) uint8" in shown
    (run,) = project.runs()
    assert run.info.status == "FINISHED" and run.data.metrics["test/accuracy"] > 0.25
    assert project.client().get_model_version_by_alias("quadrants", "champion").run_id == run.info.run_id
    assert project.ok("git", "status", "--porcelain") == " M dvc.lock\n"  # which notes the other number of epochs
