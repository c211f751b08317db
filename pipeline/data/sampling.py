"""Which images are looked at, where a look at all of them would take too long or too much memory.

The choice depends on nothing but the number of images, so equal data give equal numbers.
"""

from collections.abc import Iterator

import numpy as np

MEASURED = 10_000  # images of a part of which brightness, contrast and their like are measured
COMPARED = 4_000  # images of a part whose neighbours are looked for; the cost grows with the square
PIXELS = 1 << 22  # values that are held as float32 at one time: 16 MB


def places(count: int, wanted: int) -> np.ndarray:
    """`wanted` of `count` places, or all where there are fewer, in their order; the same ones each time."""
    if count <= wanted:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).permutation(count)[:wanted])


def some(images: np.ndarray, wanted: int) -> np.ndarray:
    """The images at the `places`; not copied where they are all."""
    return images if len(images) <= wanted else images[places(len(images), wanted)]


def blocks(images: np.ndarray) -> Iterator[np.ndarray]:
    """Images uint8 (n, height, width, channels) as float32, a few at one time, in their order."""
    step = max(1, PIXELS // int(np.prod(images.shape[1:])))
    for start in range(0, len(images), step):
        yield images[start : start + step].astype(np.float32)
