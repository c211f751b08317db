"""A PostgreSQL server that keeps its data in a folder and is reached through a socket in a private one.

No network can reach it, and nobody is asked for a password: the folder of the socket is its owner's alone.
"""

import contextlib
import os
import pwd
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock, Timeout

from pipeline.core import interrupt
from pipeline.core.errors import UserError
from pipeline.serving.listen import HOST

OWNER = "seamline"  # of the databases


@contextlib.contextmanager
def running(folder: Path, *databases: str, password: str | None = None, options: str = "") -> Iterator[dict[str, str]]:
    """Runs PostgreSQL on the data in `folder` for the block; yields name → address of each database.

    Data and databases are made where there are none yet. A server that a killed program left running on them is ended
    first. With a `password`, it listens on a port of this machine and asks for it; `options` are more of its own.
    Raises UserError where PostgreSQL is not installed or does not start, and where another program runs it there.
    """
    tools, data = programs(), folder / "data"
    account = pwd.getpwnam("postgres") if os.getuid() == 0 else None  # it refuses to run as root
    with tempfile.TemporaryDirectory(prefix="seamline-") as sockets, _alone(folder):  # their path has to be short
        if account:
            for each in (folder, sockets):
                os.chown(each, account.pw_uid, account.pw_gid)

        def run(program: str, *arguments: str) -> None:
            _run([str(tools / program), *arguments], account, Path(sockets), password)

        if not data.exists():
            _make(run, data, password, Path(sockets) / "password")
        stop = ("pg_ctl", "-D", str(data), "-w", "-m", "fast", "stop")
        with contextlib.suppress(UserError):  # none is running
            run(*stop)
        host, port = (HOST, _free_port()) if password else (sockets, 5432)
        listens = f"-c listen_addresses={HOST if password else ''} -p {port}"
        options = f"{listens} -c unix_socket_directories={shlex.quote(sockets)} {options}"
        run("pg_ctl", "-D", str(data), "-w", "-l", f"{sockets}/server.log", "-o", options, "start")
        try:
            for name in databases:
                with contextlib.suppress(UserError):  # it is there
                    run("createdb", "-h", host, "-p", str(port), "-U", OWNER, name)
            yield {name: _address(name, host, port, password) for name in databases}
        finally:
            with interrupt.more_time:
                run(*stop)


def programs() -> Path:
    """The folder of initdb and pg_ctl: on PATH, or where Debian puts them."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve()] if on_path else sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise UserError("PostgreSQL is not installed here; on Debian and Ubuntu: apt-get install postgresql")
    return found[-1].parent


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Makes a folder, and holds it for the block. Raises UserError where another program does."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "lock", timeout=0):
            yield
    except Timeout:
        raise UserError(f"{folder}: another program runs a server on this folder; Ctrl-C there ends it") from None


def _make(run: Callable[..., None], data: Path, password: str | None, secret: Path) -> None:
    """Makes the data of a server that asks for a password, or for none; `secret` is a file to hand it over in."""
    new = data.with_name("data.new")
    shutil.rmtree(new, ignore_errors=True)  # killed half way, initdb leaves what never starts
    how = ["-A", "trust"]
    if password:
        secret.write_text(password)
        how = ["-A", "scram-sha-256", f"--pwfile={secret}"]
    run("initdb", "-D", str(new), "-U", OWNER, "-E", "UTF8", *how)
    new.rename(data)


def _address(name: str, host: str, port: int, password: str | None) -> str:
    if password:
        return f"postgresql://{OWNER}:{quote(password, safe='')}@{host}:{port}/{name}"
    return f"postgresql://{OWNER}@/{name}?host={quote(host)}"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        return int(free.getsockname()[1])


def _run(command: list[str], account: pwd.struct_passwd | None, place: Path, password: str | None) -> None:
    """Runs a program of PostgreSQL as a user; raises UserError with what it, or the server, said was wrong.

    In the folder `place` the server keeps its log.
    """
    done = subprocess.run(
        command,
        user=account.pw_name if account else None,
        cwd="/",
        env=os.environ | ({"PGPASSWORD": password} if password else {}),
        stdin=subprocess.DEVNULL,
        stdout=(output := (place / "log").open("w+b")),  # no pipe: the server would keep it open
        stderr=output,
        check=False,
    )
    with output:
        output.seek(0)
        said = output.read().decode(errors="replace").strip()
    if done.returncode:
        with contextlib.suppress(OSError):
            said = (place / "server.log").read_text(errors="replace").strip() or said
        found = re.findall(r"(?:FATAL|DETAIL|error): +(.+)", said)
        reason = ": ".join(found[:2]) or said.rpartition("\n")[2] or "it said nothing"
        hint = f"; as root, it runs as the user {account.pw_name}, who has to reach that folder" if account else ""
        denied = hint if "ermission denied" in reason else ""
        raise UserError(f"PostgreSQL: {Path(command[0]).name} failed: {reason}{denied}")
