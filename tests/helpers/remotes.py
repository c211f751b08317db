"""Places to push models and data to: a folder, and an SSH server of this process on 127.0.0.1."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import asyncssh


class Remote(NamedTuple):
    """An address for `dvc remote add`, what this machine alone knows of it, and the environment that DVC needs."""

    address: str
    secrets: dict[str, str]
    environment: dict[str, str]


@contextlib.contextmanager
def folder(place: Path) -> Iterator[Remote]:
    """A folder that both machines see."""
    yield Remote(str(place / "shared"), {}, {})


@contextlib.contextmanager
def ssh(place: Path) -> Iterator[Remote]:
    """A server that lets in one key alone, and that a client knows by its `known_hosts`. Both are in `place`."""
    for name in ("host", "client"):
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(str(place / name))
        key.write_public_key(str(place / f"{name}.pub"))
    with _listening(place) as port:
        known = place / "home" / ".ssh" / "known_hosts"
        known.parent.mkdir(parents=True)
        known.write_text(f"[127.0.0.1]:{port} {(place / 'host.pub').read_text()}")
        secrets = {"keyfile": str(place / "client"), "user": "somebody"}
        yield Remote(f"ssh://127.0.0.1:{port}{place}/shared", secrets, {"HOME": str(place / "home")})


@contextlib.contextmanager
def _listening(place: Path) -> Iterator[int]:
    """Serves files over SFTP for the block, in a thread; yields the port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def wait_for(task):
        return asyncio.run_coroutine_threadsafe(task, loop).result(60)

    async def listen() -> asyncssh.SSHAcceptor:
        keys = {"server_host_keys": [str(place / "host")], "authorized_client_keys": str(place / "client.pub")}
        return await asyncssh.listen("127.0.0.1", 0, sftp_factory=True, **keys)

    try:
        server = wait_for(listen())
        yield server.get_port()
        server.close()
        wait_for(server.wait_closed())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
