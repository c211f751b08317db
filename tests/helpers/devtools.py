"""A headless browser that does what a person does: told over Chromium's DevTools protocol, which says what happens."""

import asyncio
import base64
import contextlib
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from helpers.browser import FLAGS

LOADED = "new Promise(done => document.readyState == 'complete' ? done() : addEventListener('load', done))"


class Page:
    """A page in the browser. `requests` are the addresses that it asked, `complaints` what went wrong on it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket, self.number = socket, 0
        self.requests: list[str] = []
        self.complaints: list[str] = []

    async def call(self, method: str, **params) -> dict:
        """Asks the browser for something; what it tells in between is kept."""
        self.number += 1
        await self.socket.send_json({"id": self.number, "method": method, "params": params})
        while True:
            message = json.loads((await self.socket.receive(timeout=60)).data)
            if message.get("id") == self.number:
                assert "error" not in message, message
                return message["result"]
            self._keep(message.get("method"), message.get("params", {}))

    def _keep(self, event: str | None, params: dict) -> None:
        if event == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        elif event == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.complaints.append(params["entry"]["text"])
        elif event == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            self.complaints.append(str(params["args"]))

    async def value(self, expression: str):
        """The value of a JavaScript expression; waits for it where it is a promise."""
        answer = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def changed(self, element: str, act) -> str:
        """The text of an element once it is another one than before `act`, which is awaited."""
        await self.value(
            f"""void (window.change = new Promise(done => {{ const element = document.querySelector({element!r});
            new MutationObserver(() => element.textContent && done(element.textContent)).observe(element,
            {{childList: true, characterData: true, subtree: true}}) }}))"""
        )
        await act
        return await self.value("window.change")

    async def save(self, path: Path) -> None:
        """Writes what is seen as a PNG file."""
        picture = await self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(picture["data"]))

    async def drop(self, file: Path) -> None:
        """Drops a file into the middle of the page."""
        data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            await self.call("Input.dispatchDragEvent", type=kind, x=200, y=200, data=data)


@contextlib.asynccontextmanager
async def browse(address: str) -> AsyncIterator[Page]:
    """The page at an address, when it is loaded. Skips the test where no browser is installed."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("no browser is installed")
    flags = [flag.replace("\0", " ") for flag in FLAGS.replace("\\ ", "\0").split() if flag != "--dump-dom"]
    flags += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--remote-debugging-port=0"]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            program, *flags, f"--user-data-dir={profile}", "about:blank", stderr=asyncio.subprocess.PIPE
        )
        try:
            while b"DevTools listening on" not in (line := await process.stderr.readline()):
                assert line, "the browser ended"
            port = line.decode().rpartition(":")[2].partition("/")[0]
            async with aiohttp.ClientSession() as session:
                targets = await (await session.get(f"http://127.0.0.1:{port}/json/list")).json(content_type=None)
                target = next(target for target in targets if target["type"] == "page")
                async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                    page = Page(socket)
                    for domain in ("Page", "Runtime", "Network", "Log"):
                        await page.call(f"{domain}.enable")
                    await page.call("Page.navigate", url=address)
                    await page.value(LOADED)
                    yield page
        finally:
            process.kill()
            await process.wait()
