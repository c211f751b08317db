"""docs/extend.md, typed as it stands into a copy of the project, which is trained then."""

import json
import re
import shutil

import numpy as np
import pytest
from helpers.data import SHIPPED, TEST, TRAIN, make_split, small_params
from helpers.project import ROOT, Project

from pipeline.core import files

PAGE = ROOT / "docs" / "extend.md"
SECTIONS = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
PARTS = {"train": (TRAIN, 1), "test": (TEST, 2)}  # images, seed


def steps(section: str) -> list[tuple[str, str, str]]:
    """(file, kind of the block, text) of each block: the headline names the files in the order of the blocks."""
    headline, _, rest = section.partition("\n")
    names = re.findall(r"`([\w/]+\.\w+)`", headline)
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", rest, re.DOTALL | re.MULTILINE)
    return [(name, *block) for name, block in zip(names, blocks, strict=True)]


def patched(text: str, difference: str) -> str:
    """The text after each part of a difference; lines that go, or show the place, are there just once."""
    for part in difference.split("@@\n"):
        lines = part.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] != "+")
        after = "".join(line[1:] for line in lines if line[0] != "-")
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text


def type_in(folder, section: str) -> None:
    for name, kind, content in steps(section):
        path = folder / name
        assert path.exists() == (kind == "diff"), name
        path.write_text(patched(path.read_text(), content) if kind == "diff" else content)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.partition(":")[0])
def test_each_needs_fewer_than_15_lines(section):
    written = [
        line for _, kind, text in steps(section) for line in text.splitlines() if kind != "diff" or line[0] == "+"
    ]
    assert 1 <= len([line for line in written if line.strip(" +")]) < 15


def write_rows(path, count: int, seed: int) -> dict:
    """The small data set as the page's format has it, and the half that describes it."""
    images, labels = make_split(count, seed)
    rows = np.column_stack([labels, images.reshape(count, -1)])
    np.savetxt(path, rows, "%d", delimiter=",", header="label,pixels")
    return {"format": "pixels", "file": path.name, "sha256": files.sha256(path)}


@pytest.mark.e2e
def test_the_page_is_typed_and_trains(tmp_path):
    project = Project(tmp_path / "project", {})
    shutil.copytree(ROOT / "recipes", project.folder / "recipes")
    shutil.copy(SHIPPED, project.folder / "params.yaml")
    for section in SECTIONS:
        type_in(project.folder, section)
    (tmp_path / "rows").mkdir()
    halves = {part: write_rows(tmp_path / "rows" / f"{part}.csv", *each) for part, each in PARTS.items()}
    least = project.params()["preprocess"]["checks"]["class_min"]
    params = small_params(halves, tmp_path / "rows")
    params["preprocess"]["checks"]["class_min"] = least
    project.write_params(params)
    assert "name: linear" in project.ok("python", "-m", "pipeline", "adopt", "--recipe", "linear")
    project.ok("git", "add", "-A")
    project.ok("git", "commit", "-qm", "extend it")
    shown = project.ok("dvc", "repro")
    assert "training linear" in shown and "the gate accepts this model" in shown, shown
    checks = json.loads((project.folder / "reports/data_checks.json").read_text())["checks"]
    (own,) = [check for check in checks if check["check"] == "class large enough"]
    assert own["passed"] and own["allowed"] == f"≥ {least}" and own["checked"] == 8
    assert json.loads((project.folder / "reports/test.json").read_text())["test/balanced_accuracy"] > 0.7
