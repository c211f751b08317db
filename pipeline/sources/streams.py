"""Opens the files of a source as streams of bytes, which are given up when they are slow, too long, or no answer comes.

A source is a folder or a URL that fsspec opens (https, s3, file), or apt:PACKAGE, a Debian package that is fetched and
unpacked without being installed; archives.py has another kind. What a server says of a size is not believed, and no
more than chunks are in memory.
"""

import asyncio
import contextlib
import functools
import gzip
import io
import re
import shutil
import subprocess
import tempfile
import time
import zlib
from collections.abc import Callable, Container, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.core import files

CHUNK = 1 << 18  # bytes


class SourceError(Exception):
    """Why a source is of no use; the next one is tried."""


class Limits(NamedTuple):
    """When a file is given up. Together they limit its time too: to `timeout` + `size` / `rate` seconds."""

    size: int  # bytes, unpacked
    timeout: float  # seconds without an answer
    rate: float = 32_000  # bytes in a second that arrive at the least
    why: str = "far more than params.yaml (dataset) describes"


@contextlib.contextmanager
def opened(source: str, names: Container[str]) -> Iterator[str]:
    """Yields the folder or URL that has the files called `names`. A Debian package is unpacked for the block."""
    if not source.startswith("apt:"):
        yield source if "://" in source else str(files.project_root() / Path(source).expanduser())
        return
    with tempfile.TemporaryDirectory() as folder:
        _unpack_debian_package(source.removeprefix("apt:"), Path(folder))
        found = (
            str(path.parent)
            for path in Path(folder).rglob("*")
            if (f"{path.name}/" if path.is_dir() else path.name.removesuffix(".gz")) in names
        )
        yield next(found, folder)


def read(base: str, name: str, limits: Limits) -> Iterator[bytes]:
    """Yields the content of `base`/`name`.gz, unpacked, or of `base`/`name`, in chunks. Raises SourceError."""
    yield from _read(base, name, (f"{name}.gz", name), limits)


def read_as_it_is(base: str, name: str, limits: Limits) -> Iterator[bytes]:
    """Yields the content of `base`/`name` in chunks. Raises SourceError."""
    yield from _read(base, name, (name,), limits)


def _read(base: str, name: str, tried: tuple[str, ...], limits: Limits) -> Iterator[bytes]:
    import aiohttp

    for file in tried:
        try:
            with _open(f"{base.rstrip('/')}/{file}", limits.timeout) as receive:
                arriving = _Arriving(receive, limits)
                stream = io.BufferedReader(arriving, CHUNK)
                yield from arriving.unpacked(stream if file == name else gzip.GzipFile(fileobj=stream))
            return
        except (FileNotFoundError, PermissionError, aiohttp.ClientResponseError) as error:
            missing = error
        except TimeoutError:
            raise SourceError(f"{file}: no answer in {limits.timeout:g} seconds") from None
        except EOFError:
            raise SourceError(f"{file} is truncated") from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise SourceError(f"{file} is damaged: {error}") from None
        except aiohttp.NonHttpUrlRedirectClientError as error:
            raise SourceError(f"{file}: the server leads to {error}, which is not on the web") from None
        except Exception as error:  # every filesystem of fsspec has exceptions of its own
            raise SourceError(f"{file}: {str(error) or type(error).__name__}") from None
    raise SourceError(f"has {f'neither {tried[0]} nor' if len(tried) > 1 else 'no'} {name}: {missing}")


class _Arriving(io.RawIOBase):
    """A file as it arrives, counted before and after it is unpacked. Raises SourceError for too much or too slow."""

    def __init__(self, receive: Callable[[int], bytes], limits: Limits) -> None:
        self._receive, self._limits = receive, limits
        self._began = time.monotonic()
        self._arrived = self._unpacked = 0  # bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._receive(len(buffer))
        buffer[: len(chunk)] = chunk
        self._arrived += len(chunk)
        if time.monotonic() - self._began > self._limits.timeout + self._arrived / self._limits.rate:
            raise SourceError(f"less than {self._limits.rate:,} bytes arrive in a second")
        if self._arrived > self._unpacked + 4 * CHUNK:  # a few are read ahead; packing makes no file larger
            raise SourceError(f"{self._arrived:,} bytes have arrived, and unpack to no more than {self._unpacked:,}")
        return len(chunk)

    def unpacked(self, content: io.BufferedIOBase) -> Iterator[bytes]:
        """Reads `content`, this file unpacked, in chunks."""
        while chunk := content.read(CHUNK):
            self._unpacked += len(chunk)
            if self._unpacked > self._limits.size:
                raise SourceError(f"more than {self._limits.size:,} bytes, {self._limits.why}")
            yield chunk


@contextlib.contextmanager
def _open(path: str, timeout: float) -> Iterator[Callable[[int], bytes]]:
    """Yields what reads the next bytes of a file.

    The file comes as one stream. Ranges of it are not asked for: they are planned by the length that a server claims.
    """
    import aiohttp
    import fsspec

    options, request = {}, {}
    if path.startswith(("http://", "https://")):
        configured = fsspec.config.apply_config(fsspec.get_filesystem_class("http"), {}).get("client_kwargs", {})
        options = {"client_kwargs": {"trust_env": True, "timeout": aiohttp.ClientTimeout()} | configured}
        request = {"auto_decompress": False, "skip_auto_headers": ["Accept-Encoding"]}  # .gz files come as they are
    filesystem, path = fsspec.core.url_to_fs(path, **options)
    if not filesystem.async_impl and Path(path).exists() and not Path(path).is_file():
        raise SourceError(f"{path} is no file")  # a pipe would be waited for
    if not filesystem.async_impl:
        with filesystem.open(path) as file:
            yield file.read
        return
    sync = functools.partial(fsspec.asyn.sync, filesystem.loop)
    file = sync(filesystem.open_async, path, size=0)
    file.kwargs = filesystem.kwargs | request  # fsspec (2026.9) forgets those that open_async is given
    try:
        yield lambda size: sync(asyncio.wait_for, file.read(size), timeout)
    finally:
        sync(file.close)


def _unpack_debian_package(package: str, folder: Path) -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", package):
        raise SourceError("this is no name of a Debian package")
    _run("apt-get", "download", package, folder=folder)
    _run("dpkg-deb", "-x", *map(str, folder.glob("*.deb")), ".", folder=folder)


def _run(*command: str, folder: Path) -> None:
    if shutil.which(command[0]) is None:
        raise SourceError(f"this machine has no {command[0]}")
    result = subprocess.run(command, cwd=folder, stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode:
        reasons = [line for line in result.stderr.splitlines() if line.startswith(("E:", "dpkg"))]
        raise SourceError(f"{command[0]}: {reasons[0] if reasons else 'failed'} (`apt-get update` may help)")
