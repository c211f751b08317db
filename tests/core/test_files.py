import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.project import ROOT

from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.data.arrays import load


def test_a_failed_write_leaves_what_was_there(tmp_path):
    path = tmp_path / "file"
    files.write_text(path, "old")
    with pytest.raises(OSError, match="full"), files.replacing(path) as temporary:
        temporary.write_text("ne")
        raise OSError("disk full")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "folder"
    for name in ("one", "two"):
        with files.replacing(path) as temporary:
            temporary.mkdir()
            (temporary / name).write_text(name)
    assert [file.name for file in path.iterdir()] == ["two"]
    assert list(tmp_path.iterdir()) == [path]


KILLED = """
import os, pathlib, signal, sys
from pipeline.core import files
with files.replacing(pathlib.Path(sys.argv[1])) as temporary:
    temporary.mkdir()
    (temporary / "half").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_left_is_removed_by_the_next_and_nothing_else(tmp_path):
    path, number = tmp_path / "te.st", os.getpid()
    killed = subprocess.run([sys.executable, "-c", KILLED, path], check=False, cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    left.with_suffix(".old").touch()
    (tmp_path / f".te.st.{number}.tmp").mkdir()  # of one killed in a container, where numbers come again
    (tmp_path / f".te.st.{number}.old").symlink_to(tmp_path)  # as an earlier version left one
    stay = [f".te.st.{os.getppid()}.tmp", ".te.st.note.tmp", ".te_st.1234567.tmp", f".other.{number}.tmp"]
    for name in stay:
        (tmp_path / name).touch()
    files.write_text(path, "whole")
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(["te.st", *stay])


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder outside of the repository, which itself is reached through a link, as /home may be."""
    (tmp_path / "disk" / "repository" / "reports").mkdir(parents=True)
    (tmp_path / "home").symlink_to(tmp_path / "disk")
    monkeypatch.chdir(tmp_path / "home" / "repository")
    monkeypatch.setenv("PWD", f"{tmp_path}/home/repository")  # as a shell has it
    (tmp_path / "elsewhere").mkdir()
    return tmp_path / "elsewhere"


def write_folder(path, name):
    with files.replacing(path) as temporary:
        temporary.mkdir()
        (temporary / name).write_text(name)


@pytest.mark.parametrize("path", [paths.RAW, paths.TRAIN])
def test_a_linked_folder_of_data_stays_a_link_and_what_it_leads_to_is_replaced(elsewhere, path):
    path.parent.mkdir(parents=True)
    path.symlink_to(elsewhere / "big")
    write_folder(path, "two")
    (elsewhere / "big" / "two").write_text("former")
    write_folder(path, "two")
    assert (path / "two").read_text() != "former"
    assert path.readlink() == elsewhere / "big"
    assert [file.name for file in path.iterdir()] == ["two"]
    assert list(elsewhere.iterdir()) == [elsewhere / "big"]
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_or_killed_write_to_a_linked_folder_leaves_nothing(elsewhere):
    paths.RAW.parent.mkdir()
    paths.RAW.symlink_to(elsewhere / "big")
    write_folder(paths.RAW, "one")
    with pytest.raises(OSError, match="full"), files.replacing(paths.RAW) as temporary:
        temporary.mkdir()
        assert temporary.parent == elsewhere.resolve()  # on the disk of the folder: a rename is enough
        raise OSError("disk full")
    assert [file.name for file in paths.RAW.iterdir()] == ["one"]
    (elsewhere / "big").rename(elsewhere / f".big.{os.getpid()}.old")  # killed between its two renames
    (elsewhere / f".big.{os.getpid()}.tmp").mkdir()
    write_folder(paths.RAW, "two")
    assert [file.name for file in paths.RAW.iterdir()] == ["two"]
    assert list(elsewhere.iterdir()) == [elsewhere / "big"]


@pytest.mark.e2e
def test_dvc_takes_linked_folders_of_data_as_they_are(prepared, tmp_path):
    project = prepared.copy(tmp_path / "copy")
    links = [project.folder / path for path in (paths.RAW, paths.TRAIN)]
    for link in links:
        link.rename(tmp_path / link.name)
        link.symlink_to(tmp_path / link.name)
    (tmp_path / "raw" / "test-labels").unlink()
    validation = project.params()["preprocess"]["validation"] + 4
    project.change("preprocess", validation=validation).ok("dvc", "repro", "preprocess")
    assert all(link.is_symlink() for link in links)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "raw", "train"]
    assert (tmp_path / "raw" / "test-labels").exists()
    assert len(load(links[1]).labels) == len(load(prepared.folder / paths.TRAIN).labels) - 4


@pytest.mark.parametrize("target", ["/", "missing/raw"])
def test_a_link_to_what_cannot_be_renamed_is_refused_before_any_work(elsewhere, target):
    paths.RAW.parent.mkdir()
    paths.RAW.symlink_to(elsewhere / target)
    with pytest.raises(UserError, match=rf"^data/raw is a link to {elsewhere / target}, which"):
        write_folder(paths.RAW, "never")
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("link", ["reports", "reports/figures", "data", "data/prepared", "models"])
def test_nothing_is_written_through_a_link_that_leads_out_of_the_repository(elsewhere, link):
    paths.REPORTS.rmdir()
    Path(link).parent.mkdir(exist_ok=True)
    Path(link).symlink_to(elsewhere)
    (elsewhere / "a.png").write_text("mine")
    for path in (Path(link) / "a.png", Path(link) / "deeper" / "a.png"):
        with pytest.raises(UserError, match=rf"^{link} is a link that leads out of the repository, to {elsewhere}:"):
            files.write_text(path, "other")
    assert [file.read_text() for file in elsewhere.iterdir()] == ["mine"]


def test_a_link_in_place_of_an_output_is_replaced_and_one_inside_the_repository_followed(elsewhere):
    (elsewhere / "object").write_text("of DVC's cache")
    paths.HISTORY.symlink_to(elsewhere / "object")
    paths.TEST_METRICS.symlink_to(elsewhere / "deleted")
    Path("pictures").mkdir()
    paths.FIGURES.symlink_to("../pictures")
    for path in (paths.HISTORY, paths.TEST_METRICS, paths.FIGURES / "a.png"):
        files.write_text(path, "new")
        assert path.read_text() == "new"
        assert not path.is_symlink()
    assert [file.read_text() for file in elsewhere.iterdir()] == ["of DVC's cache"]
    assert Path("pictures/a.png").exists()


def test_a_temporary_folder_may_be_reached_through_a_link(elsewhere):
    Path("tmp").symlink_to(elsewhere)  # as /tmp is under macOS
    files.write_text(Path("tmp").absolute() / paths.HISTORY, "epochs")
    assert (elsewhere / paths.HISTORY).read_text() == "epochs"


def test_sha256_is_the_standard_one(tmp_path):
    (tmp_path / "empty").touch()
    assert files.sha256(tmp_path / "empty").startswith("e3b0c44298fc1c14")


def test_dvc_names_the_root_where_a_stage_runs_in_a_copy(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert files.project_root() == tmp_path.resolve()


def test_a_linked_folder_that_holds_anything_else_is_kept(tmp_path, monkeypatch):
    (elsewhere := tmp_path / "disk" / "datasets").mkdir(parents=True)
    (elsewhere / "thesis.txt").write_text("precious")
    (elsewhere / "other").mkdir()
    (project := tmp_path / "project").mkdir()
    monkeypatch.chdir(project)
    (raw := Path("data/raw")).parent.mkdir()
    raw.symlink_to(elsewhere)
    message = r"data/raw is a link to .*/datasets, which holds other too, and would lose it"
    with pytest.raises(UserError, match=message), files.replacing(raw) as temporary:
        temporary.mkdir()
        (temporary / "images").write_text("new")
    assert sorted(path.name for path in elsewhere.iterdir()) == ["other", "thesis.txt"]
    assert [path.name for path in elsewhere.parent.iterdir()] == ["datasets"], "nothing is left over"


def test_a_pipe_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="pipe: is a device or a pipe"):
        files.write_text(tmp_path / "pipe", "text")
    assert (tmp_path / "pipe").is_fifo()


def test_of_very_many_files_each_is_not_waited_for_alone(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(files, "MANY", 3)
    monkeypatch.setattr(os, "sync", lambda: synced.append("all"))
    monkeypatch.setattr(files, "_sync", synced.append)
    for name, number in (("few", 2), ("many", 3)):
        with files.replacing(tmp_path / name) as temporary:
            temporary.mkdir()
            for each in range(number):
                (temporary / f"{each}").touch()
    assert len(synced) == 3 + 1 + 1 + 1 and synced[4] == "all", "the folder above is waited for each time"
