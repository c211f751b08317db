"""Images that arrive later, held against what those of a training were like."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import ValidationError

from pipeline.config.schema import Checks
from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data import arrays, causes, change, checks, drift
from pipeline.data.appearance import Appearance
from pipeline.data.measure import Measure
from pipeline.data.profile import MANY, QUANTILES, Profile, profile
from pipeline.serving import inputs, pictures
from pipeline.serving.answers import one_line

ARRAYS = (".npy", ".npz")


class Arrived(NamedTuple):
    """Images uint8 (n, height, width, channels), their labels (n,) where they came along, and files without an image,
    each with the reason."""

    images: np.ndarray
    labels: np.ndarray | None = None
    unread: tuple[str, ...] = ()


class Row(NamedTuple):
    """A measure of both, as a table shows it; `cause` says more where it goes too far."""

    measure: str
    reference: str
    new: str
    value: float
    chance: float
    allowed: str
    ok: bool
    cause: str


def reference(run_id: str) -> Profile:
    """What the training images of a run were like. Raises UserError where the run did not log it, or not so."""
    from pipeline.tracking import artifacts

    content = artifacts.content(run_id, paths.REFERENCE)
    if content is None:
        raise UserError(
            f"run {run_id[:8]} has no {paths.REFERENCE}: it trained nothing, or with an older version; train it again"
        )
    try:
        return Profile.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise UserError(f"{paths.REFERENCE} of run {run_id[:8]} cannot be used: {where}: {first['msg']}") from None


def read(path: Path, shape: tuple[int, int, int], classes: int) -> Arrived:
    """Reads a folder of pictures, a folder as data/prepared/test is, or an array: .npy, or .npz with images and labels.

    `shape` is height, width and channels of the reference. Pictures are scaled to it and not changed otherwise. Raises
    UserError where there is no image, or one of another kind.
    """
    if path.is_dir() and not (path / "images.npy").is_file():
        return _pictures(path, shape)
    if not path.exists():
        raise UserError(f"{path} is missing")
    found = _arrays(path)
    if found.images.dtype != np.uint8 or found.images.ndim not in (3, 4):
        kind = f"{found.images.dtype} {found.images.shape}"
        raise UserError(f"{path}: should hold images of uint8 (count, height, width[, channels]), not {kind}")
    images = found.images[..., np.newaxis] if found.images.ndim == 3 else found.images
    if images.shape[1:] != shape or not len(images):
        raise UserError(f"{path}: should hold images of {' × '.join(map(str, shape))}, not {images.shape}")
    return Arrived(images, _checked(path, found.labels, len(images), classes))


def _arrays(path: Path) -> Arrived:
    if path.is_dir():
        return Arrived(*arrays.load(path))
    if path.suffix.lower() not in ARRAYS or not path.is_file():  # a pipe would be waited for
        raise UserError(f"{path}: should be a folder, or a file that ends in {' or '.join(ARRAYS)}")
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return Arrived(loaded)
        with loaded:
            if "images" not in loaded:
                raise UserError(f"{path}: has no array called images, only {', '.join(loaded) or 'nothing'}")
            return Arrived(loaded["images"], loaded.get("labels"))
    except UserError:
        raise
    except Exception as error:  # zipfile, zlib and numpy have exceptions of their own for what is cut off
        raise UserError(f"{path}: cannot be read: {error}") from None


def _checked(path: Path, labels: np.ndarray | None, images: int, classes: int) -> np.ndarray | None:
    if labels is None:
        return None
    if labels.shape != (images,) or labels.dtype.kind not in "iu" or (labels < 0).any() or (labels >= classes).any():
        raise UserError(f"{path}: labels should be {images} whole numbers from 0 to {classes - 1}")
    return labels.astype(np.uint8)


def _pictures(folder: Path, shape: tuple[int, int, int]) -> Arrived:
    images, unread = [], []
    for file in inputs.find([str(folder)]):
        try:
            if file.error:
                raise UserError(file.error)
            with inputs.open_binary(file) as opened:
                images.append(pictures.read(opened, shape, Appearance())[0])
        except UserError as error:
            unread.append(f"{one_line(file.name)}: {error}")
    if not images:
        raise UserError(f"there is no picture to be checked: {unread[0]}")
    return Arrived(np.stack(images), None, tuple(unread))


def compare(before: Profile, arrived: Arrived, limits: Checks, classes: list[str]) -> list[Row]:
    """Each measure of the reference and of what has come, by the limits in params.yaml."""
    now = profile(arrived.images, arrived.labels, len(classes))
    found = drift.drift(before, now)
    undo = change.likely(before, now) if any(each.certain for each in found) else None
    both = {"reference": before, "new": now}
    measures = []
    if now.images >= MANY:  # a few may all be dark
        measures.append(Measure("pixel range", checks.LEAST, now.brightest / 255, cause=causes.of_range(now.brightest)))
    measures += [each._replace(cause=causes.of_drift(each, both, undo, classes)) for each in found]
    measures = [each.rounded() for each in measures]
    return [
        Row(
            measure.name,
            _typical(measure, before),
            _typical(measure, now),
            measure.value,
            measure.chance,
            outcome["allowed"],
            outcome["passed"],
            outcome["cause"],
        )
        for measure, outcome in zip(measures, checks.judge(measures, limits), strict=True)
    ]


def _typical(measure: Measure, of: Profile) -> str:
    """One number that says what images are like, where there is one."""
    if measure.key == "distribution":
        return f"{of.quantiles[measure.name][QUANTILES // 2]:.3g}"
    if measure.key == "pixel_levels":
        return f"{float(np.dot(of.levels, range(256))):.3g}"
    return f"{of.brightest}" if measure.key == checks.LEAST else "–"
