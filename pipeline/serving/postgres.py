"""A PostgreSQL server that keeps its data in a folder and is reached through a socket in a private one.

No network can reach it, and nobody is asked for a password: the folder of the socket is its owner's alone.
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipeline.core.errors import UserError

OWNER = "seamline"  # of the databases


@contextlib.contextmanager
def running(folder: Path, *databases: str) -> Iterator[dict[str, str]]:
    """Runs PostgreSQL on the data in `folder` for the block; yields name → address of each database.

    Data and databases are made where there are none yet. A server that was left running on them is ended first. Raises
    UserError where PostgreSQL is not installed, or does not start.
    """
    tools, data = programs(), folder / "data"
    account = pwd.getpwnam("postgres") if os.getuid() == 0 else None  # it refuses to run as root
    with tempfile.TemporaryDirectory(prefix="seamline-") as sockets:  # its path has to be short
        folder.mkdir(parents=True, exist_ok=True)
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
            os.chown(sockets, account.pw_uid, account.pw_gid)

        def run(program: str, *arguments: str) -> None:
            command = [str(tools / program), *arguments]
            _run(command, account.pw_name if account else None, Path(sockets) / "log")

        if not (data / "PG_VERSION").exists():
            run("initdb", "-D", str(data), "-U", OWNER, "-A", "trust", "-E", "UTF8")
        stop = ("pg_ctl", "-D", str(data), "-w", "-m", "fast", "stop")
        with contextlib.suppress(UserError):  # none is running
            run(*stop)
        options = f"-c listen_addresses= -c unix_socket_directories={sockets}"
        run("pg_ctl", "-D", str(data), "-w", "-l", f"{sockets}/server.log", "-o", options, "start")
        try:
            for name in databases:
                with contextlib.suppress(UserError):  # it is there
                    run("createdb", "-h", sockets, "-U", OWNER, name)
            yield {name: f"postgresql://{OWNER}@/{name}?host={sockets}" for name in databases}
        finally:
            run(*stop)


def programs() -> Path:
    """The folder of initdb and pg_ctl: on PATH, or where Debian puts them."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve()] if on_path else sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise UserError("PostgreSQL is not installed here; on Debian and Ubuntu: apt-get install postgresql")
    return found[-1].parent


def _run(command: list[str], user: str | None, log: Path) -> None:
    """Runs a program of PostgreSQL as a user; raises UserError with what it said last."""
    with log.open("a") as output:
        done = subprocess.run(
            command, user=user, cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
        )
    if done.returncode:
        said = log.read_text(errors="replace").strip().splitlines()
        raise UserError(f"PostgreSQL: {Path(command[0]).name} failed: {said[-1] if said else 'it said nothing'}")
