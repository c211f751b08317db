"""A folder with a sub-folder of pictures for each class."""

import unicodedata
from pathlib import Path

import numpy as np

from pipeline.config.schema import Dataset, PictureFolder
from pipeline.core import folders, paths
from pipeline.core.errors import UserError, first
from pipeline.data import decoding
from pipeline.data.arrays import Split

LEFT_BEHIND = ("Thumbs.db", "desktop.ini")  # by Windows, in any folder of pictures


def read(half: PictureFolder, dataset_config: Dataset) -> Split:
    """Reads the pictures in the order of their paths. A class folder may have folders itself.

    Raises UserError with a line for each folder that is no class, each class without pictures, each file that is no
    picture; and then for each picture that cannot be read.
    """
    found = listed(half, dataset_config)
    images = decoding.decode(paths.RAW / half.path, list(found), dataset_config.image_shape, half.resize)
    return Split(images, np.array(list(found.values()), np.uint8))


def listed(half: PictureFolder, dataset_config: Dataset) -> dict[str, int]:
    """Relative path of each picture → its label, in the order of the paths. Raises UserError as `read` does."""
    folder, classes = paths.RAW / half.path, dataset_config.classes
    found = by_class(folder)
    problems = _problems(folder, found, classes)
    pictures = {name: label for label, each in enumerate(classes) for name in found.get(_same(each), ())}
    strange = [name for name in pictures if not decoding.is_named_as_picture(name)]
    allowed = ", ".join(decoding.SUFFIXES)
    problems += first([f"{folder / name} is no picture by its name ({allowed})" for name in strange])
    if problems:
        raise UserError("\n".join(problems))
    return dict(sorted(pictures.items(), key=lambda item: item[0].encode()))


def by_class(folder: Path) -> dict[str, list[str]]:
    """Name of each sub-folder → relative paths of the files in it; "" → those in none. Raises UserError, as `listing`.

    A name in letters and accents is the same as one in letters with accents, which macOS makes of it.
    """
    found: dict[str, list[str]] = {}
    for name in folders.listing(folder):
        above, slash, _ = name.partition("/")
        if not name.endswith(LEFT_BEHIND):
            found.setdefault(_same(above) if slash else "", []).append(name)
    return found


def _problems(folder: Path, found: dict[str, list[str]], classes: list[str]) -> list[str]:
    known = {_same(name) for name in classes}
    allowed = ", ".join(classes[:10]) + (", …" if len(classes) > 10 else "")
    unknown = [
        f"{folder / name}/ is no class; dataset.classes has {allowed}" for name in found if name not in known | {""}
    ]
    missing = [f"{folder / name}/ has no pictures of the class {name}" for name in classes if _same(name) not in found]
    loose = [name for name in found.get("", ()) if decoding.is_named_as_picture(name)]
    return [
        *first(unknown),
        *first(missing),
        *first([f"{folder / name} lies in no folder of a class" for name in loose]),
    ]


def _same(name: str) -> str:
    return unicodedata.normalize("NFC", name)
