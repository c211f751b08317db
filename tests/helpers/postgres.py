"""A PostgreSQL server for the length of a test."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.core.errors import UserError
from pipeline.serving import postgres

PASSWORD = "open-sesame-4711"


def require() -> Path:
    """The folder of PostgreSQL's programs. Skips the test where no server is installed."""
    try:
        return postgres.programs()
    except UserError:
        pytest.skip("no PostgreSQL server is installed")


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Yields the address of an empty database with a password. Skips the test where no server is installed."""
    programs = require()
    # it refuses to run as root
    user = "postgres" if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    if user:
        account = pwd.getpwnam(user)
        os.chown(folder, account.pw_uid, account.pw_gid)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(program: str, *arguments: str) -> None:
        command = [str(programs / program), "-D", str(folder / "data"), *arguments]
        log = folder / "log"
        with log.open("a") as output:
            done = subprocess.run(command, user=user, cwd="/", stdout=output, stderr=output, check=False)
        assert done.returncode == 0, log.read_text()

    (folder / "password").write_text(PASSWORD)
    try:
        run("initdb", "-U", "seamline", "-A", "scram-sha-256", "--pwfile", str(folder / "password"), "--no-sync")
        options = f"-c listen_addresses=127.0.0.1 -p {port} -c unix_socket_directories= -c fsync=off"
        run("pg_ctl", "-w", "-l", str(folder / "data" / "server.log"), "-o", options, "start")
        try:
            yield f"postgresql://seamline:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
