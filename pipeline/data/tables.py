"""Arrays → tables, since Great Expectations judges tables.

One has a row per image, one per part (train, test), and one per part and class.
"""

import hashlib

import numpy as np
import pandas as pd

from pipeline.data import sampling
from pipeline.data.arrays import Split

CERTAIN = 3.3  # standard deviations that chance does not reach: once in a thousand times


def image_table(parts: dict[str, Split]) -> pd.DataFrame:
    """One row per image.

    Columns: part, index, label (missing where there are fewer labels than images), height, width, channels, dtype,
    min, max, contrast (max − min), hash (of the pixels), elsewhere (in another part too).
    """
    table = pd.concat([_rows(part, split) for part, split in parts.items()], ignore_index=True)
    parts_with_image = table.groupby("hash")["part"].nunique()
    return table.assign(elsewhere=table["hash"].map(parts_with_image) > 1)


def _rows(part: str, split: Split) -> pd.DataFrame:
    images = split.images
    low, high, hashes = (np.empty(len(images), dtype) for dtype in (int, int, np.uint64))
    for some in sampling.slices(len(images), images.shape[1:]):
        pixels = images[some].reshape(some.stop - some.start, -1)
        low[some], high[some] = pixels.min(axis=1), pixels.max(axis=1)
        digests = b"".join(hashlib.sha1(image.data).digest()[:8] for image in pixels)
        hashes[some] = np.frombuffer(digests, np.uint64)
    return pd.DataFrame(
        {
            "part": part,
            "index": np.arange(len(images)),
            "label": pd.Series(split.labels[: len(images)], dtype="Int64").reindex(range(len(images))),
            "height": images.shape[1],
            "width": images.shape[2],
            "channels": images.shape[3],
            "dtype": str(images.dtype),
            "min": low,
            "max": high,
            "contrast": high - low,
            "hash": hashes,
        }
    )


def part_table(parts: dict[str, Split], expected: dict[str, int]) -> pd.DataFrame:
    """One row per part. Columns: part, images, labels, expected (numbers), label_dtype."""
    rows = [[part, len(s.images), len(s.labels), expected[part], str(s.labels.dtype)] for part, s in parts.items()]
    return pd.DataFrame(rows, columns=["part", "images", "labels", "expected", "label_dtype"])


def class_table(parts: dict[str, Split], classes: list[str]) -> pd.DataFrame:
    """One row per part and class. Columns: part, index (the label), name, count, share, deviation.

    That is how far the share lies from that of equal classes, beyond what chance does once in a thousand times (by the
    binomial distribution) to so few images.
    """
    rows, equal = [], 1 / len(classes)
    for part, split in parts.items():
        counts = np.bincount(split.labels, minlength=len(classes))[: len(classes)]
        for label, (name, count) in enumerate(zip(classes, counts, strict=True)):
            share = float(count / max(len(split.labels), 1))
            chance = CERTAIN * (equal * (1 - equal) / max(len(split.labels), 1)) ** 0.5
            deviation = round(max(0.0, abs(share - equal) - chance), 9)
            rows.append([part, label, name, int(count), round(share, 9), deviation])
    return pd.DataFrame(rows, columns=["part", "index", "name", "count", "share", "deviation"])
