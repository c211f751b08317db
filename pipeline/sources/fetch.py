"""Fetches the four raw files from the first source that has them intact.

Sources are tried in the order of params.yaml. Each is a folder or a URL that fsspec opens (https, s3, file), holding
the files as NAME.gz or NAME, or apt:PACKAGE, a Debian package that is fetched and unpacked without being installed.
A file counts only if the sha256 of its uncompressed content is the one in params.yaml.
"""

import gzip
import math
import re
import shutil
import subprocess
import tempfile
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from pipeline.config.schema import Dataset
from pipeline.core import files
from pipeline.core.cli import say
from pipeline.core.errors import UserError

CHUNK = 1 << 20


class SourceError(Exception):
    """Why a source is of no use; the next one is tried."""


def fetch(sources: list[str], sha256: dict[str, str], folder: Path, timeout: float, limit: int) -> str:
    """Places every file of `sha256` (name → hash of the content) in `folder`, whole or not at all.

    Files in `folder` with the right content are kept as they are. A file of more than `limit` bytes, uncompressed, is
    given up there: a small archive can claim a whole disk. Returns the source that was used.
    Raises UserError, with a line for each source, when none has all the files intact.
    """
    if all((folder / name).is_file() and files.sha256(folder / name) == digest for name, digest in sha256.items()):
        return str(folder)
    reasons = []
    for source in sources:
        try:
            with files.replacing(folder) as temporary:
                temporary.mkdir()
                _fetch_from(source, sha256, temporary, timeout, limit)
            return source
        except SourceError as error:
            say(f"  {source}: {error}")
            reasons.append(f"  {source}: {error}")
    raise UserError("no source in params.yaml (download.sources) gave the data set:\n" + "\n".join(reasons))


def size_limit(dataset_config: Dataset) -> int:
    """The bytes that a file of this data set may have, uncompressed: twice its pixels, and 1 MiB for the rest."""
    pixels = max(dataset_config.train.count, dataset_config.test.count) * math.prod(dataset_config.image_shape)
    return 2 * pixels + CHUNK


def _fetch_from(source: str, sha256: dict[str, str], folder: Path, timeout: float, limit: int) -> None:
    say(f"downloading from {source}")
    if source.startswith("apt:"):
        with tempfile.TemporaryDirectory() as unpacked:
            _unpack_debian_package(source.removeprefix("apt:"), Path(unpacked))
            for name, digest in sha256.items():
                found = next(
                    (path for path in Path(unpacked).rglob(f"{name}*") if path.stem == name or path.name == name),
                    None,
                )
                if found is None:
                    raise SourceError(f"the package has no {name}")
                _copy(str(found.parent), name, folder / name, timeout, limit)
                _verify(folder / name, digest)
    else:
        base = source if "://" in source else str(files.project_root() / Path(source).expanduser())
        for name, digest in sha256.items():
            _copy(base, name, folder / name, timeout, limit)
            _verify(folder / name, digest)


def _unpack_debian_package(package: str, folder: Path) -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", package):
        raise SourceError("this is no name of a Debian package")
    for command in (["apt-get", "download", package], ["dpkg-deb", "-x", "{deb}", "."]):
        if shutil.which(command[0]) is None:
            raise SourceError(f"this machine has no {command[0]}")
        deb = next((str(path) for path in folder.glob("*.deb")), "")
        result = subprocess.run(
            [part.replace("{deb}", deb) for part in command],
            cwd=folder,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if result.returncode:
            reasons = [line for line in result.stderr.splitlines() if line.startswith(("E:", "dpkg"))]
            raise SourceError(f"{command[0]}: {reasons[0] if reasons else 'failed'} (`apt-get update` may help)")


def _copy(base: str, name: str, target: Path, timeout: float, limit: int) -> None:
    """Copies `base`/`name`.gz, uncompressed, or `base`/`name` to `target`."""
    import aiohttp
    import fsspec
    from tqdm import tqdm

    options = {}
    if base.startswith(("http://", "https://")):
        limits = aiohttp.ClientTimeout(total=None, sock_connect=timeout, sock_read=timeout)
        options = {"client_kwargs": {"timeout": limits, "trust_env": True}}
        options |= {"headers": {"Accept-Encoding": "identity"}}  # a .gz file is to arrive as it is
    try:
        filesystem, root = fsspec.core.url_to_fs(base.rstrip("/"), **options)
        try:
            path = f"{root}/{name}.gz"
            size = filesystem.size(path)
        except FileNotFoundError as error:
            if isinstance(error.__cause__, aiohttp.ClientConnectionError | TimeoutError):  # fsspec hides these
                raise error.__cause__ from None
            path = f"{root}/{name}"
            size = filesystem.size(path)
        with (
            filesystem.open(path, "rb") as file,
            tqdm.wrapattr(file, "read", total=size, desc=f"  {name}", unit="B", miniters=1, disable=None) as stream,
            target.open("wb") as output,
        ):
            content = gzip.GzipFile(fileobj=stream) if path.endswith(".gz") else stream
            _write(cast(BinaryIO, content), output, name, limit)
    except FileNotFoundError:
        raise SourceError(f"has neither {name}.gz nor {name}") from None
    except SourceError:
        raise
    except Exception as error:  # every filesystem of fsspec has exceptions of its own
        if isinstance(error, OSError) and error.filename is not None and Path(error.filename) == target:
            raise  # our own disk is at fault, not the source
        raise SourceError(f"{name}: {str(error) or type(error).__name__}") from None


def _write(stream: BinaryIO, output: BinaryIO, name: str, limit: int) -> None:
    try:
        while chunk := stream.read(CHUNK):
            output.write(chunk)
            if output.tell() > limit:
                raise SourceError(f"{name} is more than {limit:,} bytes, far more than params.yaml (dataset) describes")
    except EOFError:
        raise SourceError(f"{name}.gz is truncated") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(f"{name}.gz is damaged: {error}") from None


def _verify(path: Path, expected: str) -> None:
    found = files.sha256(path)
    if found != expected:
        raise SourceError(f"{path.name} has sha256 {found[:12]}…, params.yaml says {expected[:12]}…")
