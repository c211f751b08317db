import base64
import contextlib
import functools
import gzip
import http.server
import os
import threading
import tracemalloc

import fsspec
import pytest

from pipeline.core import files
from pipeline.core.errors import UserError
from pipeline.sources import fetch, streams
from pipeline.sources.streams import Limits

LIMITS = Limits(size=1 << 20, timeout=0.3)
BOMB = gzip.compress(bytes(64 << 20))
EMPTY_MEMBERS = gzip.compress(b"") * 1000
GZIP_WITH_NAME = b"\x1f\x8b\x08\x08" + bytes(6)


def endless_members(handler):
    begin(handler)
    while True:
        handler.wfile.write(EMPTY_MEMBERS)


def endless_name(handler):
    begin(handler)
    handler.wfile.write(GZIP_WITH_NAME)
    while True:
        handler.wfile.write(b"x" * 10_000)


def endless_content(handler):
    """As long as it claims to be, in ranges too, which it offers."""
    if handler.path.endswith(".gz"):
        return handler.send_error(404)
    begin(handler, **{"Content-Length": str(10**15), "Accept-Ranges": "bytes"})
    while True:
        handler.wfile.write(bytes(10_000))


def bomb(handler):
    """64 MiB in 64 KiB, all of which has arrived before the first of it is unpacked."""
    begin(handler)
    handler.wfile.write(BOMB)


def a_byte_now_and_then(handler):
    begin(handler)
    for byte in GZIP_WITH_NAME + b"x" * 1000:
        handler.wfile.write(bytes([byte]))
        handler.server.is_over.wait(0.05)


def headers_now_and_then(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(1000):
        handler.wfile.write(b"x")
        handler.server.is_over.wait(0.05)


def silence(handler):
    handler.server.is_over.wait(10)


def another_scheme(handler):
    handler.send_response(302)
    handler.send_header("Location", "file:///etc/passwd")
    handler.end_headers()


def begin(handler, **headers):
    handler.send_response(200)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()


@contextlib.contextmanager
def serving(answer):
    """A web server that answers every request by `answer`; yields it with its `address` and the `asked` headers."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.headers)
            with contextlib.suppress(ConnectionError):
                answer(self)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked, server.is_over = [], threading.Event()
        server.address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=functools.partial(server.serve_forever, poll_interval=0.01), daemon=True).start()
        yield server
        server.is_over.set()
        server.shutdown()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (endless_members, r"train-images\.gz: 1,\d+,\d+ bytes have arrived, and unpack to no more than 0"),
        (endless_name, r"train-images\.gz: 1,\d+,\d+ bytes have arrived, and unpack to no more than 0"),
        (endless_content, "train-images: more than 1,048,576 bytes, far more than params"),
        (bomb, r"train-images\.gz: more than 1,048,576 bytes, far more than params"),
        (a_byte_now_and_then, r"train-images\.gz: less than 32,000 bytes arrive in a second"),
        (headers_now_and_then, r"train-images\.gz: no answer in 0\.3 seconds"),
        (silence, r"train-images\.gz: no answer in 0\.3 seconds"),
        (another_scheme, r"train-images\.gz: the server leads to file:///etc/passwd, which is not on the web"),
    ],
)
def test_a_server_that_gives_no_end_is_given_up_and_the_next_source_is_tried(source, params, tmp_path, answer, reason):
    wanted = params.dataset.sha256
    with serving(answer) as server:
        with pytest.raises(UserError, match=f"{server.address}: {reason}"):
            fetch.fetch([server.address], wanted, tmp_path / "raw", LIMITS)
        assert not list(tmp_path.iterdir()), "nothing is left"
        sources = [server.address, str(source[0])]
        assert fetch.fetch(sources, wanted, tmp_path / "raw", LIMITS) == str(source[0])
    assert {path.name: files.sha256(path) for path in (tmp_path / "raw").iterdir()} == wanted
    assert not any("Range" in headers for headers in server.asked)


def test_what_is_read_is_not_held_in_memory():
    with serving(endless_content) as server:
        tracemalloc.start()
        with pytest.raises(streams.SourceError, match="more than 50,000,000 bytes"):
            for _ in streams.read(server.address, "x", LIMITS._replace(size=50_000_000)):
                pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 10_000_000


def test_what_is_slow_but_fast_enough_is_read_to_its_end():
    def in_pieces(handler):
        begin(handler)
        content = gzip.compress(b"content")
        for start in range(0, len(content), 5):
            handler.wfile.write(content[start:][:5])
            handler.server.is_over.wait(0.02)

    with serving(in_pieces) as server:
        assert b"".join(streams.read(server.address, "x", LIMITS._replace(timeout=60))) == b"content"


def test_a_file_of_many_members_that_does_not_get_smaller_is_read():
    noise = bytes(range(256)) * 1000

    def members(handler):
        begin(handler)
        handler.wfile.write(gzip.compress(noise, compresslevel=0) * 40)

    with serving(members) as server:
        found = b"".join(streams.read(server.address, "x", Limits(size=40 * len(noise), timeout=60)))
    assert found == noise * 40


def test_a_gz_file_that_the_server_calls_encoded_arrives_as_it_is():
    def encoded(handler):
        begin(handler, **{"Content-Encoding": "gzip"})
        handler.wfile.write(gzip.compress(b"content"))

    with serving(encoded) as server:
        assert b"".join(streams.read(server.address, "x", LIMITS._replace(timeout=60))) == b"content"
    assert "Accept-Encoding" not in server.asked[0]


@pytest.mark.parametrize("settings", [{"headers": {"Authorization": "Basic dTpw"}}, {"client_kwargs": {}}])
def test_credentials_in_the_configuration_of_fsspec_are_used(monkeypatch, settings):
    if "client_kwargs" in settings:
        settings = {"client_kwargs": {"headers": {"Authorization": "Basic " + base64.b64encode(b"u:p").decode()}}}

    def guarded(handler):
        if handler.headers["Authorization"] != "Basic dTpw":
            return handler.send_error(401)
        begin(handler)
        handler.wfile.write(gzip.compress(b"content"))

    with serving(guarded) as server:
        with pytest.raises(streams.SourceError, match="401"):
            list(streams.read(server.address, "x", LIMITS._replace(timeout=60)))
        monkeypatch.setitem(fsspec.config.conf, "http", settings)
        assert b"".join(streams.read(server.address, "x", LIMITS._replace(timeout=60))) == b"content"


def test_a_pipe_is_no_file_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.gz")
    with pytest.raises(streams.SourceError, match=r"x\.gz is no file"):
        list(streams.read(str(tmp_path), "x", LIMITS))
