"""Folders and tables of pictures → what is found in them."""

import statistics
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from pipeline.core import folders
from pipeline.core.errors import UserError, first
from pipeline.data import decoding
from pipeline.data.formats import csv, folder
from pipeline.description import found
from pipeline.description.found import Found, Part, Wanted
from pipeline.description.survey import Picture, survey

MOST, USUAL = 128, 64  # pixels of the longer side: kept where all pictures have them; else scaled to, for processors
GRID = 4  # pixels, to whose multiples the sides of mixed pictures are rounded


class Pictures(NamedTuple):
    """The pictures of a part: path → class, path → what is found; and the hash of the folder that they are in."""

    classes: dict[str, str]
    looked_at: dict[str, Picture]
    sha256: str
    problems: list[str]


def of_folders(source: Path, parts: dict[str, str], name: str, wanted: Wanted) -> Found:
    """Describes folders of class folders. `parts`: part → the path of its folder in `source`."""
    seen = {part: _class_folders(source / path, path) for part, path in parts.items()}
    halves = {
        part: {"format": "folder", "count": len(each.classes), "path": parts[part], "sha256": each.sha256}
        for part, each in seen.items()
    }
    return _described(seen, halves, parts, name, wanted)


def of_table(source: Path, path: str, file: str, name: str, wanted: Wanted) -> Found:
    """Describes the CSV file `file` in the folder `source`/`path`."""
    above = source / path
    rows, splits, left_out = _rows_of_parts(above / file)
    names = folders.listing(above)
    looked_at = survey(above, names)
    sha256 = folders.combined((each, looked_at[each].sha256) for each in names)
    classes = found.in_order(row.label for each in rows.values() for row in each)
    seen, halves = {}, {}
    for part, some in rows.items():
        problems: list[str] = []
        labels: dict[str, int] = {}
        try:
            labels = csv.pictures(some, Path(path, file), classes, "", set(names))
        except UserError as error:
            problems = str(error).splitlines()
            paths = {row.path: row.label for row in some if row.path in looked_at}
            labels = {each: classes.index(label) for each, label in paths.items()}
        seen[part] = Pictures({each: classes[label] for each, label in labels.items()}, looked_at, sha256, problems)
        halves[part] = {"format": "csv", "count": len(labels), "path": path, "sha256": sha256, "file": file}
        if splits[part] is not None:
            halves[part]["split"] = splits[part]
    result = _described(seen, halves, dict.fromkeys(rows, path), name, wanted)
    return result._replace(notes=[*result.notes, *left_out])


def _rows_of_parts(path: Path) -> tuple[dict[str, list[csv.Row]], dict[str, str | None], list[str]]:
    """Part → rows, and part → its value in the column split; and a line for each value that is no part."""
    values = split_values(path)
    parts = {part: value for value in values if (part := found.part_called(value))}
    if "train" not in parts:
        return {"train": csv.read_rows(path, None)}, {"train": None}, []
    left_out = [f"{path.name}: rows of split {value!r} are left out" for value in values if value not in parts.values()]
    order = [part for part in found.PARTS if part in parts]
    return {part: csv.read_rows(path, parts[part]) for part in order}, {part: parts[part] for part in order}, left_out


def split_values(path: Path) -> list[str]:
    """The values of the column split of a CSV file, in order; none where there is no such column."""
    import csv as table

    with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
        reader = table.DictReader(file)
        reader.fieldnames = [each.strip() for each in reader.fieldnames or ()]
        return found.in_order(row["split"] for row in reader if row.get("split"))


def _class_folders(above: Path, shown: str) -> Pictures:
    names = folders.listing(above)
    looked_at = survey(above, names)
    classes: dict[str, str] = {}
    problems: list[str] = []
    for name, inside in folder.by_class(above).items():
        pictures = [each for each in inside if decoding.is_named_as_picture(each)]
        strange = [
            f"{shown}/{each} is no picture by its name" for each in inside if not decoding.is_named_as_picture(each)
        ]
        if name and pictures:
            classes |= dict.fromkeys(pictures, name)
            problems += strange
        elif name:
            problems.append(f"{shown}/{name}/ has files and no pictures: take it away")
        else:
            problems += [f"{shown}/{each} lies in no folder of a class" for each in pictures]
    sha256 = folders.combined((each, looked_at[each].sha256) for each in names)
    return Pictures(classes, looked_at, sha256, first(problems))


def _described(
    seen: dict[str, Pictures], halves: dict[str, dict], paths: dict[str, str], name: str, wanted: Wanted
) -> Found:
    classes = found.in_order(each for part in seen.values() for each in part.classes.values())
    found.assert_classes(classes, name)
    parts = {part: Part(halves[part], dict(Counter(each.classes.values()))) for part, each in seen.items()}
    good = [(part, each, picture) for part, p in seen.items() for each in p.classes if (picture := p.looked_at[each])]
    sizes = Counter(picture.size[:2] for _, _, picture in good if picture.size)
    channels = Counter(picture.size[2] for _, _, picture in good if picture.size)
    if not sizes:
        raise UserError(f"{name}: none of {len(good):,} pictures can be read: {good[0][1]} {good[0][2].problem}")
    (height, width), notes = chosen_size(sizes, wanted)
    resize = wanted.resize or "fit"
    for half in halves.values():
        half["resize"] = resize
    broken = [f"  {paths[part]}/{each} {picture.problem}" for part, each, picture in good if picture.problem]
    digests: dict[str, list[tuple[str, str]]] = {}
    for part, each, picture in good:
        digests.setdefault(picture.sha256, []).append((part, f"{paths[part]}/{each}"))
    doubled, copied = found.copies(digests, "test" not in parts)
    problems = [line for each in seen.values() for line in each.problems]
    if broken:
        problems += [f"{len(broken):,} pictures cannot be read:", *first(sorted(broken))]
    problems += found.lacking(parts, classes) + doubled
    notes += _alike(classes) + found.tiny(parts, classes) + copied
    if len(channels) > 1:
        kinds = {1: "grey", 3: "colour", 4: "with transparency"}
        notes.append("mixed: " + ", ".join(f"{count:,} {kinds[each]}" for each, count in sorted(channels.items())))
    colours = wanted.channels or (1 if set(channels) == {1} else 3)
    return Found(name, "", classes, (height, width, colours), parts, sizes, problems, notes)


def chosen_size(sizes: Counter[tuple[int, int]], wanted: Wanted) -> tuple[tuple[int, int], list[str]]:
    """Height and width for pictures of these sizes, and what to say of it.

    The common one where there is one and it is small; else the median, in proportion, of at most USUAL pixels.
    """
    if wanted.size:
        return wanted.size, []
    if len(sizes) == 1 and max(next(iter(sizes))) <= MOST:
        return next(iter(sizes)), []
    height, width = (statistics.median([size[axis] for size in sizes.elements()]) for axis in (0, 1))
    shrink = min(1.0, USUAL / max(height, width))
    near = [max(2 * GRID, GRID * round(side * shrink / GRID)) for side in (height, width)]
    small, large = min(sizes), max(sizes)
    many = f"{len(sizes):,} sizes, {_by(small)} to {_by(large)}" if len(sizes) > 1 else f"all are {_by(small)}"
    return (near[0], near[1]), [f"{many}: made {_by((near[0], near[1]))} (--size says another)"]


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"


def _alike(classes: list[str]) -> list[str]:
    """A line for each group of class names that differ in large and small letters only."""
    groups: dict[str, list[str]] = {}
    for name in classes:
        groups.setdefault(name.casefold(), []).append(name)
    return [
        f"{' and '.join(group)} differ in large and small letters only" for group in groups.values() if len(group) > 1
    ]
