"""What DVC (3.67) writes and hashes: dvc.lock, what each stage last ran on and made, and the md5 of files and folders.

The md5 of a folder is that of the list of its files, with `.dir` at its end.
"""

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

from pathspec import GitIgnoreSpec
from pydantic import BaseModel, TypeAdapter, field_validator
from ruamel.yaml import YAML, YAMLError

from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.core.untrusted import checked

IGNORE = Path(".dvcignore")
DAMAGE = (YAMLError, ValueError, TypeError, KeyError, RecursionError)  # what damaged text raises, pydantic's included


class Item(BaseModel):
    """A dependency, with its md5 where it has one."""

    path: str
    md5: str | None = None

    @field_validator("md5")
    @classmethod
    def _is_md5(cls, value: str | None) -> str | None:
        return value and checked(value, "md5", str(paths.LOCK))


class Output(Item):
    """An output, which lies in the repository."""

    @field_validator("path")
    @classmethod
    def _is_inside(cls, value: str) -> str:
        return checked(value, "path", str(paths.LOCK))


class Locked(BaseModel):
    """A stage in dvc.lock."""

    deps: list[Item] = []
    params: dict[str, dict[str, Any]] = {}
    outs: list[Output] = []


def locked() -> dict[str, Locked]:
    """Stage → what dvc.lock says about it; empty where there is none.

    Raises UserError for a damaged one, and for one with an output outside of this folder or what is no md5.
    """
    if not paths.LOCK.is_file():
        return {}
    try:
        return dict(_parsed(paths.LOCK.read_text(encoding="utf-8")))
    except DAMAGE:
        raise UserError(f"{paths.LOCK}: is damaged; `git checkout {paths.LOCK}` puts back the last one") from None


@functools.lru_cache(maxsize=1)  # a stage asks three times, and a third of a second went into it
def _parsed(lock: str) -> dict[str, Locked]:
    stages = YAML(typ="safe", pure=True).load(lock)["stages"]
    return TypeAdapter(dict[str, Locked]).validate_python(stages, strict=True)


def locked_hashes() -> dict[str, str]:
    """Path → md5 of every output in dvc.lock; empty where there is none."""
    return {out.path: out.md5 for entry in locked().values() for out in entry.outs if out.md5}


def locked_params(stage: str) -> dict[str, Any]:
    """The values of the section of params.yaml that is called like a stage, as it last ran; empty where it has none."""
    entry = locked().get(stage, Locked())
    values = entry.params.get(paths.PARAMS.name, {}).get(stage, {})
    return values if isinstance(values, dict) else {}


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
