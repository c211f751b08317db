import contextlib
import gzip
import io
import shutil
import stat
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from helpers.data import edited, write_files
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import folders
from pipeline.core.errors import UserError
from pipeline.sources import archives, fetch
from pipeline.sources.streams import Limits, SourceError

LIMITS = Limits(size=1 << 28, timeout=5)
FILES = {"train/cat/1.png": b"one", "train/dog/ü 👢.png": b"two", "test/cat/1.png": b"three", "labels.csv": b"path"}
KINDS = ["zip", "tar", "tar.gz", "tgz"]


def packed(kind: str, members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        return file.getvalue()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue() if kind == "tar" else gzip.compress(file.getvalue())


def write(path: Path, members: dict[str, bytes]) -> Path:
    path.write_bytes(packed(path.name.partition(".")[2], members))
    return path


@pytest.fixture
def wanted(tmp_path) -> dict[str, str]:
    """The hashes of all that is in FILES."""
    write_files(tmp_path / "plain", FILES)
    return {name: folders.sha256(tmp_path / "plain", name) for name in ("train/", "test/", "labels.csv")}


def assert_complete(folder: Path, wanted: dict[str, str]) -> None:
    assert {name: folders.sha256(folder, name) for name in wanted} == wanted
    assert sorted(path.name for path in folder.iterdir()) == sorted(name.rstrip("/") for name in wanted)
    assert not list(folder.parent.glob(".*"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("above", ["", "pets-1.0/", "a/train/"])
def test_an_archive_is_a_source_also_where_all_is_in_a_folder(tmp_path, wanted, kind, above):
    others = {"README": b"more", ".DS_Store": b"", "__MACOSX/._x": b""} if above != "a/train/" else {}
    members = {f"{above}{name}": content for name, content in (FILES | others).items()}
    source = str(write(tmp_path / f"pets.{kind}", members))
    assert fetch.fetch([source], wanted, tmp_path / "raw", LIMITS) == source
    assert_complete(tmp_path / "raw", wanted)
    assert fetch.fetch(["/nowhere"], wanted, tmp_path / "raw", LIMITS) == str(tmp_path / "raw"), "it is there"


def test_an_archive_may_be_at_an_address_and_hold_gzipped_files(tmp_path, wanted):
    members = FILES | {"labels.csv.gz": gzip.compress(FILES["labels.csv"])}
    del members["labels.csv"]
    source = f"file://{write(tmp_path / 'pets.tar.gz', members)}"
    fetch.fetch([source], wanted, tmp_path / "raw", LIMITS)
    assert_complete(tmp_path / "raw", wanted)
    with pytest.raises(UserError, match=r"nowhere\.zip: has no nowhere\.zip: "):
        fetch.fetch(["file:///nowhere.zip"], wanted, tmp_path / "other", LIMITS)
    with pytest.raises(UserError, match=r"nowhere\.zip: there is no such file"):
        fetch.fetch(["/nowhere.zip"], wanted, tmp_path / "other", LIMITS)


def test_the_limit_of_an_archive_is_that_of_all_its_files_together(tmp_path):
    members = {f"{number}": bytes(1000) for number in range(3)}
    wanted = dict.fromkeys(members, "541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53")
    source = str(write(tmp_path / "x.tar", members))
    fetch.fetch([source], wanted, tmp_path / "raw", LIMITS._replace(size=1000))
    with pytest.raises(UserError, match=r"x\.tar: unpacks to more than 2,997 bytes"):
        fetch.fetch([source], wanted, tmp_path / "other", LIMITS._replace(size=999))


def test_all_wrong_hashes_are_told_in_full_at_once_and_earlier_files_survive(tmp_path, wanted):
    fetch.fetch([str(tmp_path / "plain")], wanted, tmp_path / "raw", LIMITS)
    other = {name: f"{number}" * 64 for number, name in enumerate(wanted)}
    source = write(tmp_path / "pets.zip", FILES)
    with pytest.raises(UserError) as error:
        fetch.fetch([str(source), str(tmp_path / "plain")], other, tmp_path / "raw", LIMITS)
    lines = str(error.value).splitlines()[1:]
    for each in (source, tmp_path / "plain"):
        for name in wanted:
            assert f"  {each}: {name} has sha256 {wanted[name]}, params.yaml says {other[name]}" in lines
    assert len(lines) == 6
    assert_complete(tmp_path / "raw", wanted)


def unpack(tmp_path: Path, content: bytes, limits: Limits = LIMITS) -> list[str]:
    (tmp_path / "packed").write_bytes(content)
    (tmp_path / "here").mkdir()
    archives.unpack(tmp_path / "packed", tmp_path / "here", limits)
    return folders.listing(tmp_path / "here")


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a\\..\\x", "C:/x", "a\nb", ".."])
def test_a_member_that_leads_out_is_refused(tmp_path, kind, name):
    with pytest.raises(SourceError, match=r"has a member .*, (which is no path inside a folder|a name with control)"):
        unpack(tmp_path, packed(kind, {name: b"x"}))
    assert {path.name for path in tmp_path.iterdir()} == {"packed", "here"}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("x")
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(SourceError, match="has a member 'x', which is a link or no file"):
        unpack(tmp_path, file.getvalue())


def test_links_in_a_zip_are_refused(tmp_path):
    file, member = io.BytesIO(), zipfile.ZipInfo("x")
    member.create_system, member.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(member, "/etc/passwd")
    with pytest.raises(SourceError, match="has a member 'x', which is a link or no file"):
        unpack(tmp_path, file.getvalue())


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("first", "second", "message"), [("a", "./a", "has two members 'a'"), ("a", "a/b", "cannot be unpacked")]
)
def test_members_in_the_way_of_each_other_are_refused(tmp_path, first, second, message):
    for kind in ("zip", "tar"):
        with pytest.raises(SourceError, match=message):
            unpack(tmp_path, packed(kind, {first: b"x", second: b"y"}))
        shutil.rmtree(tmp_path / "here")


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_bomb_is_given_up(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(archives, "SMALL", 1 << 20)
    content = packed(kind, {"x": bytes(64 << 20)})
    with pytest.raises(SourceError, match="unpacks to more than"):
        unpack(tmp_path, content)
    assert (tmp_path / "here" / "x").stat().st_size < 1 << 25
    shutil.rmtree(tmp_path / "here")
    with pytest.raises(SourceError, match=r"unpacks to more than 1,000 bytes"):
        unpack(tmp_path, packed(kind, {"x": bytes(1001)}), LIMITS._replace(size=1000))


def test_what_is_skipped_in_a_tar_counts_too(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "SMALL", 1 << 20)
    with pytest.raises(SourceError, match="unpacks to more than"):
        unpack(tmp_path, packed("tar.gz", {".hidden": bytes(64 << 20), "x": b""}))


def test_a_header_of_a_tar_does_not_fill_the_memory(tmp_path):
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 48 << 20
    content = gzip.compress(header.tobuf(tarfile.PAX_FORMAT) + bytes(48 << 20), 1)
    tracemalloc.start()
    try:
        with pytest.raises(SourceError, match="has a header of more than 16,777,216 bytes"):
            unpack(tmp_path, content)
        assert tracemalloc.get_traced_memory()[1] < 1 << 23
    finally:
        tracemalloc.stop()


def test_too_many_members_are_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MEMBERS", 10)
    for kind in ("zip", "tar"):
        with pytest.raises(SourceError, match="has more than 10 members"):
            unpack(tmp_path, packed(kind, {f"{number}": b"" for number in range(11)}))
        shutil.rmtree(tmp_path / "here")


def test_a_list_of_members_that_would_fill_the_memory_is_refused_unread(tmp_path, monkeypatch):
    content = packed("zip", {f"{number:0100}": b"" for number in range(100)})
    monkeypatch.setattr(archives, "LIST", 100 * 146)
    assert len(unpack(tmp_path, content)) == 100
    shutil.rmtree(tmp_path / "here")
    monkeypatch.setattr(archives, "LIST", 100 * 146 - 1)
    with pytest.raises(SourceError, match="has a list of members of more than 14,599 bytes"):
        unpack(tmp_path, content)
    shutil.rmtree(tmp_path / "here")
    end = content[:-10] + b"\xff\xff\xff\xff" + content[-6:]  # as in a zip64 file
    long = content[:-22] + b"PK\6\6" + bytes(36) + (14_600).to_bytes(8, "little") + bytes(8) + end[-22:]
    with pytest.raises(SourceError, match="has a list of members of more than 14,599 bytes"):
        unpack(tmp_path, long)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>not found</html>", packed("zip", FILES)[:-30], packed("tgz", FILES)[:60]],
    ids=["empty", "a page", "half a zip", "half a tgz"],  # gzip writes the time: no name that all workers share
)
def test_what_is_damaged_is_told(tmp_path, content):
    with pytest.raises(SourceError, match=r"^cannot be unpacked: "):
        unpack(tmp_path, content)


PARTS = st.text(st.sampled_from("ab./\\:é\0\n ") | st.characters(exclude_categories=["Cs"]), max_size=12)


@given(st.lists(PARTS, max_size=4).map("/".join))
def test_a_name_is_safe_hidden_or_refused(name):
    try:
        path = archives.safe_name(name)
    except SourceError:
        return
    if path is not None:
        parts = path.split("/")
        assert parts == [part for part in name.split("/") if part not in ("", ".")]
        assert not {"", ".", ".."} & set(parts) and "\0" not in path and "\\" not in path
        assert (Path("/a/b") / path).is_relative_to("/a/b")


@given(
    st.sampled_from(["zip", "tar", "tgz"]).flatmap(
        lambda kind: edited(packed(kind, FILES), st.binary(max_size=5) | st.sampled_from([b"../", b"/", b"\0", b"2"]))
    )
)
def test_whatever_is_in_an_archive_nothing_is_written_elsewhere(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("archive")
    with contextlib.suppress(SourceError, UserError):
        unpack(folder, content)
    assert {path.name for path in folder.iterdir()} == {"packed", "here"}
    assert all(path.is_dir() or path.is_file() for path in (folder / "here").rglob("*"))
    assert not any(path.is_symlink() for path in (folder / "here").rglob("*"))
    shutil.rmtree(folder)
