"""Arrays, and .npz files of them → what is found in them."""

import hashlib
import math
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.core import files
from pipeline.core.errors import UserError
from pipeline.data.formats import npz
from pipeline.description import found
from pipeline.description.found import Found, Part, Wanted

WHITE = (1, 16, 255)  # what the brightest pixel of pictures is, usually


class Arrays(NamedTuple):
    """Images and labels of a part, as they are in the file, and what is said of them in params.yaml."""

    images: np.ndarray
    labels: np.ndarray
    half: dict[str, Any]
    shown: str  # the name of the images, in what is said


def of_npz(path: Path, name: str, wanted: Wanted) -> Found:
    """Describes a .npz file. Raises UserError where it does not say which arrays belong together."""
    headers, sha256 = npz.headers(path), files.sha256(path)
    parts = {}
    for part, (images, labels) in pairs({each: header.shape for each, header in headers.items()}, path).items():
        shape, dtype = headers[images]
        if dtype.kind not in npz.NUMBERS or 0 in shape:
            raise UserError(f"{path}:{images} is {dtype} {shape}; images are numbers, and there is one or more")
        values = npz.array(path, images)
        half: dict[str, Any] = {"format": "npz", "count": len(values), "file": path.name, "sha256": sha256}
        half |= {"images": images, "labels": labels}
        parts[part] = Arrays(values, npz.array(path, labels).reshape(-1), half, images)
    for each in parts.values():
        alike = [other.images for other in parts.values() if other.images.dtype == each.images.dtype]
        each.half.update(brightest(alike, f"{path}:{each.shown}"))
    names = [each for each, (shape, dtype) in headers.items() if dtype.kind == "U" and len(shape) == 1]
    return described(parts, name, wanted, [[str(text) for text in npz.array(path, each)] for each in names])


def pairs(shapes: dict[str, tuple[int, ...]], path: Path) -> dict[str, tuple[str, str]]:
    """Part → the arrays of its images and of its labels, by their shapes and names. Raises UserError where unclear."""
    by_part: dict[str, tuple[list[str], list[str]]] = {}
    for name, shape in shapes.items():
        images, labels = by_part.setdefault(part_of(name), ([], []))
        if len(shape) >= 2 and shape[1:] != (1,):
            images.append(name)
        elif shape:
            labels.append(name)
    result = {}
    for part, (images, labels) in by_part.items():
        deepest = max((len(shapes[name]) for name in images), default=0)
        images = [name for name in images if len(shapes[name]) == deepest]  # of flat ones and others, the others
        count = shapes[images[0]][0] if images else 0
        labels = [name for name in labels if shapes[name][0] == count]
        if len(images) == len(labels) == 1:
            result[part] = images[0], labels[0]
    if "train" not in result:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise UserError(
            f"{path}: it is not clear which arrays are images and labels: {listed}; name them x_train, y_train, "
            "x_test, y_test, or images and labels, one pair for each part"
        )
    return {part: result[part] for part in found.PARTS if part in result}


def part_of(name: str) -> str:
    """The part that a name of a file or of an array speaks of; train where it says nothing."""
    return found.part_in(name) or "train"


def brightest(images: list[np.ndarray], where: str) -> dict[str, float]:
    """The key `brightest` for pixels that are no bytes from 0 to 255, the same for all of some arrays of one type.

    Raises UserError for negative ones.
    """
    low, high = float(np.min([each.min() for each in images])), float(np.max([each.max() for each in images]))
    if images[0].dtype == np.uint8 and high > WHITE[1]:
        return {}
    if not (low >= 0 and math.isfinite(high)):
        raise UserError(
            f"{where} has values from {low:g} to {high:g}; pixels begin at 0 (they may end at 1, or at 255)"
        )
    return {"brightest": float(next((white for white in WHITE if high <= white), high))}


def described(parts: dict[str, Arrays], name: str, wanted: Wanted, texts: list[list[str]]) -> Found:
    """Describes arrays. `texts` may have the names of the classes. Raises UserError for labels that are none."""
    for each in parts.values():
        where = f"{each.half['labels']} of {name}"
        if each.labels.dtype.kind not in "iu" or len(each.labels) != len(each.images) or not len(each.labels):
            raise UserError(
                f"{where}: is {each.labels.dtype} {each.labels.shape}; labels are whole numbers, one for each image"
            )
    low = min(int(part.labels.min()) for part in parts.values())
    high = max(int(part.labels.max()) for part in parts.values())
    if low < 0 or high - low > 255:
        raise UserError(f"{name}: has labels from {low} to {high}; a data set has 2 to 256 classes")
    numbers = [str(label) for label in range(low, high + 1)]
    classes = next((text for text in texts if len(set(text)) == len(numbers)), numbers)
    found.assert_classes(classes, name)
    result: dict[str, Part] = {}
    digests: dict[str, list[tuple[str, str]]] = {}
    for part, arrays in parts.items():
        counts = np.bincount(arrays.labels.astype(np.int64) - low, minlength=len(classes))
        half = arrays.half | ({"first_label": low} if low else {})
        result[part] = Part(half, dict(zip(classes, map(int, counts), strict=True)))
        for place, image in enumerate(np.ascontiguousarray(arrays.images)):
            digest = hashlib.blake2b(image.data, digest_size=16).hexdigest()
            digests.setdefault(digest, []).append((part, f"{arrays.shown}[{place}]"))
    problems, notes = found.copies(digests, "test" not in parts)
    shapes = {each.shown: _shape(each.images.shape, f"{each.shown} of {name}", wanted) for each in parts.values()}
    shape = shapes[parts["train"].shown]
    if len(set(shapes.values())) > 1:
        sizes_said = ", ".join(f"{shown} {each}" for each, shown in shapes.items())
        raise UserError(f"{name}: the parts have other sizes (height, width, channels): {sizes_said}")
    sizes = Counter({shape[:2]: sum(len(part.images) for part in parts.values())})
    problems = found.lacking(result, classes) + problems
    if classes == numbers:
        notes.insert(0, "the classes are called by their numbers: give them names, dataset.classes")
    return Found(name, "", classes, shape, result, sizes, problems, notes + found.tiny(result, classes))


def _shape(shape: tuple[int, ...], where: str, wanted: Wanted) -> tuple[int, int, int]:
    """Height, width and channels of images in an array of this shape. Raises UserError where it does not say them."""
    if len(shape) == 3:
        return shape[1], shape[2], 1
    if len(shape) == 4 and shape[3] in (1, 3, 4):
        return shape[1], shape[2], shape[3]
    if len(shape) == 2:
        channels = wanted.channels or 1
        side = math.isqrt(shape[1] // channels)
        height, width = wanted.size or (side, side)
        if height * width * channels == shape[1]:
            return height, width, channels
        raise UserError(
            f"{where} is {shape}: how high and wide are the pictures? say it with --size HxW (and --channels)"
        )
    raise UserError(f"{where} is {shape}; images are (n, height, width) or (n, height, width, channels: 1, 3 or 4)")
