"""What stands before MLflow's scoring server: the page, and a short reason for every request that is refused."""

import asyncio
import contextlib
import json
import math
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from pipeline.data.appearance import Appearance
from pipeline.reporting import page
from pipeline.serving import answers, pictures
from pipeline.serving.classifier import Classifier
from pipeline.serving.inputs import STDIN, Input
from pipeline.serving.source import Source

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

TEMPLATE = Path(__file__).parent / "templates" / "page.html"
HOSTS = ("127.0.0.1", "localhost")  # with other names for this machine, pages of others could ask as if they were ours
LARGEST = 8 * 2**20  # bytes of a request; read, its numbers take 25 times as much memory
LARGEST_FILE = 64 * 2**20  # bytes of a picture
A_PIXEL = 8  # bytes of a request, at most: one picture always fits
REASON = 300  # characters
PASSED_ON = ("/ping", "/health", "/version", "/invocations")  # MLflow has pages for developers too
OTHER_FORM = re.compile(rb'"dataframe_\w+"')  # of MLflow: tables, on whose many columns pandas works for minutes
TYPES = {"html": b"text/html; charset=utf-8", "json": b"application/json"}
RULES = (  # for the browser: the page loads nothing, and asks this server alone
    b"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    b"img-src data: blob:; connect-src 'self'"
)


class App:
    """An ASGI app: `inner` is MLflow's, to which all goes that is not answered here."""

    def __init__(self, inner: Callable[..., Awaitable[None]], classifier: Classifier, source: Source) -> None:
        self.inner, self.classifier, self.classes = inner, classifier, source.classes
        self.page = render(source, classifier.image_shape).encode()
        self.turn = asyncio.Lock()
        self.largest = max(LARGEST, A_PIXEL * math.prod(classifier.image_shape))

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # starts and ends the app
            await self.inner(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if headers.get(b"host", b"").decode("latin-1").partition(":")[0] not in HOSTS:
            await answer(send, 403, "json", error(f"this server answers to {' and '.join(HOSTS)} alone"))
        elif scope["path"] == "/" and scope["method"] in ("GET", "HEAD"):
            await answer(send, 200, "html", self.page)
        elif scope["path"] == "/invocations" and scope["method"] == "POST":
            await self.classify(scope, receive, send)
        elif scope["path"] == "/pictures" and scope["method"] == "POST":
            await self.classify_file(scope, receive, send)
        elif scope["path"] in PASSED_ON:
            await self.inner(scope, receive, send)
        else:
            await answer(send, 404, "json", error("there is / for people, and /pictures and /invocations for programs"))

    async def classify(self, scope: Message, receive: Receive, send: Send) -> None:
        """Passes a request on to MLflow, and its answer back. What is wrong with the request is said in one line."""
        body = await read(receive, self.largest)
        if body is None:
            await answer(send, 400, "json", too_long(self.largest, "send fewer pictures at a time"))
            return
        kind = dict(scope["headers"]).get(b"content-type", b"")
        if not kind.startswith(b"application/json") or OTHER_FORM.search(body):
            await answer(send, 415, "json", error("send application/json with pictures as inputs or instances"))
            return
        async with self.turn:  # one at a time: many large ones at once would take gigabytes, and none would be in time
            status, content = await ask(self.inner, scope, body)
        if status != 200:
            content = error(reason_in(content))
        status = 400 if status == 500 else status  # MLflow could not read it: what the model refuses is 400
        await answer(send, status, "json", content)

    async def classify_file(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers for a picture in a file as `predict --json -` does, and with what the model saw."""
        body = await read(receive, LARGEST_FILE)
        kind = dict(scope["headers"]).get(b"content-type")
        if body is None:
            await answer(send, 400, "json", too_long(LARGEST_FILE, "scale the picture"))
        elif kind != b"application/octet-stream":  # with others, pages of others could ask without asking us first
            await answer(send, 415, "json", error("send a picture as application/octet-stream"))
        else:
            is_as_is = scope["query_string"] == b"as-is"
            asked = self.classifier._replace(appearance=Appearance()) if is_as_is else self.classifier
            async with self.turn:
                (found,) = await asyncio.to_thread(lambda: list(asked.answers([Input(STDIN, content=body)])))
            if found.image is None:
                await answer(send, 400, "json", error(f"the picture {found.error}"[:REASON]))
            else:
                said = answers.as_dict(found, self.classes) | {"image": pictures.as_png(found.image)}
                await answer(send, 200, "json", json.dumps(said).encode())


async def read(receive: Receive, largest: int) -> bytes | None:
    """The body of a request, or None where it is longer. It is read to its end, or its sender would hear no answer."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        part, more = message.get("body", b""), message.get("more_body", False)
        size += len(part)
        parts = [*parts, part] if size <= largest else []
    return b"".join(parts) if size <= largest else None


async def ask(inner: Callable[..., Awaitable[None]], scope: Message, body: bytes) -> tuple[int, bytes]:
    """Status and body of what an app answers. 500 where it raises: it says so, and then raises all the same."""
    status = 500
    parts: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)
        parts.append(message.get("body", b""))

    try:
        await inner(scope, receive, send)
    except Exception as raised:  # json, numpy and pandas raise nearly anything for what was not meant for them
        return 500, error(f"the request cannot be read ({type(raised).__name__})")
    return status, b"".join(parts)


def reason_in(content: bytes) -> str:
    """What MLflow's error says, without its repetition of the request and its traceback."""
    message = content.decode(errors="replace")
    with contextlib.suppress(ValueError, KeyError, TypeError):
        message = str(json.loads(content)["message"])
    message = message.partition("\nInput:")[0].rpartition("\nError: ")[2]
    return message.strip()[:REASON]


def too_long(largest: int, way: str) -> bytes:
    """The error for a request that is longer than so many bytes."""
    return error(f"a request has at most {largest / 2**20:.0f} MiB; {way}")


def error(reason: str) -> bytes:
    """An error in the form that MLflow's have."""
    return json.dumps({"error_code": "BAD_REQUEST", "message": reason}).encode()


async def answer(send: Send, status: int, kind: str, content: bytes) -> None:
    """Sends a whole answer."""
    headers = [
        (b"content-type", TYPES[kind]),
        (b"content-length", str(len(content)).encode()),
        (b"content-security-policy", RULES),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def render(source: Source, image_shape: tuple[int, int, int]) -> str:
    """The page on which a person drops a picture."""
    return page.render(TEMPLATE.read_text(encoding="utf-8"), "What is it?", source=source, shape=image_shape)
