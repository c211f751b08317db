"""Arrays → tables, since Great Expectations judges tables.

One has a row per image, one per part (train, test), and one per part and class.
"""

import hashlib

import numpy as np
import pandas as pd

from pipeline.data.arrays import Split

CERTAIN = 3.3  # standard deviations that chance does not reach: once in a thousand times
BLOCK = 10_000  # images held as float64 at one time: 63 MB at 28 × 28


def image_table(parts: dict[str, Split]) -> pd.DataFrame:
    """One row per image.

    Columns: part, index, label (missing where there are fewer labels than images), height, width, channels, dtype,
    min, max, contrast (max − min), mean, std (pixel values), hash (of the pixels), elsewhere (in another part too).
    """
    table = pd.concat([_rows(part, split) for part, split in parts.items()], ignore_index=True)
    parts_with_image = table.groupby("hash")["part"].nunique()
    return table.assign(elsewhere=table["hash"].map(parts_with_image) > 1)


def _rows(part: str, split: Split) -> pd.DataFrame:
    pixels = split.images.reshape(len(split.images), -1)
    blocks = [pixels[start : start + BLOCK] for start in range(0, len(pixels), BLOCK)]
    low, high = pixels.min(axis=1).astype(int), pixels.max(axis=1).astype(int)
    return pd.DataFrame(
        {
            "part": part,
            "index": np.arange(len(pixels)),
            "label": pd.Series(split.labels[: len(pixels)], dtype="Int64").reindex(range(len(pixels))),
            "height": split.images.shape[1],
            "width": split.images.shape[2],
            "channels": split.images.shape[3],
            "dtype": str(split.images.dtype),
            "min": low,
            "max": high,
            "contrast": high - low,
            "mean": np.concatenate([block.mean(axis=1) for block in blocks]),
            "std": np.concatenate([block.std(axis=1) for block in blocks]),
            "hash": np.frombuffer(b"".join(hashlib.sha1(image.data).digest()[:8] for image in pixels), np.uint64),
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
