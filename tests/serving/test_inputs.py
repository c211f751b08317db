import io
import os
import sys
from types import SimpleNamespace

import pytest

from pipeline.core.errors import UserError
from pipeline.serving import inputs
from pipeline.serving.inputs import Input


@pytest.fixture
def here(tmp_path, monkeypatch):
    for name in ("b.png", "a.JPG", "c.npy", "notes.txt", ".hidden.png", "sub/d.webp", ".git/e.png", "odd[1].png"):
        (tmp_path / "shots" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shots" / name).touch()
    (tmp_path / "shots" / "sub" / "again").symlink_to(tmp_path / "shots")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_of_a_folder_all_pictures_are_taken_by_name_and_no_link_is_followed(here):
    names = [f"shots/{name}" for name in ("a.JPG", "b.png", "c.npy", "odd[1].png", "sub/d.webp")]
    assert inputs.find(["shots"]) == [Input(name) for name in names]


def test_a_quoted_pattern_is_filled_in_here(here):
    assert inputs.find(["shots/*.txt", "shots/*/*.webp"]) == [Input("shots/notes.txt"), Input("shots/sub/d.webp")]
    assert inputs.find([f"{here}/shots/[bc].*"]) == [Input(f"{here}/shots/b.png"), Input(f"{here}/shots/c.npy")]


def test_a_name_that_exists_is_no_pattern(here):
    assert inputs.find(["shots/odd[1].png"]) == [Input("shots/odd[1].png")]


def test_what_leads_to_nothing_is_said_and_the_others_go_on(here):
    (here / "lost.png").symlink_to("nowhere")
    os.mkfifo("pipe.png")
    found = inputs.find(["empty", "*.gif", "missing.png", "lost.png", "pipe.png", "a\0.png", "shots/b.png", "-"])
    assert [each.error for each in found] == [
        "is a folder without pictures (.png, .jpg, .jpeg, .webp, .npy)",
        "is a pattern that fits no file",
        *["No such file or directory"] * 2,
        "is no file; a picture can be piped to -",
        "embedded null byte",
        None,
        None,
    ]


def test_a_file_that_is_named_twice_is_answered_once_and_a_link_is_another_file(here):
    (here / "link.png").symlink_to("shots/b.png")
    (here / "-").touch()
    named = ["shots/b.png", "shots/[bc].*", "./shots", f"{here}/shots/sub/../b.png", "link.png", "-", "./-", "-"]
    found = [each.name for each in inputs.find(named)]
    others = [f"./shots/{name}" for name in ("a.JPG", "odd[1].png", "sub/d.webp")]
    assert found == ["shots/b.png", "shots/c.npy", *others, "link.png", "-", "./-"]


def test_a_folder_that_may_not_be_read_is_said(here, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert inputs.find(["shots"]) == [Input("shots", "Permission denied")]


def test_a_file_that_cannot_be_read_is_said_and_content_that_is_here_is_not_looked_for(here):
    with pytest.raises(UserError, match="No such file or directory"):
        inputs.open_binary(Input("gone.png"))
    assert inputs.open_binary(Input("gone.png", content=b"1")).read() == b"1"


def test_stdin_is_read_up_to_a_limit(monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"12345")))
    assert inputs.open_binary(Input("-")).read() == b"12345"
    monkeypatch.setattr(inputs, "LARGEST", 4)
    sys.stdin.buffer.seek(0)
    with pytest.raises(UserError, match="more than 4 bytes"):
        inputs.open_binary(Input("-"))
