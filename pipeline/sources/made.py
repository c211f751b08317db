"""Data sets that are made here, with no network: sklearn:digits, which scikit-learn ships, and drawn:tiny.

Each is one .npz file of uint8 arrays. Equal code gives equal bytes: nothing is compressed, and no time is in it.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.sources.streams import SourceError

if TYPE_CHECKING:
    import numpy as np

TINY = {"x_train": 240, "x_test": 60}  # array → how many pictures are drawn
SIDE, DARK, BRIGHT = 12, 40, 215  # pixels; levels of 255, below and beside which is noise
SHAPES = ("bar", "column", "cross", "box")


@contextlib.contextmanager
def opened(source: str) -> Iterator[str]:
    """Yields a folder with the file. Raises SourceError for a source of another name."""
    import numpy as np

    if source not in MADE:
        raise SourceError(f"there is no such data set; there are {', '.join(MADE)}")
    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / f"{source.partition(':')[2]}.npz", allow_pickle=False, **MADE[source]())
        yield folder


def is_made(source: str) -> bool:
    return source.startswith(tuple(f"{name.partition(':')[0]}:" for name in MADE))


def digits() -> dict[str, "np.ndarray"]:
    """The 1,797 handwritten digits of scikit-learn, 8 × 8 pixels from 0 to 16.

    From Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998.
    """
    import numpy as np
    from sklearn.datasets import load_digits

    found = load_digits()
    return {"images": found.images.astype(np.uint8), "labels": found.target.astype(np.uint8)}


def tiny() -> dict[str, "np.ndarray"]:
    """Four shapes in noise, as many of each: 240 images to train and 60 to test."""
    import numpy as np

    arrays, drawn = {}, 0
    for name, count in TINY.items():
        numbers = np.arange(drawn, drawn + count)
        arrays[name] = np.stack([_drawn(int(number)) for number in numbers])
        arrays[name.replace("x", "y")] = (numbers % len(SHAPES)).astype(np.uint8)
        drawn += count
    return arrays


def _drawn(number: int) -> "np.ndarray":
    """The picture of this number, from which its shape, place and noise follow: a random generator may change."""
    import numpy as np

    pixels = np.arange(SIDE * SIDE, dtype=np.uint64) + np.uint64(SIDE * SIDE * number)
    noise = (pixels * np.uint64(2654435761) >> np.uint64(9)) % np.uint64(DARK)  # Knuth's multiplicative hash
    image = noise.astype(np.uint8).reshape(SIDE, SIDE)
    middle, reach = SIDE // 2, SIDE // 4
    row, column = middle + number // 4 % 3 - 1, middle + number // 12 % 3 - 1
    rows, columns = (slice(place - reach, place + reach + 1) for place in (row, column))
    shape, is_bright = SHAPES[number % len(SHAPES)], np.zeros(image.shape, bool)
    if shape == "box":
        is_bright[rows, columns] = True
    if shape in ("bar", "cross"):
        is_bright[row, columns] = True
    if shape in ("column", "cross"):
        is_bright[rows, column] = True
    return image + np.uint8(BRIGHT) * is_bright


MADE = {"sklearn:digits": digits, "drawn:tiny": tiny}
