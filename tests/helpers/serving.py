"""Servers in the tests' own process."""

import contextlib
import threading
from collections.abc import Iterator

from werkzeug.serving import make_server


@contextlib.contextmanager
def serving(app, port: int = 0) -> Iterator[int]:
    """Serves a WSGI application for the block; yields its port of 127.0.0.1, a free one if none is asked for."""
    listening = make_server("127.0.0.1", port, app, threaded=True)
    threading.Thread(target=listening.serve_forever).start()
    try:
        yield listening.port
    finally:
        listening.shutdown()
        listening.server_close()
