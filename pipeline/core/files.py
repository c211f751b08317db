"""Files that are either wholly there or not there at all, and what they hash to."""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from pipeline.core import paths
from pipeline.core.errors import UserError

MANY = 1000  # files, which one by one would take minutes to reach a slow disk


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`; when the block ends well, it is synced and renamed to `path`.

    Works for a file and for a folder (the block creates either). When the block raises, what stood at `path`
    before is untouched and the temporary path is removed; what a killed process left is removed by the next. The
    folder above is made if it is missing.

    No output is written through a symbolic link that leads out of the repository: one at `path` is itself replaced
    (DVC may have made it, into its cache), one on the way to `path` is refused (DVC would refuse the output). The
    one exception is a folder of data on a bigger disk: a link at a `path` below data/ stays, and the folder that it
    leads to is replaced, unless it holds anything else. Raises UserError where a link is refused or leads to a folder
    that cannot be replaced.
    """
    asked, path = path, _place(path)
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise UserError(f"{path}: is a device or a pipe, and would be replaced by a file")
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_left(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        _sync_all([temporary, *temporary.rglob("*")])
        if temporary.is_file() and path.is_file():
            shutil.copymode(path, temporary)
        if asked.is_symlink() and path.is_dir():
            _refuse_to_lose(asked, path, temporary)
        if temporary.is_dir() and path.exists():  # no rename replaces a folder that has files
            old = path.with_name(f".{path.name}.{os.getpid()}.old")
            path.rename(old)
            temporary.rename(path)
            shutil.rmtree(old)
        else:
            temporary.replace(path)
        _sync(path.parent)  # the rename itself outlives a power cut
    finally:
        _remove(temporary)


def write_text(path: Path, text: str) -> None:
    """Writes `text` as UTF-8, with the line ends that are in it, atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def sha256(path: Path) -> str:
    """The sha256 of a file's content, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _place(path: Path) -> Path:
    """Where `replacing` writes what is asked for at `path`: another path for a linked folder of data.

    A relative path is an output of the repository, or of DVC's temporary copy of it: the current folder. An absolute
    one is in a folder that the caller chose, wherever that leads.
    """
    if path.is_absolute():
        return path
    for above in reversed(path.parents):
        real = Path(os.path.realpath(above))
        if not real.is_relative_to(Path.cwd()):
            raise UserError(
                f"{above} is a link that leads out of the repository, to {real}: {path} is not written there; make it "
                f"a folder (only a folder of data may be a link, as {paths.RAW} or {paths.TRAIN})"
            )
    if not (path.is_symlink() and paths.DATA in path.parents):
        return path
    target = Path(os.path.realpath(path))
    if os.path.ismount(target) or not os.access(target.parent, os.W_OK):
        raise UserError(
            f"{path} is a link to {target}, which cannot be replaced as a whole: it is a disk of its own, or the "
            "folder above it is missing or not yours to write to; link to a folder inside"
        )
    return target  # what is temporary lies beside it, on the same disk


def _refuse_to_lose(link: Path, target: Path, new: Path) -> None:
    """Raises UserError where a linked folder holds more than what replaces it: it may be somebody's other data."""
    others = sorted({entry.name for entry in target.iterdir()} - {entry.name for entry in new.iterdir()})
    if others:
        raise UserError(
            f"{link} is a link to {target}, which holds {others[0]} too, and would lose it; link to a folder of its own"
        )


def _remove_left(path: Path) -> None:
    """Removes what killed writers of `path` left beside it. In a container, one may have had this process's number."""
    for left in list(path.parent.iterdir()):
        name = re.fullmatch(rf"\.{re.escape(path.name)}\.(\d+)\.(tmp|old)", left.name)
        if name and (int(name[1]) == os.getpid() or not psutil.pid_exists(int(name[1]))):
            _remove(left)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _sync_all(written: list[Path]) -> None:
    """Waits until all of these are on the disk. For very many, everything else that waits for a disk goes there too."""
    if len(written) > MANY:
        os.sync()
        return
    for path in written:
        _sync(path)


def _sync(path: Path) -> None:
    """Waits until a file, or a folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def project_root() -> Path:
    """The folder of the user's repository, also when DVC runs a stage in a temporary copy of it."""
    return Path(os.environ.get("DVC_ROOT") or Path(__file__).parents[2]).resolve()


def folder_sha256(folder: Path) -> str:
    """One sha256 for the files right in a folder: of their names and their sha256, in order of name."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(f"{path.name} {sha256(path)}\n".encode())
    return digest.hexdigest()
