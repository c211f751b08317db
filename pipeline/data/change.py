"""What was done to images so that they differ from others as they do: the likeliest cause, by their mean images."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pipeline.data.profile import Profile

EXPLAINED = 0.3  # of the difference may remain when a change is undone
SCALED = 0.1  # by which share pixels have to be darker or brighter to be called so

CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # what undoes each
    "inverted (255 minus each pixel)": lambda images: 255 - images,
    "transposed (rows and columns exchanged)": lambda images: images.transpose(0, 2, 1, 3),
    "mirrored left to right": lambda images: images[:, :, ::-1],
    "upside down": lambda images: images[:, ::-1],
    "turned by 180°": lambda images: images[:, ::-1, ::-1],
    "turned by 90° to the left": lambda images: np.rot90(images, -1, (1, 2)),
    "turned by 90° to the right": lambda images: np.rot90(images, 1, (1, 2)),
    "with the channels in reverse order (BGR for RGB)": lambda images: images[..., ::-1],
}


class Change(NamedTuple):
    """What images are beside others ("inverted …", "0.50 times as bright"), and what undoes that: float or uint8
    (n, height, width, channels) → the same, with values that may leave 0 to 255."""

    name: str
    undo: Callable[[np.ndarray], np.ndarray]

    def undone(self, images: np.ndarray) -> np.ndarray:
        """Images uint8 as they would be without the change."""
        return np.clip(self.undo(images), 0, 255).astype(np.uint8)


def likely(reference: Profile, new: Profile) -> Change | None:
    """What the new images are, beside the reference; None where nothing fits.

    By the mean images of the classes; or by that of all images, where labels are missing, or wrong themselves.
    """
    a, b = reference.means, new.means
    if a.shape != b.shape:
        return None
    classes = [(x, y) for x, y in zip(a.classes, b.classes, strict=False) if x is not None and y is not None]
    everything = [(a.all, b.all)] if a.all is not None and b.all is not None else []
    for pairs in (classes, everything):
        before, now = (np.array([pair[side] for pair in pairs]).reshape(-1, *a.shape) for side in (0, 1))
        if found := _explaining(before, now) if pairs else None:
            return found
    return None


def _explaining(before: np.ndarray, now: np.ndarray) -> Change | None:
    """The change that mean images (n, height, width, channels) have gone through, if one explains most of it."""
    factor = float((before * now).sum() / max(float(np.square(before).sum()), 1e-9))
    scaled = Change(f"{factor:.2f} times as bright", lambda images: images / factor)
    fixed = [Change(name, undo) for name, undo in CHANGES.items()]
    for possible in (fixed, [scaled] if abs(factor - 1) > SCALED and factor > 0.01 else []):
        remains = [_distance(before, each.undo(now)) for each in possible]
        if remains and min(remains) < EXPLAINED * _distance(before, now):
            return possible[int(np.argmin(remains))]
    return None


def _distance(before: np.ndarray, now: np.ndarray) -> float:
    """The mean square of the differences; infinite where a change has made another shape of the images."""
    return float(np.square(before - now).mean()) if before.shape == now.shape else np.inf
