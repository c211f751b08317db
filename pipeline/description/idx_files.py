"""IDX files, which may be gzipped → what is found in them."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.core import files
from pipeline.core.errors import UserError
from pipeline.data.formats import idx
from pipeline.description import arrays, found
from pipeline.description.arrays import Arrays
from pipeline.description.found import Found, Wanted


def of_idx(folder: Path, names: list[str], name: str, wanted: Wanted) -> Found:
    """Describes the IDX files called `names` in a folder, which may end in .gz."""
    by_part: dict[str, dict[str, list[str]]] = {}
    for each in names:
        kind = "labels" if _head(folder / each)[3] == 1 else "images"
        by_part.setdefault(arrays.part_of(each), {"images": [], "labels": []})[kind].append(each)
    if unclear := [part for part, kinds in by_part.items() if [len(each) for each in kinds.values()] != [1, 1]]:
        raise UserError(
            f"{folder}: {', '.join(names)}: {unclear[0]} should have one file of images and one of labels; "
            "put the files of one data set into a folder of their own"
        )
    parts = {}
    for part in [part for part in found.PARTS if part in by_part]:
        half: dict[str, Any] = {"format": "idx", "count": 0}
        read = {}
        for kind, (file,) in by_part[part].items():
            read[kind], sha256 = _read_idx(folder / file)
            half |= {kind: file.removesuffix(".gz"), f"{kind}_sha256": sha256}
        half["count"] = len(read["images"])
        if "emnist" in half["images"]:
            half["transposed"] = True
        parts[part] = Arrays(read["images"], read["labels"], half, half["images"])
    return arrays.described(parts, name, wanted, [])


def is_idx(path: Path) -> bool:
    """Whether a file, which may be gzipped, is an IDX file of labels, of images, or of images with channels."""
    head = _head(path)
    return len(head) == 4 and head[:3] == b"\0\0\x08" and head[3] in (1, 3, 4)


def _head(path: Path) -> bytes:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return file.read(4)
    except (OSError, EOFError):
        return b""


def _read_idx(path: Path) -> tuple[np.ndarray, str]:
    """The array and the sha256 of the uncompressed file. Raises UserError for a damaged one."""
    with idx.unpacked(path) as plain:
        return idx.read_idx(plain, _head(path)[3]), files.sha256(plain)
