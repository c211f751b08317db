import os
import subprocess

import pytest

from pipeline.core import folders
from pipeline.core.errors import UserError

NAMES = ["b c/ü 👢.png", "a.png", "B/-x.png", "b/back\\slash.png", "b/" + 246 * "n" + ".png", "Ü/e.png"]


def fill(folder, names=NAMES):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_all_files_are_listed_in_the_order_of_their_bytes_without_hidden_ones(tmp_path):
    fill(tmp_path, [*NAMES, ".hidden", ".git/x", "b/.DS_Store"])
    assert folders.listing(tmp_path) == sorted(NAMES, key=str.encode)
    with pytest.raises(UserError, match=r"nowhere/ is missing"):
        folders.listing(tmp_path / "nowhere")


def test_the_hash_of_a_folder_is_what_coreutils_make_of_it(tmp_path):
    fill(tmp_path, [*NAMES, ".hidden", "b/.hidden/x"])
    (command,) = [line.strip() for line in folders.__doc__.splitlines() if "sha256sum" in line and "find" in line]
    shown = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (
        shown.stdout.split()[0] == folders.tree_sha256(tmp_path) == folders.sha256(tmp_path.parent, f"{tmp_path.name}/")
    )


def test_another_name_or_another_content_is_another_hash(tmp_path):
    before = folders.tree_sha256(fill(tmp_path))
    (tmp_path / "a.png").rename(tmp_path / "c.png")
    renamed = folders.tree_sha256(tmp_path)
    (tmp_path / "c.png").write_text("other")
    assert len({before, renamed, folders.tree_sha256(tmp_path)}) == 3


def test_all_that_is_no_file_of_the_folder_is_named_at_once(tmp_path):
    folder = fill(tmp_path / "data")
    (tmp_path / "secret").write_text("x")
    (folder / "out").symlink_to("../secret")
    (folder / "folder").symlink_to("b c")
    (folder / "nowhere").symlink_to("nothing")
    (folder / "tab\there").write_text("")
    os.mkfifo(folder / "pipe")
    (folder / "b" / os.fsdecode(b"\xff.png")).write_text("")
    with pytest.raises(UserError) as error:
        folders.listing(folder)
    told = "\n".join(line.removeprefix(f"{folder}/") for line in str(error.value).splitlines())
    assert told == (
        "'b/\\udcff.png': a name with control characters, or not in UTF-8\n"
        "'tab\\there': a name with control characters, or not in UTF-8\n"
        "folder: a link to what is no file\n"
        "nowhere: a link to what is no file\n"
        f"out: a link that leads out of the folder, to {tmp_path}/secret\n"
        "pipe: no file"
    )


def test_links_within_the_folder_and_into_the_cache_of_dvc_are_files(tmp_path):
    folder = fill(tmp_path / "data")
    (folder / "again.png").symlink_to("a.png")
    cached = tmp_path / "cache/files/md5/ab" / ("0" * 30)
    cached.parent.mkdir(parents=True)
    cached.write_text("x")
    (folder / "cached.png").symlink_to(cached)
    assert {"again.png", "cached.png"} < set(folders.listing(folder))


def test_of_many_problems_twenty_are_named(tmp_path):
    for number in range(25):
        (tmp_path / f"{number}").symlink_to("/etc/passwd")
    with pytest.raises(UserError) as error:
        folders.listing(tmp_path)
    lines = str(error.value).splitlines()
    assert len(lines) == 21 and lines[-1].endswith("… and 5 more")
