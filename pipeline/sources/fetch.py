"""Fetches the four raw files from the first source that has them intact.

Sources are tried in the order of params.yaml. A file counts only if the sha256 of its uncompressed content is the one
in params.yaml.
"""

import hashlib
import math
from pathlib import Path

from pipeline.config.schema import Dataset
from pipeline.core import files
from pipeline.core.addresses import mask_passwords
from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.sources import streams
from pipeline.sources.streams import Limits, SourceError


def fetch(sources: list[str], sha256: dict[str, str], folder: Path, limits: Limits) -> str:
    """Places every file of `sha256` (name → hash of the content) in `folder`, whole or not at all.

    Files in `folder` with the right content are kept as they are. Returns the source that was used.
    Raises UserError, with a line for each source, when none has all the files intact.
    """
    if all((folder / name).is_file() and files.sha256(folder / name) == digest for name, digest in sha256.items()):
        return str(folder)
    reasons = []
    for source in sources:
        say(f"downloading from {source}")
        try:
            with files.replacing(folder) as temporary, streams.opened(source, sha256) as base:
                temporary.mkdir()
                for name, digest in sha256.items():
                    _copy(base, name, digest, temporary, limits)
            return source
        except SourceError as error:
            reasons.append(mask_passwords(f"  {source}: {error}"))
            say(reasons[-1])
    raise UserError("no source in params.yaml (download.sources) gave the data set:\n" + "\n".join(reasons))


def size_limit(dataset_config: Dataset) -> int:
    """The bytes that a file of this data set may have, uncompressed: twice its pixels, and 1 MiB for the rest.

    A file of more is given up there: a small archive can claim a whole disk.
    """
    pixels = max(dataset_config.train.count, dataset_config.test.count) * math.prod(dataset_config.image_shape)
    return 2 * pixels + (1 << 20)


def _copy(base: str, name: str, expected: str, folder: Path, limits: Limits) -> None:
    from tqdm import tqdm

    digest = hashlib.sha256()
    with (folder / name).open("wb") as output, tqdm(desc=f"  {name}", unit="B", unit_scale=True, disable=None) as bar:
        for chunk in streams.read(base, name, limits):
            output.write(chunk)
            digest.update(chunk)
            bar.update(len(chunk))
    if digest.hexdigest() != expected:
        raise SourceError(f"{name} has sha256 {digest.hexdigest()[:12]}…, params.yaml says {expected[:12]}…")
