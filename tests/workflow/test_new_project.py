"""A project of one's own out of this one: what it has, what it has not, and what is refused."""

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from helpers.data import SHIPPED
from helpers.drawn import draw
from helpers.git import commit_all, git
from helpers.project import ROOT

from pipeline.config.load import load
from pipeline.core.errors import UserError
from pipeline.workflow import new_project


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A small project under git, in which the process stands; the real one is too large to be copied quickly."""
    folder = tmp_path / "original"
    files = {
        "dvc.lock": "x",
        "reports/test.json": "{}",
        "reports/train.json": "{}",
        "benchmarks/results/a/B1.json": "{}",
    }
    files |= {name: (ROOT / name).read_text() for name in ("pyproject.toml", "MLproject", "README.md")}
    files |= {"params.yaml": SHIPPED.read_text(), "dvc.yaml": "stages: {}\n"}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    shutil.copytree(ROOT / "pipeline", folder / "pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DVC_ROOT", str(folder))
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "test")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "test@example.org")
    git("init", "-q")
    commit_all()
    Path("uncommitted").touch()
    return folder


def test_it_has_the_committed_files_under_its_own_name_and_no_results(here):
    folder = new_project.make("my-project", None)
    assert folder == here.parent / "my-project"
    assert tomllib.loads((folder / "pyproject.toml").read_text())["project"]["name"] == "my-project"
    assert (folder / "README.md").read_text().startswith("# my-project\n\nAn experiment-tracking")
    assert "\nname: my-project\n" in (folder / "MLproject").read_text()
    assert (folder / "params.yaml").read_text() == SHIPPED.read_text()
    for name in ("dvc.lock", "reports", "benchmarks", "uncommitted"):
        assert not [path for path in (folder / name).rglob("*") if path.is_file()] and not (folder / name).is_file()
    log = subprocess.run(["git", "log", "--format=%s"], cwd=folder, capture_output=True, text=True, check=True).stdout
    status = subprocess.run(["git", "status", "-s"], cwd=folder, capture_output=True, text=True, check=True).stdout
    assert (log, status) == ("Begin my-project\n", "")


def test_its_params_describe_the_data(here):
    draw(here.parent / "pets", 12, seed=1)
    folder = new_project.make("my-project", "../pets")
    dataset, download = load("dataset", "download", path=folder / "params.yaml")
    assert dataset.name == "pets" and download.sources == [str(here.parent)]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "-a", "a b", "a\n", "ä"])
def test_a_name_that_is_no_project_is_refused(here, name):
    with pytest.raises(UserError, match="a name has letters, digits"):
        new_project.make(name, None)


def test_what_cannot_be_made_leaves_nothing(here):
    before = sorted(here.parent.iterdir())
    with pytest.raises(UserError, match="original is there already"):
        new_project.make("original", None)
    with pytest.raises(UserError, match="the data could not be described"):
        new_project.make("my-project", "../nowhere")
    (here / "README.md").write_text("no heading\n")
    commit_all()
    with pytest.raises(UserError, match=r"README\.md: has no line with the name"):
        new_project.make("my-project", None)
    assert sorted(here.parent.iterdir()) == before


def test_an_author_is_needed_for_the_first_commit(here, monkeypatch):
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{who}_NAME")
        monkeypatch.delenv(f"GIT_{who}_EMAIL")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.useConfigOnly")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    with pytest.raises(UserError, match="git does not know who commits"):
        new_project.make("my-project", None)
    assert not (here.parent / "my-project").exists()
