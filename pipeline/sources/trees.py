"""Copies a folder of many files from a source that is a folder, or was unpacked into one."""

import shutil
from pathlib import Path

from pipeline.core import folders
from pipeline.core.errors import UserError
from pipeline.sources.streams import Limits, SourceError


def copy(base: str, name: str, above: Path, limits: Limits) -> str:
    """Copies the folder `base`/`name`, without hidden files, to `above`/`name`. Returns its sha256.

    Links in it are followed to files of the folder `base` alone, and copied as these. Raises SourceError where it is
    missing, or is more than `limits` allow.
    """
    from tqdm import tqdm

    source, target = Path(base.removeprefix("file://")), above / name
    if "://" in base and not base.startswith("file://"):
        raise SourceError(f"{name} is a folder, which comes from a folder or an archive (.zip, .tar, .tar.gz)")
    if not (source / name).is_dir():
        there = sorted(path.name for path in source.iterdir())[:10] if source.is_dir() else []
        raise SourceError(f"has no folder {name}" + (f"; there are {', '.join(there)}" if there else ""))
    try:
        names = folders.listing(source / name)
    except UserError as error:
        raise SourceError(str(error)) from None
    if sum((source / name / each).stat().st_size for each in names) > limits.size:
        raise SourceError(f"{name} has more than {limits.size:,} bytes, {limits.why}")
    for each in tqdm(names, f"  {name}", unit=" files", disable=None):
        (target / each).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name / each, target / each)
    return folders.tree_sha256(target)


def move(base: str, name: str, above: Path) -> str:
    """Like `copy`, of a folder that nobody else needs: its files are where they were, and so is what is hidden."""
    try:
        folders.listing(Path(base) / name)
    except UserError as error:
        raise SourceError(str(error)) from None
    (above / name).parent.mkdir(parents=True, exist_ok=True)
    (Path(base) / name).rename(above / name)
    return folders.tree_sha256(above / name)
