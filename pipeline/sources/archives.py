"""Unpacks a source that is an archive (zip, tar, tar.gz), from a folder or an address, into a folder.

Regular files alone are written, each below the folder, whatever the names in the archive say. What an archive claims of
sizes is not believed: the bytes are counted as they are unpacked.
"""

import contextlib
import gzip
import io
import shutil
import stat
import tarfile
import tempfile
import unicodedata
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from pipeline.core import files, folders
from pipeline.sources import streams
from pipeline.sources.streams import CHUNK, Limits, SourceError

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")
SMALL = 64 << 20  # bytes that any archive may unpack to
DENSE = 200  # times its own size that a larger one may
MEMBERS = 5_000_000  # files and folders in an archive
LIST = 256 << 20  # bytes of the list of members of a zip file
AT_ONCE = 16 << 20  # bytes of a header in an archive


def is_archive(source: str) -> bool:
    path = urlsplit(source).path if "://" in source else source
    return path.lower().endswith(SUFFIXES)


def stem(source: str) -> str:
    """The name of an archive without its suffix; "archive" where that could be no folder."""
    name = (urlsplit(source).path if "://" in source else source).rpartition("/")[2]
    suffix = next((each for each in SUFFIXES if name.lower().endswith(each)), "")
    name = name[: len(name) - len(suffix)]
    return "archive" if name.startswith(".") or not name else name


@contextlib.contextmanager
def opened(source: str, names: Collection[str], above: Path, limits: Limits) -> Iterator[str]:
    """Yields the folder that has the files and folders `names` of an archive. It is unpacked below the folder `above`.

    That may be one in the archive: where there is nothing but a folder, it is looked for in that one. Or the archive is
    itself one of the folders, by its name: pets.zip, with cat/ and dog/ in it, has pets/.
    Raises SourceError for an archive that cannot be had, is damaged, or is not harmless.
    """
    room = shutil.disk_usage(above).free // 2
    whole = limits._replace(size=min(room, limits.size * len(names)))  # `limits` are those of one file
    with tempfile.TemporaryDirectory(prefix=".", dir=above) as temporary:
        packed, folder = Path(temporary) / "packed", Path(temporary) / "files" / stem(source)
        folder.mkdir(parents=True)
        if "://" in source:
            _download(source, packed, whole)
        else:
            packed = files.project_root() / Path(source).expanduser()
            if not packed.is_file():
                raise SourceError("there is no such file")
        unpack(packed, folder, whole)
        yield str(_holding(folder, names))


def unpack(packed: Path, folder: Path, limits: Limits) -> None:
    """Writes the regular files of an archive below `folder`; hidden ones are left out. Raises SourceError."""
    from tqdm import tqdm

    most = min(limits.size, max(SMALL, DENSE * packed.stat().st_size))
    unpacked = 0
    try:
        with packed.open("rb") as file, tqdm(desc="  unpacking", unit="B", unit_scale=True, disable=None) as bar:
            for name, content in _members(file, most):
                with _created(folder, name) as output:
                    while chunk := content.read(CHUNK):
                        unpacked += len(chunk)
                        if unpacked > most:
                            raise SourceError(f"unpacks to more than {most:,} bytes")
                        output.write(chunk)
                        bar.update(len(chunk))
    except SourceError:
        raise
    except Exception as error:  # the modules raise nearly anything for bytes that were tampered with
        raise SourceError(f"cannot be unpacked: {' '.join(str(error).split()) or type(error).__name__}") from None


def safe_name(name: str) -> str | None:
    """The relative path of a member; None for a hidden one. Raises SourceError for what would lead elsewhere."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\\" in name or not parts or ":" in parts[0]:
        raise SourceError(f"has a member {name!r}, which is no path inside a folder")
    if {unicodedata.category(sign) for sign in name} & {"Cc", "Cs", "Zl", "Zp"}:
        raise SourceError(f"has a member {name!r}, a name with control characters, or not in UTF-8")
    return None if any(part.startswith(".") or part == "__MACOSX" for part in parts) else "/".join(parts)


def _members(file: IO[bytes], most: int) -> Iterator[tuple[str, IO[bytes]]]:
    """Path and content of each regular file in an archive."""
    found = _zip_members(file) if zipfile.is_zipfile(file) else _tar_members(file, most)
    for number, (name, content) in enumerate(found):
        if number >= MEMBERS:
            raise SourceError(f"has more than {MEMBERS:,} members")
        if content and (path := safe_name(name)):
            yield path, content


def _zip_members(file: IO[bytes]) -> Iterator[tuple[str, IO[bytes] | None]]:
    if _size_of_list(file) > LIST:
        raise SourceError(f"has a list of members of more than {LIST:,} bytes")
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            kind = stat.S_IFMT(member.external_attr >> 16)  # 0 where another system than Unix packed it
            if member.is_dir():
                yield member.filename, None
            elif kind not in (0, stat.S_IFREG):
                raise SourceError(f"has a member {member.filename!r}, which is a link or no file")
            else:
                with archive.open(member) as content:
                    yield member.filename, content


def _size_of_list(file: IO[bytes]) -> int:
    """The bytes of the list of members of a zip file, which zipfile reads as a whole: near its end stands how many."""
    end = file.seek(0, io.SEEK_END)
    file.seek(max(0, end - (1 << 17)))
    tail = file.read()
    place, of_zip64 = tail.rfind(b"PK\5\6"), tail.rfind(b"PK\6\6")
    sizes = [int.from_bytes(tail[place + 12 : place + 16], "little")]
    if of_zip64 >= 0:
        sizes.append(int.from_bytes(tail[of_zip64 + 40 : of_zip64 + 48], "little"))
    return min(end, *sizes) if len(sizes) > 1 and sizes[0] == 2**32 - 1 else min(end, sizes[0])


def _tar_members(file: IO[bytes], most: int) -> Iterator[tuple[str, IO[bytes] | None]]:
    file.seek(0)
    is_gzip = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    content = _Counted(gzip.GzipFile(fileobj=file) if is_gzip else file, most)
    with tarfile.open(fileobj=content, mode="r:", errorlevel=2) as archive:  # type: ignore[call-overload]
        for member in archive:
            archive.members = []  # which it would keep: millions of them
            if member.isdir():
                yield member.name, None
            elif not member.isreg():
                raise SourceError(f"has a member {member.name!r}, which is a link or no file")
            elif extracted := archive.extractfile(member):
                yield member.name, extracted


class _Counted:
    """A tar file that is read on to a limit, and of which no header fills the memory."""

    def __init__(self, file: Any, most: int) -> None:
        self._file, self._most = file, most + most // 2 + SMALL  # headers, and blocks that are filled up
        self.tell = file.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= AT_ONCE:
            raise SourceError(f"has a header of more than {AT_ONCE:,} bytes")
        self._check()
        return self._file.read(size)

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_SET and place > self._most:
            raise SourceError(f"unpacks to more than {self._most:,} bytes")
        self._check()
        return self._file.seek(place, whence)

    def _check(self) -> None:
        if self.tell() > self._most:
            raise SourceError(f"unpacks to more than {self._most:,} bytes")


def _created(folder: Path, name: str) -> IO[bytes]:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return path.open("xb")
    except FileExistsError:
        raise SourceError(f"has two members {name!r}") from None


def _download(source: str, target: Path, limits: Limits) -> None:
    from tqdm import tqdm

    base, _, name = source.rpartition("/")
    with target.open("wb") as output, tqdm(desc=f"  {name}", unit="B", unit_scale=True, disable=None) as bar:
        for chunk in streams.read_as_it_is(base, name, limits):
            output.write(chunk)
            bar.update(len(chunk))


def _holding(folder: Path, names: Collection[str]) -> Path:
    """The folder, or one in it that stands alone, and so on: the first with the most of `names`, plain or gzipped.

    The one above `folder` comes last.
    """
    chain = [folder]
    while len(entries := list(chain[-1].iterdir())) == 1 and entries[0].is_dir():
        chain.append(entries[0])
    return max((*chain, folder.parent), key=lambda each: sum(_has(each, name) for name in names))


def _has(folder: Path, name: str) -> bool:
    return folders.exists(folder, name) or (folder / f"{name}.gz").is_file()
