"""`make` leaves an environment alone that it did not make."""

import shutil
import subprocess

import pytest
from helpers.project import ROOT


@pytest.fixture
def folder(tmp_path):
    """A folder with the Makefile and an environment that its user made; its python answers as `fits` says."""
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "mine").touch()
    return tmp_path


def install(folder, fits: bool) -> subprocess.CompletedProcess:
    for name in ("python", "dvc"):
        program = folder / ".venv" / "bin" / name
        program.write_text(f"#!/bin/sh\nexit {0 if fits else 1}\n")
        program.chmod(0o755)
    return subprocess.run(["make", "install"], cwd=folder, capture_output=True, text=True, check=False)


def test_an_environment_that_fits_is_used_as_it_is(folder):
    assert install(folder, fits=True).returncode == 0
    assert (folder / ".venv" / "mine").exists()
    assert not (folder / ".venv" / "installed").exists()  # nor is it cleared when the lock file changes


@pytest.mark.parametrize("is_link", [False, True])
def test_one_that_does_not_fit_is_kept_and_named(folder, is_link):
    if is_link:  # to that of another folder, which make has made there
        (folder / ".venv" / "installed").write_text("elsewhere\n")
        (folder / ".venv").rename(folder / "theirs")
        (folder / ".venv").symlink_to("theirs")
    result = install(folder, fits=False)
    assert result.returncode != 0
    assert "rm -r .venv" in result.stderr
    assert (folder / ".venv" / "mine").exists()


def test_a_new_project_needs_a_name(folder):
    for name in ("python", "dvc"):
        (folder / ".venv" / "bin" / name).write_text("#!/bin/sh\nexit 0\n")
        (folder / ".venv" / "bin" / name).chmod(0o755)
    result = subprocess.run(["make", "new"], cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode != 0 and "name it: make new NAME=my-project" in result.stderr
