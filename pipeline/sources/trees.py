"""Copies a folder of many files from a source that is a folder, or was unpacked into one."""

import shutil
from pathlib import Path

from pipeline.core import folders
from pipeline.core.errors import UserError
from pipeline.sources import archives, streams
from pipeline.sources.streams import Limits, SourceError


def copy(base: str, name: str, above: Path, limits: Limits) -> str:
    """Copies the folder `base`/`name`, without hidden files, to `above`/`name`. Returns its sha256.

    Links in it are followed to files of this folder alone, and copied as these. Raises SourceError where it is missing,
    or is more than `limits` allow.
    """
    (above / name).mkdir(parents=True)
    if "://" in base and not base.startswith("file://"):
        _copy_from_address(f"{base.rstrip('/')}/{name}", name, above / name, limits)
    else:
        _copy_from_folder(Path(base.removeprefix("file://")), name, above / name, limits)
    return folders.tree_sha256(above / name)


def _copy_from_folder(source: Path, name: str, target: Path, limits: Limits) -> None:
    from tqdm import tqdm

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


def _copy_from_address(address: str, name: str, target: Path, limits: Limits) -> None:
    """From a place that can list its files, such as a bucket: one after the other."""
    import fsspec
    from tqdm import tqdm

    if address.startswith(("http://", "https://")):
        raise SourceError(f"{name} is a folder, which a web server does not list; pack it (.zip, .tar, .tar.gz)")
    try:
        filesystem, root = fsspec.core.url_to_fs(address)
        found = [path.removeprefix(root.rstrip("/")).lstrip("/") for path in filesystem.find(root)]
    except Exception as error:  # every filesystem of fsspec has exceptions of its own
        raise SourceError(f"{name}: {str(error) or type(error).__name__}") from None
    names = sorted(path for each in found if (path := archives.safe_name(each)))
    if not names:
        raise SourceError(f"has no folder {name}")
    left = limits.size
    for each in tqdm(names, f"  {name}", unit=" files", disable=None):
        (target / each).parent.mkdir(parents=True, exist_ok=True)
        with (target / each).open("wb") as output:
            for chunk in streams.read_as_it_is(address, each, limits._replace(size=left)):
                left -= output.write(chunk)


def move(base: str, name: str, above: Path) -> str:
    """Like `copy`, of a folder that nobody else needs: its files are where they were, and so is what is hidden."""
    try:
        folders.listing(Path(base) / name)
    except UserError as error:
        raise SourceError(str(error)) from None
    (above / name).parent.mkdir(parents=True, exist_ok=True)
    (Path(base) / name).rename(above / name)
    return folders.tree_sha256(above / name)
