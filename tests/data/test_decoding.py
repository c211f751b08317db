import os
import threading

import pytest
from PIL import Image

from pipeline.core.errors import UserError
from pipeline.data import decoding, pictures

SHAPE = (4, 4, 1)


def test_pictures_are_read_in_the_order_of_the_names_by_several_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(decoding, "BLOCK", 6)
    meeting, read = threading.Barrier(2, timeout=20), pictures.read
    monkeypatch.setattr(pictures, "read", lambda *arguments: [meeting.wait(), read(*arguments)][1])
    names = [f"{number}.png" for number in range(12)]
    for number, name in enumerate(names):
        Image.new("L", (4, 4), number).save(tmp_path / name)
    found = decoding.decode(tmp_path, names[::-1], SHAPE, "fit")
    assert found[:, 0, 0, 0].tolist() == list(range(12))[::-1]


def test_of_many_broken_files_twenty_are_named_and_the_rest_is_counted(tmp_path):
    for number in range(30):
        (tmp_path / f"{number:02}.png").write_text("text")
    Image.new("L", (4, 4)).save(tmp_path / "03.png")
    with pytest.raises(UserError) as error:
        decoding.decode(tmp_path, [f"{number:02}.png" for number in range(31)], SHAPE, "fit")
    *lines, last = str(error.value).splitlines()
    assert len(lines) == 20 and last == "… and 10 more"
    assert not any("03.png" in line for line in lines)


def test_a_file_that_is_gone_is_named(tmp_path):
    with pytest.raises(UserError, match=r"x\.png: No such file or directory"):
        decoding.decode(tmp_path, ["x.png"], SHAPE, "fit")
