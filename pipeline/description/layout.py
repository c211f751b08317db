"""Finds out in which form somebody's data is: class folders, a table of pictures, .npz, IDX files, or an archive."""

import contextlib
import csv
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pipeline.config.schema.section import RelativePath
from pipeline.core.errors import UserError
from pipeline.data import decoding
from pipeline.data.formats.folder import LEFT_BEHIND
from pipeline.description import arrays, found, idx_files, pictures
from pipeline.description.found import Found, Wanted
from pipeline.sources import archives
from pipeline.sources.streams import Limits, SourceError

FORMS = (
    "a folder of class folders, a folder with a CSV file, an .npz file, a folder of IDX files, or an archive of such "
    f"({', '.join(archives.SUFFIXES)})"
)


def look(given: str, wanted: Wanted) -> Found:
    """Describes what is at a path. Raises UserError where that is nothing which the project can train on."""
    path = Path(given).expanduser()
    if not path.name or path.name == "..":
        path = path.resolve()
    if not path.exists():
        address = "; download it first" if "://" in given else ""
        raise UserError(f"{given}: there is no such file or folder{address}; {FORMS} is wanted")
    whole = path if path.is_dir() else path.parent if path.suffix.lower() == ".csv" else None
    if whole and Path.cwd().is_relative_to(whole.resolve()):
        raise UserError(f"{whole}/: this project is in it, and would be a part of the data; put the data beside it")
    if not (path.is_dir() or path.is_file()):
        raise UserError(f"{given}: is a pipe or a device; {FORMS} is wanted")
    if path.is_dir() or not archives.is_archive(path.name):
        result = _in_folder(path, wanted) if path.is_dir() else _file(path, path, wanted)
    else:
        with _unpacked(path) as folder:
            try:
                result = _in_folder(folder, wanted)._replace(source=str(path))
            except UserError as error:  # nobody knows the folder that it is unpacked in
                raise UserError(str(error).replace(str(folder), str(path))) from None
    named = path if path.is_dir() else path.parent if path.suffix == ".csv" else Path(archives.stem(path.name))
    return result._replace(name=wanted.name or found.data_set_name(named.name.removesuffix(".npz")))


@contextlib.contextmanager
def _unpacked(path: Path) -> Iterator[Path]:
    """Yields a folder, called as the archive without its suffix, that has the archive's files."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / archives.stem(path.name)
        folder.mkdir()
        try:
            archives.unpack(path, folder, Limits(shutil.disk_usage(temporary).free // 2, 1.0))
        except SourceError as error:
            raise UserError(f"{path}: {error}") from None
        yield folder


def _in_folder(folder: Path, wanted: Wanted) -> Found:
    entries = sorted(
        each for each in folder.iterdir() if not each.name.startswith(".") and each.name not in LEFT_BEHIND
    )
    inside, outside = [each for each in entries if each.is_dir()], [each for each in entries if not each.is_dir()]
    if strange := [each for each in outside if not each.is_file()]:  # a pipe would be waited for
        raise UserError(f"{strange[0]}: is no file, but a pipe, a device or a link to nowhere; take it away")
    packed = [each for each in outside if each.suffix == ".npz"]
    tables = [each for each in outside if each.suffix.lower() == ".csv" and {"path", "label"} <= columns(each)]
    if packed or tables:
        several = packed if len(packed) > 1 else tables if len(tables) > 1 and not packed else []
        if several:
            raise UserError(f"{folder}: has {', '.join(each.name for each in several)}; describe one of these files")
        return _file((packed or tables)[0], folder, wanted)
    names = [each.name for each in outside if idx_files.is_idx(each)]
    if names:
        return idx_files.of_idx(folder, names, folder.name, wanted)._replace(source=str(folder))
    if len(inside) == 1 and not inside[0].is_symlink() and not _holds_pictures(inside[0]):
        return _in_folder(inside[0], wanted)
    return _class_folders(folder, inside, wanted)


def _file(path: Path, shown: Path, wanted: Wanted) -> Found:
    """A .npz file, or a CSV file with its folder."""
    if path.suffix == ".npz":
        return arrays.of_npz(path, path.stem, wanted)._replace(source=str(path.parent))
    if path.suffix.lower() != ".csv":
        raise UserError(f"{shown}: should be {FORMS}")
    above = path.parent if path.parent.name else path.parent.resolve()
    part = allowed(above.name, shown)
    return pictures.of_table(above.parent, part, path.name, path.stem, wanted)._replace(source=str(above.parent))


def _class_folders(folder: Path, inside: list[Path], wanted: Wanted) -> Found:
    """Class folders in this folder, or in folders called as parts are. Raises UserError where there are none."""
    called = {part: each.name for each in inside if (part := found.part_called(each.name))}
    if "train" not in called and not any(_holds_pictures(each) for each in inside):  # training_set/, test_set/
        called = {part: each.name for each in inside if (part := found.part_in(each.name))}
    train = next((each for each in inside if each.name == called.get("train")), None)
    if train and not _holds_pictures(train) and any(each.is_dir() for each in train.iterdir()):
        parts = {part: allowed(called[part], folder) for part in found.PARTS if part in called}
        result = pictures.of_folders(folder, parts, folder.name, wanted)._replace(source=str(folder))
        left = [each.name for each in inside if each.name not in called.values()]
        return result._replace(notes=[*result.notes, *(f"{name}/ is no part, and left out" for name in left)])
    if not inside:
        raise UserError(f"{folder}: has no folders; {FORMS} is wanted (a CSV file has the columns path and label)")
    path = allowed(folder.name, folder)
    return pictures.of_folders(folder.parent, {"train": path}, path, wanted)._replace(source=str(folder.parent))


def columns(path: Path) -> set[str]:
    """The columns of a CSV file; none where it is no table."""
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as file, contextlib.suppress(csv.Error):
        return {name.strip() for name in next(csv.reader(file), [])}
    return set()


def allowed(name: str, where: Path) -> str:
    """The name of a folder in data/raw. Raises UserError for one that params.yaml could not have."""
    try:
        return str(TypeAdapter(RelativePath).validate_python(name))
    except ValidationError:
        raise UserError(
            f"{where}: rename it: {name!r} has other signs than letters, digits, spaces and . _ -"
        ) from None


def _holds_pictures(folder: Path) -> bool:
    return any(decoding.is_named_as_picture(each.name) for each in folder.iterdir() if each.is_file())
