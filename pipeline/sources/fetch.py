"""Fetches the raw files and folders from the first source that has them intact.

Sources are tried in the order of params.yaml. A file counts only if the sha256 of its uncompressed content is the one
in params.yaml.
"""

import hashlib
import math
import shutil
from contextlib import AbstractContextManager
from pathlib import Path

from pipeline.config.schema import Dataset
from pipeline.core import files, folders
from pipeline.core.addresses import mask_passwords
from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.sources import archives, made, streams, trees
from pipeline.sources.streams import Limits, SourceError


def fetch(sources: list[str], sha256: dict[str, str], folder: Path, limits: Limits) -> str:
    """Places every file of `sha256` (name → hash of the content) in `folder`, whole or not at all.

    A name that ends in / is that of a folder. What is in `folder` with the right content is kept as it is. Returns the
    source that was used. Raises UserError, with lines for each source, when none has all intact.
    """
    if all(folders.exists(folder, name) and folders.sha256(folder, name) == digest for name, digest in sha256.items()):
        return str(folder)
    reasons = []
    for source in sources:
        say(f"downloading from {source}")
        try:
            with files.replacing(folder) as temporary:
                temporary.mkdir()
                _fetch_all(source, sha256, temporary, limits)
            return source
        except SourceError as error:
            told = [mask_passwords(f"  {source}: {line}") for line in str(error).splitlines()]
            reasons += told
            say("\n".join(told))
    raise UserError("no source in params.yaml (download.sources) gave the data set:\n" + "\n".join(reasons))


def _fetch_all(source: str, sha256: dict[str, str], folder: Path, limits: Limits) -> None:
    """Copies all from a source. Raises SourceError, with a line for each that has another content."""
    is_archive = archives.is_archive(source)
    wrong = []
    with _opened(source, sha256, folder, limits) as base:
        try:
            for name, digest in sha256.items():
                if not name.endswith("/"):
                    found = _copy(base, name, folder, limits)
                else:
                    found = trees.move(base, name, folder) if is_archive else trees.copy(base, name, folder, limits)
                if found != digest:
                    wrong.append(f"{name} has sha256 {found}, params.yaml says {digest}")
        except SourceError as error:
            wrong.append(str(error))
    if wrong:
        raise SourceError("\n".join(wrong))


def _opened(source: str, sha256: dict[str, str], folder: Path, limits: Limits) -> AbstractContextManager[str]:
    """Yields the folder or address that has the files of a source."""
    if made.is_made(source):
        return made.opened(source)
    return (
        archives.opened(source, sha256, folder, limits)
        if archives.is_archive(source)
        else streams.opened(source, sha256)
    )


def limits(dataset_config: Dataset, timeout: float) -> Limits:
    """What a file of this data set may have in bytes, uncompressed: twice its pixels, and 1 MiB for the rest.

    A file of more is given up there: a small archive can claim a whole disk. Where params.yaml does not say how many
    bytes the images have (no count; other formats than idx), it may have half of what is free on the disk.
    """
    pixels = math.prod(dataset_config.image_shape)
    sizes = [half.count * pixels for half in dataset_config.halves.values() if half.format == "idx" and half.count]
    if len(sizes) == len(dataset_config.halves):
        return Limits(2 * max(sizes) + (1 << 20), timeout)
    return Limits(shutil.disk_usage(Path.cwd()).free // 2, timeout, why="more than half of the free disk")


def _copy(base: str, name: str, folder: Path, limits: Limits) -> str:
    """Returns the sha256 of what was copied."""
    from tqdm import tqdm

    digest = hashlib.sha256()
    with (folder / name).open("wb") as output, tqdm(desc=f"  {name}", unit="B", unit_scale=True, disable=None) as bar:
        for chunk in streams.read(base, name, limits):
            output.write(chunk)
            digest.update(chunk)
            bar.update(len(chunk))
    return digest.hexdigest()
