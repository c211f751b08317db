import shutil

import fsspec
import pytest
from helpers.data import write_files

from pipeline.core import folders
from pipeline.core.errors import UserError
from pipeline.sources import fetch
from pipeline.sources.streams import Limits

LIMITS = Limits(size=1 << 20, timeout=5)
FILES = {"train/cat/1.png": b"one", "train/dog/ü 👢.png": b"two", "train/.hidden": b"", "test/cat/1.png": b"three"}


@pytest.fixture
def wanted(tmp_path) -> dict[str, str]:
    """The hashes of the folders in the folder `plain`."""
    write_files(tmp_path / "plain", FILES)
    return {name: folders.sha256(tmp_path / "plain", name) for name in ("train/", "test/")}


@pytest.fixture
def bucket():
    """A place that lists its files, which has those of FILES."""
    filesystem = fsspec.filesystem("memory")
    for name, content in FILES.items():
        filesystem.pipe(f"/bucket/pets/{name}", content)
    yield "memory://bucket/pets"
    filesystem.rm("/bucket", recursive=True)


def assert_complete(folder, wanted):
    assert {name: folders.sha256(folder, name) for name in wanted} == wanted
    assert not list(folder.rglob(".*")) and not list(folder.parent.glob(".*"))


def test_a_folder_is_a_source_of_folders(tmp_path, wanted):
    (tmp_path / "plain" / "train" / "cat" / "link.png").symlink_to("1.png")
    wanted["train/"] = folders.tree_sha256(tmp_path / "plain" / "train")
    for source in (str(tmp_path / "plain"), f"file://{tmp_path / 'plain'}"):
        fetch.fetch([source], wanted, tmp_path / "raw", LIMITS)
        assert_complete(tmp_path / "raw", wanted)
        assert not (tmp_path / "raw" / "train" / "cat" / "link.png").is_symlink()
        shutil.rmtree(tmp_path / "raw")


def test_folders_may_be_below_others(tmp_path, wanted):
    nested = {f"plain/{name}": digest for name, digest in wanted.items()}
    fetch.fetch([str(tmp_path)], nested, tmp_path / "raw", LIMITS)
    assert_complete(tmp_path / "raw", nested)


@pytest.mark.parametrize("end", ["", "/"])
def test_a_place_that_lists_its_files_is_a_source_of_folders(tmp_path, wanted, bucket, end):
    fetch.fetch([bucket + end], wanted, tmp_path / "raw", LIMITS)
    assert_complete(tmp_path / "raw", wanted)
    with pytest.raises(UserError, match=r"more than 2 bytes, far more than params\.yaml"):
        fetch.fetch([bucket], wanted, tmp_path / "other", LIMITS._replace(size=5))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("plain/train", r"has no folder train/; there are \.hidden, cat, dog"),
        ("nowhere", "has no folder train/$"),
        ("http://127.0.0.1:9/x", r"train/ is a folder, which a web server does not list; pack it \(\.zip"),
        ("memory://nowhere", "memory://nowhere: has no folder train/$"),
        ("nosuch://x", "nosuch://x: train/: Protocol not known: nosuch"),
    ],
)
def test_a_source_without_the_folder_is_told(tmp_path, wanted, source, message):
    source = source if "://" in source else str(tmp_path / source)
    with pytest.raises(UserError, match=message):
        fetch.fetch([source], wanted, tmp_path / "raw", LIMITS)


def test_a_link_out_of_the_folder_of_a_source_is_refused(tmp_path, wanted):
    (tmp_path / "plain" / "train" / "cat" / "2.png").symlink_to("/etc/passwd")
    with pytest.raises(UserError, match=r"plain/train/cat/2\.png: a link that leads out of the folder, to /etc/passwd"):
        fetch.fetch([str(tmp_path / "plain")], wanted, tmp_path / "raw", LIMITS)


def test_a_folder_of_more_than_the_limit_is_refused(tmp_path, wanted):
    with pytest.raises(UserError, match=r"train/ has more than 5 bytes, far more than params\.yaml"):
        fetch.fetch([str(tmp_path / "plain")], wanted, tmp_path / "raw", LIMITS._replace(size=5))
