"""A PostgreSQL server for the length of a test."""

import contextlib
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
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's own user can reach, who is not root. Skips the test where no server is installed."""
    require()
    with tempfile.TemporaryDirectory(prefix="pg ü ") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Yields the address of an empty database with a password. Skips the test where no server is installed."""
    with folder() as place, postgres.running(place, "tests", password=PASSWORD, options="-c fsync=off") as databases:
        yield databases["tests"]
