"""Folders of many files, such as pictures: which files are in one, and one sha256 for all of them.

The hash is that of the text which `sha256sum` prints for the files, in the order of their relative paths:

    find . -type f ! -path '*/.*' -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum -- | sha256sum
"""

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipeline.core import files
from pipeline.core.errors import UserError, first

OF_DVC = re.compile(r"/files/md5/[0-9a-f]{2}/[0-9a-f]{30}$")  # DVC may link a file to its cache (cache.type symlink)


def listing(folder: Path) -> list[str]:
    """The relative paths of all files in a folder and below it, in the order of their bytes; hidden ones are left out.

    Raises UserError where it is missing, and with a line for each thing that is no file, leads out of the folder, or
    has a name that cannot be written as a line of text.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}/ is missing")
    root = os.path.realpath(folder)
    found = {path: _problem(entry, path, root) for entry, path in _walk(folder, "")}
    if problems := [f"{folder}/{problem}" for problem in found.values() if problem]:
        raise UserError("\n".join(first(sorted(problems))))
    return sorted(found, key=os.fsencode)


def tree_sha256(folder: Path) -> str:
    """The sha256 of the lines that `sha256sum` prints for the files in a folder. Raises UserError as `listing` does."""
    from tqdm import tqdm

    names = listing(folder)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        hashes = pool.map(lambda name: files.sha256(folder / name), names)
        # leave=False: what is shown is gone when the hash is known
        return combined(tqdm(zip(names, hashes, strict=True), "  hashing", len(names), leave=False, disable=None))


def combined(hashes: Iterable[tuple[str, str]]) -> str:
    """The sha256 of a folder, of (relative path, sha256) of each file, in the order of `listing`."""
    digest = hashlib.sha256()
    for name, each in hashes:
        digest.update(_line(each, name))
    return digest.hexdigest()


def sha256(above: Path, name: str) -> str:
    """The sha256 of a file, or of a folder, whose name ends in /."""
    return tree_sha256(above / name) if name.endswith("/") else files.sha256(above / name)


def exists(above: Path, name: str) -> bool:
    """Whether there is such a file, or such a folder, whose name ends in /."""
    return (above / name).is_dir() if name.endswith("/") else (above / name).is_file()


def _walk(folder: Path, above: str) -> Iterator[tuple[os.DirEntry[str], str]]:
    """All but hidden entries and real folders, each with its relative path."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith("."):
                if entry.is_dir(follow_symlinks=False):
                    yield from _walk(Path(entry.path), f"{above}{entry.name}/")
                else:
                    yield entry, f"{above}{entry.name}"


def _problem(entry: os.DirEntry[str], path: str, root: str) -> str | None:
    """Why an entry is no file of the folder `root`; None where it is one."""
    if {unicodedata.category(sign) for sign in path} & {"Cc", "Cs", "Zl", "Zp"}:
        return f"{path!r}: a name with control characters, or not in UTF-8"
    if not entry.is_symlink():
        return None if entry.is_file() else f"{path}: no file"
    target = os.path.realpath(entry.path)
    if not target.startswith(f"{root}{os.sep}") and not OF_DVC.search(target):
        return f"{path}: a link that leads out of the folder, to {target}"
    return None if os.path.isfile(target) else f"{path}: a link to what is no file"  # noqa: PTH113 - beside realpath


def _line(digest: str, name: str) -> bytes:
    """As sha256sum prints it: a backslash is doubled, and one more begins the line."""
    escaped = name.replace("\\", "\\\\")
    return f"{'' if escaped == name else chr(92)}{digest}  {escaped}\n".encode()
