"""Looks at many picture files at once: each is read once, for its hash and for its header; few are decoded."""

import hashlib
import io
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from pipeline.core.errors import UserError
from pipeline.data import decoding, pictures

AT_ONCE = 2000  # files that wait at one time
PROBE = (8, 8, 3)  # the shape that a file which may be cut off is decoded to


class Picture(NamedTuple):
    """A file: its sha256; height, width and channels of its picture, or why it cannot be read; neither for others."""

    sha256: str
    size: tuple[int, int, int] | None = None
    problem: str | None = None


def survey(folder: Path, names: list[str]) -> dict[str, Picture]:
    """Relative path → what is found, in this order. Raises UserError for a file that cannot be opened."""
    from tqdm import tqdm

    found: dict[str, Picture] = {}
    with (
        ThreadPoolExecutor(os.cpu_count()) as pool,
        tqdm(desc=f"  {folder.name}/", total=len(names), unit=" files", leave=False, disable=None) as bar,
    ):
        for start in range(0, len(names), AT_ONCE):
            some = names[start : start + AT_ONCE]
            found |= zip(some, pool.map(lambda name: look(folder / name), some), strict=True)
            bar.update(len(some))
    return found


def look(path: Path) -> Picture:
    """One file. The header alone says the size; what does not end as its format should is decoded to be sure."""
    if not decoding.is_named_as_picture(path.name):
        with path.open("rb") as file:
            return Picture(hashlib.file_digest(file, "sha256").hexdigest())
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    try:
        if not content:
            raise UserError("is empty")
        size = pictures.size(io.BytesIO(content))
        if not _ends_well(content):
            pictures.read(io.BytesIO(content), PROBE, "fit")
    except UserError as error:
        return Picture(digest, problem=str(error))
    return Picture(digest, size)


def _ends_well(content: bytes) -> bool:
    if content.startswith(b"\x89PNG"):
        return content.endswith(b"IEND\xaeB`\x82")
    if content.startswith(b"\xff\xd8"):
        return content.endswith(b"\xff\xd9")
    if content.startswith(b"GIF8"):
        return content.endswith(b";")
    if content.startswith(b"RIFF"):
        return int.from_bytes(content[4:8], "little") + 8 <= len(content)
    return False
