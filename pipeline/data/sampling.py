"""Which images are looked at, and how many at one time: all of them may take too long, or more than the memory.

The choice depends on nothing but the number of images, so equal data give equal numbers.
"""

import math
from collections.abc import Iterator

import numpy as np

MEASURED = 10_000  # images of a part of which brightness, contrast and their like are measured
COMPARED = 4_000  # images of a part whose neighbours are looked for; the cost grows with the square
PIXELS = 1 << 22  # values that are held at one time: 16 MB as float32


def places(count: int, wanted: int) -> np.ndarray:
    """`wanted` of `count` places, or all where there are fewer, in their order; the same ones each time."""
    if count <= wanted:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).permutation(count)[:wanted])


def slices(count: int, shape: tuple[int, ...]) -> Iterator[slice]:
    """0 to `count` in their order, in slices of at most PIXELS values, or of one image; `shape` is that of an image."""
    step = max(1, PIXELS // math.prod(shape))
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


def blocks(images: np.ndarray, places: np.ndarray | None = None) -> Iterator[np.ndarray]:
    """All images uint8 (n, height, width, channels), or those at these places, in slices that are copied as float32."""
    for some in slices(len(images) if places is None else len(places), images.shape[1:]):
        yield images[some if places is None else places[some]].astype(np.float32)
