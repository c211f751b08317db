"""A headless browser that has no network but this machine, for looking at pages as a person does."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from helpers.devtools import Page

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
]
ALONE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
LOADED = "new Promise(done => document.readyState == 'complete' ? done() : addEventListener('load', done))"


@contextlib.asynccontextmanager
async def browse(address: str) -> AsyncIterator[Page]:
    """The page at an address, when it is loaded. Skips the test where no browser is installed."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("no browser is installed")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            program, *FLAGS, ALONE, f"--user-data-dir={profile}", "about:blank", stderr=asyncio.subprocess.PIPE
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
                    await page.emulate()
                    await page.call("Page.navigate", url=address)
                    await page.value(LOADED)
                    yield page
        finally:
            process.kill()
            await process.wait()


def look_at(file: Path, folder: Path | None = None, name: str | None = None) -> str:
    """The text of an HTML page as a browser shows it; it may ask nobody, and nothing may go wrong on it.

    Pictures of the page are kept in `folder`, if given, under the name of the file or another `name`.
    """

    async def look() -> str:
        async with browse(file.as_uri()) as page:
            text = await page.value("document.body.innerText")
            await page.photograph(folder, name or file.stem)
            page.assert_quiet(file.as_uri())
            return text

    return asyncio.run(look())
