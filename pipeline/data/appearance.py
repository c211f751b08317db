"""What training images have in common: a dark or a light background, and how large the objects on them are.

A picture from anywhere is made like them before a model is asked about it (serving/pictures.py).
"""

from typing import NamedTuple

import numpy as np

LIGHT = 128  # a border of this mean brightness, of 255, or more is light
SURE = 0.95  # the share of training images that have to agree on what a background is
PLAIN = 32  # levels of 255 by which the pixels of a plain background differ from each other, at most
LOOKED_AT = 2000  # images, evenly spread


class Appearance(NamedTuple):
    """`background`: "dark" or "light". `fill`: the share of the frame that objects take, by their longer side, 0 to 1.

    Both None where the images differ, or are not known: then a picture is left as it is.
    """

    background: str | None = None
    fill: float | None = None


def common(images: np.ndarray) -> Appearance:
    """What nearly all of some training images, uint8 (n, height, width, channels), look like.

    Fashion-MNIST: dark, 1.0, since its pictures were cut out so.
    """
    some = images[:: max(1, len(images) // LOOKED_AT)]
    return Appearance(_background(some), _fill(some))


def _background(images: np.ndarray) -> str | None:
    light = np.mean([is_light(image) for image in images])
    return "light" if light >= SURE else "dark" if light <= 1 - SURE else None


def _fill(images: np.ndarray) -> float | None:
    """The median of those with a plain background; None where most have none."""
    boxes = [box for image in images if (box := object_box(image))]
    height, width = images.shape[1:3]
    shares = [max((right - left) / width, (low - high) / height) for left, high, right, low in boxes]
    return float(np.median(shares)) if 2 * len(boxes) > len(images) else None


def is_light(image: np.ndarray) -> bool:
    """Whether the border of an image (height, width, channels) is light, by its mean. Transparency does not count."""
    return bool(border(image)[:, :3].mean() >= LIGHT)


def object_box(image: np.ndarray) -> tuple[int, int, int, int] | None:
    """Left, top, right and bottom edge of what lies on the plain background of an image (height, width, channels).

    None where the background is not plain, or nothing is on it.
    """
    outside = border(image).astype(int)
    least, most = np.percentile(outside, [10, 90], axis=0)
    seen = (np.abs(image.astype(int) - np.median(outside, axis=0)) > PLAIN).any(axis=-1)
    if (most - least).max() > PLAIN or not seen.any():
        return None
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def border(image: np.ndarray) -> np.ndarray:
    """The outermost pixels (n, channels) of an image (height, width, channels)."""
    return np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
