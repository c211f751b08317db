"""A finished project pushed to a DVC remote, and cloned and pulled on another machine, which trains nothing."""

from pathlib import Path

import pytest
from helpers import remotes
from helpers.project import Project

pytestmark = pytest.mark.e2e


def pushed(project: Project, remote: remotes.Remote) -> None:
    """What the first machine types, as docs/remotes.md says it."""
    project.ok("dvc", "remote", "add", "-d", "shared", remote.address)
    log_in(project, remote)
    project.ok("dvc", "push", **remote.environment)
    project.ok("git", "commit", "-qam", "A remote")


def log_in(project: Project, remote: remotes.Remote) -> None:
    for option, value in remote.secrets.items():
        project.ok("dvc", "remote", "modify", "--local", "shared", option, value)


def cloned(here: Project, folder: Path, remote: remotes.Remote) -> Project:
    """What the second machine types first."""
    here.ok("git", "clone", "-q", str(here.folder), str(folder))
    there = Project.at(folder)
    log_in(there, remote)
    return there


def test_another_machine_pulls_everything_and_trains_nothing(done, tmp_path, inside):
    here = done.copy(tmp_path / "here")
    with remotes.ssh(tmp_path) as remote:
        pushed(here, remote)
        there = cloned(here, tmp_path / "there", remote)
        there.ok("dvc", "pull", "train", **remote.environment)
        assert not (there.folder / "data/raw").exists(), "the model alone"
        there.ok("dvc", "pull", **remote.environment)
    assert there.outputs() == here.outputs()
    assert "Data and pipelines are up to date." in there.ok("dvc", "repro")
    assert there.ok("git", "status", "--porcelain") == "" and there.runs() == []

    assert "python -m pipeline sync" in inside(there, "summary")
    inside(there, "sync")
    (run,), (original,) = there.runs(), here.runs()
    assert run.data.tags["restored_from"] == original.info.run_id
    assert run.data.metrics["test/accuracy"] == original.data.metrics["test/accuracy"]
    assert "✗" not in inside(there, "verify")


def test_a_folder_is_a_remote_too(done, tmp_path):
    here = done.copy(tmp_path / "here")
    with remotes.folder(tmp_path) as remote:
        pushed(here, remote)
        there = cloned(here, tmp_path / "there", remote)
        there.ok("dvc", "pull")
    assert there.outputs() == here.outputs()
