"""What a pull request's job says: `.ci/compare` on a copy of the project with a branch."""

import shutil

import pytest
from helpers.project import ROOT

pytestmark = pytest.mark.e2e


def test_it_trains_both_sides_and_prints_what_differs(prepared, tmp_path):
    project = prepared.copy(tmp_path / "a b").change("train", epochs=2)
    shutil.copytree(ROOT / ".ci", project.folder / ".ci")
    for command in ("add -A", "commit -qm base", "branch base"):
        project.ok("git", *command.split())
    params = project.params()
    project.change("train", model=params["train"]["model"] | {"filters": 6})
    project.ok("git", "commit", "-qam", "More filters")
    before = project.outputs()
    shown = project.ok(".ci/compare", "base", "1")
    _, _, markdown = shown.partition("## This change against base, with train.epochs=1 on both sides")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in markdown.splitlines() if line[:1] == "|"]
    assert ["params.yaml", "train.model.filters", "4", "6"] in rows, shown
    before_and_after = {row[1]: (float(row[2]), float(row[3])) for row in rows if row[0].startswith("reports/")}
    assert {"test/accuracy", "best/validation_accuracy"} <= before_and_after.keys(), shown
    assert "train.epochs" not in str(rows), "the same on both sides"
    assert (project.folder / "dvc_plots/index.html").is_file()
    assert project.outputs() == before and project.runs() == []
    assert project.ok("git", "status", "--porcelain") == ""
    assert "there is no commit nowhere" in project.fails(".ci/compare", "nowhere", "1")
