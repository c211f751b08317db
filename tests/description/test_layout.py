"""In which form data is found, and what is refused before anything in it is read."""

import os
import shutil

import pytest
from helpers.drawn import draw

from pipeline.core.errors import UserError
from pipeline.description import layout
from pipeline.description.found import Wanted

NOTHING = Wanted()


@pytest.mark.parametrize("name", ["pipe", "labels.csv", "mine.npz", "cat/1.png"])
def test_a_pipe_is_not_waited_for(tmp_path, name):
    draw(tmp_path / "pets", 2, seed=1)
    (tmp_path / "pets" / "cat").mkdir()
    os.mkfifo(tmp_path / "pets" / name)
    for given_path in (tmp_path / "pets", *([tmp_path / "pets" / name] if "/" not in name else [])):
        with pytest.raises(UserError, match=rf"{name}: (is no file, but a pipe|is a pipe|no file)"):
            layout.look(str(given_path), NOTHING)


def test_a_folder_that_holds_the_project_is_refused(tmp_path, monkeypatch):
    draw(tmp_path, 2, seed=1)
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    (tmp_path / "project" / "labels.csv").write_text("path,label\n")
    for given_path in ("..", str(tmp_path), ".", "labels.csv"):
        with pytest.raises(UserError, match="this project is in it"):
            layout.look(given_path, NOTHING)


@pytest.mark.parametrize(("train", "test"), [("training_set", "test_set"), ("seg-train", "seg-test")])
def test_parts_may_have_longer_names_where_no_picture_lies_in_them(tmp_path, train, test):
    draw(tmp_path / "pets" / train, 3, seed=1)
    draw(tmp_path / "pets" / test, 2, seed=2)
    found = layout.look(str(tmp_path / "pets"), NOTHING)
    assert {part: each.half["path"] for part, each in found.parts.items()} == {"train": train, "test": test}


def test_what_is_wrong_in_an_archive_is_said_of_the_archive(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "notes.txt").write_text("hello")
    packed = shutil.make_archive(str(tmp_path / "pets"), "zip", tmp_path / "x")
    with pytest.raises(UserError, match=rf"^{packed}: has no folders"):
        layout.look(packed, NOTHING)
