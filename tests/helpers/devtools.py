"""A page in a browser, told over Chromium's DevTools protocol what to do; it says what happens."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp

WIDE, HEIGHT = 1280, 900
LOOKS = [(width, scheme) for width in (WIDE, 390) for scheme in ("light", "dark")]  # a desk and a phone, day and night
DRAWN = """Promise.all([...document.images].filter(image => image.checkVisibility())
.map(image => image.decode().catch(() => 0)))
.then(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))))"""


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
        async with asyncio.timeout(60):
            while True:
                message = json.loads((await self.socket.receive()).data)
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
            self.complaints.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
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

    async def shows(self, text: str, expression: str = "document.body?.innerText") -> str:
        """The value of an expression as soon as it holds a text."""
        return await self.value(
            f"""new Promise(done => {{ const look = () => {{ const value = {expression};
            if (value && value.includes({text!r})) done(value); else requestAnimationFrame(look) }}; look() }})"""
        )

    async def drop(self, file: Path) -> None:
        """Drops a file into the middle of the page."""
        data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            await self.call("Input.dispatchDragEvent", type=kind, x=200, y=200, data=data)

    async def emulate(
        self, width: int = WIDE, scheme: str = "light", height: int = HEIGHT, media: str = "screen"
    ) -> None:
        """Makes the screen (or, with `media`, the paper) this wide and high, in pixels; prefers a colour scheme."""
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < WIDE}
        await self.call("Emulation.setDeviceMetricsOverride", **screen)
        preferred = [{"name": "prefers-color-scheme", "value": scheme}]
        await self.call("Emulation.setEmulatedMedia", media=media, features=preferred)

    async def photograph(
        self, folder: Path | None, name: str, come: Callable[[], Awaitable[object]] | None = None, height: int = HEIGHT
    ) -> None:
        """Keeps a picture of the whole page in each of the LOOKS, as PNG files in `folder`; nothing where that is None.

        `come` opens the page anew for each: one that takes its look from how it began. `height` is the least one.
        """
        for width, scheme in LOOKS if folder else ():
            await self.emulate(width, scheme, height)
            if come:
                await come()
            for _ in range(2):  # pictures that are loaded when they come into sight make the page higher
                await self.emulate(width, scheme, await self.value("document.documentElement.scrollHeight"))
                await self.value(DRAWN)
            picture = await self.call("Page.captureScreenshot", format="png")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}_{width}_{scheme}.png").write_bytes(base64.b64decode(picture["data"]))
        await self.emulate()

    def assert_quiet(self, *addresses: str, known: tuple[str, ...] = ()) -> None:
        """Nothing went wrong on the page, and nobody was asked but at addresses that begin so.

        `known` are parts of complaints that are not ours.
        """
        wrong = [each for each in self.complaints if not any(part in each for part in known)]
        assert not wrong, wrong
        own = (*addresses, "data:", "blob:", "about:")
        assert [asked for asked in self.requests if not asked.startswith(own)] == []
