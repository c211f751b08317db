"""What a pull request's job says: `.ci/compare` on a copy of the project with a branch, and the data set `tiny`."""

import shutil

import pytest
from helpers.data import SHIPPED
from helpers.project import ROOT, Project
from ruamel.yaml import YAML

pytestmark = pytest.mark.e2e


def test_it_trains_both_sides_and_prints_what_differs(tmp_path, inside):
    project = Project(tmp_path / "a b", YAML(typ="safe", pure=True).load(SHIPPED))
    for name in (".ci", "datasets", "data/.gitignore"):
        (project.folder / name).parent.mkdir(exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, project.folder / name)
    inside(project, "adopt", "--dataset", "tiny")
    for command in ("add -A", "commit -qm base", "branch base"):
        project.ok("git", *command.split())
    params = project.params()
    project.change("train", model=params["train"]["model"] | {"filters": 16})
    project.ok("git", "commit", "-qam", "More filters")
    inside(project, "download")  # which is not fetched again, as in a job that keeps it
    before = project.outputs()
    shown = project.ok(".ci/compare", "base", "9")
    _, _, markdown = shown.partition("## This change against base, with train.epochs=9 on both sides")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in markdown.splitlines() if line[:1] == "|"]
    assert ["params.yaml", "train.model.filters", "32", "16"] in rows, shown
    before_and_after = {row[1]: (float(row[2]), float(row[3])) for row in rows if row[0].startswith("reports/")}
    assert "best/validation_accuracy" in before_and_after and min(before_and_after["test/accuracy"]) >= 0.75, shown
    assert "train.epochs" not in str(rows), "the same on both sides"
    assert (project.folder / "dvc_plots/index.html").is_file()
    assert project.outputs() == before and project.runs() == []
    assert project.ok("git", "status", "--porcelain") == ""
    assert "there is no commit nowhere" in project.fails(".ci/compare", "nowhere", "1")
