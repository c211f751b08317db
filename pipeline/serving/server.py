"""Runs an app until Ctrl-C."""

import gc
from typing import Any

import uvicorn

from pipeline.core.cli import say
from pipeline.serving.listen import listen


def run(app: Any, port: int, name: str) -> None:
    """Serves an ASGI app on this machine alone, on `port` or a free one, and says where. `name` says what answers."""
    gc.freeze()  # what is loaded stays: to look through it again and again took half the time that a request needs
    with listen(port) as listening:
        host, port = listening.getsockname()
        say(f"{name} answers on http://{host}:{port}  (Ctrl-C ends it)")
        settings = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
        uvicorn.Server(settings).run(sockets=[listening])
