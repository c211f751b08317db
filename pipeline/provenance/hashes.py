"""What DVC (3.67) calls the md5 of a file, and of a folder: that of the list of its files, with `.dir` at its end."""

import hashlib
import json
from pathlib import Path

from pathspec import GitIgnoreSpec

IGNORE = Path(".dvcignore")


def md5(path: Path) -> str | None:
    """The md5 of a file or a folder, whose path is relative to the project; None where there is neither."""
    if path.is_dir():
        inside = {file.relative_to(path).as_posix(): file for file in path.rglob("*") if file.is_file()}
        return folder_md5(path.as_posix(), {name: _file_md5(file) for name, file in inside.items()})
    return _file_md5(path) if path.is_file() else None


def folder_md5(folder: str, inside: dict[str, str]) -> str:
    """The md5 of a folder with these files (path in the folder → md5), without those that .dvcignore names."""
    lines = IGNORE.read_text(encoding="utf-8").splitlines() if IGNORE.is_file() else []
    ignored = GitIgnoreSpec.from_lines(lines)
    entries = [
        {"md5": md5, "relpath": name}
        for name, md5 in sorted(inside.items())
        if not ignored.match_file(f"{folder}/{name}")
    ]
    return content_md5(json.dumps(entries, sort_keys=True).encode()) + ".dir"


def content_md5(content: bytes) -> str:
    """The md5 of a file with this content."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _file_md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
