import contextlib
import functools
import gzip
import http.server
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from pipeline.core import files
from pipeline.core.errors import UserError
from pipeline.sources import fetch
from pipeline.sources.streams import Limits

LIMITS = Limits(size=1 << 20, timeout=5)


@pytest.fixture
def wanted(params) -> dict[str, str]:
    return params.dataset.sha256


@contextlib.contextmanager
def serving(handler, folder):
    """A web server on this machine that answers from `folder`; yields its address."""
    bound = functools.partial(handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), bound) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def spoil(source, folder, name, content):
    """A copy of the source with one file replaced."""
    folder.mkdir()
    for path in source.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / f"{name}.gz").write_bytes(content)
    return str(folder)


def assert_complete(folder, wanted):
    assert {path.name: files.sha256(path) for path in folder.iterdir()} == wanted


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_a_folder_is_a_source(source, wanted, tmp_path, form):
    address = form.format(source[0])
    assert fetch.fetch([address], wanted, tmp_path / "raw", LIMITS) == address
    assert_complete(tmp_path / "raw", wanted)


def test_a_web_server_is_a_source(source, wanted, tmp_path):
    with serving(http.server.SimpleHTTPRequestHandler, source[0]) as address:
        assert fetch.fetch([f"{address}/"], wanted, tmp_path / "raw", LIMITS) == f"{address}/"
    assert_complete(tmp_path / "raw", wanted)


def test_uncompressed_files_are_accepted(source, wanted, tmp_path):
    plain = tmp_path / "plain"
    plain.mkdir()
    for name in wanted:
        (plain / name).write_bytes(gzip.decompress((source[0] / f"{name}.gz").read_bytes()))
    fetch.fetch([str(plain)], wanted, tmp_path / "raw", LIMITS)
    assert_complete(tmp_path / "raw", wanted)


def test_what_is_there_and_intact_is_not_fetched_again(source, wanted, tmp_path):
    fetch.fetch([str(source[0])], wanted, tmp_path / "raw", LIMITS)
    assert fetch.fetch(["/nowhere"], wanted, tmp_path / "raw", LIMITS) == str(tmp_path / "raw")


def test_a_source_with_other_content_is_named_and_the_next_is_tried(source, wanted, tmp_path, capsys):
    bad = spoil(source[0], tmp_path / "bad", "test-labels", gzip.compress(b"other"))
    assert fetch.fetch([bad, str(source[0])], wanted, tmp_path / "raw", LIMITS) == str(source[0])
    assert f"{bad}: test-labels has sha256" in capsys.readouterr().out
    assert_complete(tmp_path / "raw", wanted)


def test_when_all_fail_one_error_lists_each_and_earlier_files_survive(source, wanted, tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "earlier").write_text("kept")
    whole = (source[0] / "train-images.gz").read_bytes()
    truncated = spoil(source[0], tmp_path / "truncated", "train-images", whole[:-20])
    damaged = spoil(source[0], tmp_path / "damaged", "train-images", whole[:50] + b"\xff" * 50 + whole[100:])
    no_gzip = spoil(source[0], tmp_path / "no_gzip", "train-images", b"<html>not found</html>")
    sources = ["/nowhere", "http://127.0.0.1:9/", truncated, damaged, no_gzip, "apt:no/name", "gopher://x"]
    with pytest.raises(UserError) as error:
        fetch.fetch(sources, wanted, raw, LIMITS)
    headline, *reasons = str(error.value).splitlines()
    assert "no source in params.yaml (download.sources)" in headline
    expected = [
        "has neither train-images.gz nor",
        "Cannot connect",
        "truncated",
        "damaged",
        "damaged",
        "no name of a Debian",
        "gopher",
    ]
    for reason, address, part in zip(reasons, sources, expected, strict=True):
        assert address in reason and part in reason
    assert [path.name for path in raw.iterdir()] == ["earlier"]
    assert not list(tmp_path.glob(".*"))


def test_an_archive_that_unpacks_to_far_more_than_described_is_given_up(source, wanted, tmp_path):
    bomb = spoil(source[0], tmp_path / "bomb", "train-images", gzip.compress(bytes(64 << 20)))
    with pytest.raises(UserError, match=r"train-images.gz: more than 1,048,576 bytes, far more"):
        fetch.fetch([bomb], wanted, tmp_path / "raw", LIMITS)
    assert not (tmp_path / "raw").exists()


def test_the_limit_leaves_room_for_the_files_themselves_and_little_more(params):
    pixels = params.dataset.train.count * params.dataset.height * params.dataset.width
    assert fetch.limits(params.dataset, 5).size == 2 * pixels + 2**20


@pytest.fixture
def package(source, monkeypatch) -> dict[str, str]:
    """Stands in for apt-get and dpkg-deb: program → what it says on stderr when it fails; the package has `source`."""
    trouble = {}

    def run(command, cwd, **_):
        if command[0] == "apt-get":
            (cwd / "data_1.deb").touch()
        else:
            assert command == ("dpkg-deb", "-x", str(cwd / "data_1.deb"), ".")
            shutil.copytree(source[0], cwd / "usr/share/data")
        failed = command[0] in trouble
        return subprocess.CompletedProcess(command, int(failed), stderr=trouble.get(command[0], ""))

    monkeypatch.setattr(shutil, "which", lambda program: None if trouble.get(program) == "missing" else program)
    monkeypatch.setattr(subprocess, "run", run)
    return trouble


def test_a_debian_package_is_a_source(package, wanted, tmp_path):
    assert fetch.fetch(["apt:data"], wanted, tmp_path / "raw", LIMITS) == "apt:data"
    assert_complete(tmp_path / "raw", wanted)


@pytest.mark.parametrize(
    ("program", "says", "reason"),
    [
        ("apt-get", "W: note\nE: Unable to locate package", "apt-get: E: Unable to locate package .`apt-get update`"),
        ("dpkg-deb", "", r"dpkg-deb: failed"),
        ("dpkg-deb", "missing", "this machine has no dpkg-deb"),
    ],
)
def test_what_went_wrong_with_a_package_is_told(package, wanted, tmp_path, program, says, reason):
    package[program] = says
    with pytest.raises(UserError, match=f"apt:data: {reason}"):
        fetch.fetch(["apt:data"], wanted, tmp_path / "raw", LIMITS)


def test_a_package_without_the_files_is_told(package, wanted, tmp_path):
    with pytest.raises(UserError, match=r"apt:data: has neither other\.gz nor other"):
        fetch.fetch(["apt:data"], wanted | {"other": "0" * 64}, tmp_path / "raw", LIMITS)


class Bucket(http.server.SimpleHTTPRequestHandler):
    """As much of S3 as reading an object takes: HEAD, and GET with a range."""

    def do_HEAD(self):
        self.answer(whole=True, body=False)

    def do_GET(self):
        self.answer(whole="Range" not in self.headers, body=True)

    def answer(self, whole, body):
        path = Path(self.directory) / Path(self.path).name
        if not path.is_file():
            return self.send_error(404)
        content = path.read_bytes()
        if not whole:
            first, last = self.headers["Range"].removeprefix("bytes=").split("-")
            content = content[int(first) : int(last or len(content) - 1) + 1]
        self.send_response(200 if whole else 206)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", "Mon, 23 Nov 2026 12:00:00 GMT")
        self.end_headers()
        if body:
            self.wfile.write(content)


def test_a_bucket_is_a_source(source, wanted, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    with serving(Bucket, source[0]) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        fetch.fetch(["s3://bucket/data"], wanted, tmp_path / "raw", LIMITS)
    assert_complete(tmp_path / "raw", wanted)


def test_a_bucket_that_cannot_be_reached_is_named(wanted, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(UserError, match=r"s3://other/data: .*(connect|127\.0\.0\.1:9)"):
        fetch.fetch(["s3://other/data"], wanted, tmp_path / "raw", LIMITS._replace(timeout=60))
