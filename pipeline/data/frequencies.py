"""What a picture is coarsely: the lowest frequencies of its discrete cosine transform (DCT-II, orthonormal).

The perceptual hash pHash (Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010) keeps the
signs of these numbers. Here they are kept whole, so that distances between pictures can be measured.
"""

import numpy as np

from pipeline.data import sampling


def lowest(images: np.ndarray, count: int) -> np.ndarray:
    """The `count` lowest frequencies each way, of each channel: float32 (n, count · count · channels), 0 to 255 · size.

    `images` uint8 (n, height, width, channels). Fewer where a picture has fewer pixels each way.
    """
    return np.concatenate([_transform(block, count) for block in sampling.blocks(images)])


def structure(images: np.ndarray, count: int, places: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(The lowest frequencies, without the mean, of images brought to one contrast; which images are not plain).

    Float32 (n, numbers) and bool (n,), of all images or of those at these places. The mean of each channel is taken off
    and the image divided by its norm, so a copy that is brighter, or of more contrast, is the same. The distance of two
    rows is at most that of the two whole images, for which 2 − 2 · correlation is the square: what is far apart here is
    far apart there.
    """
    rows, norms = [], []
    for block in sampling.blocks(images, places):
        centred = block - block.mean(axis=(1, 2), keepdims=True)
        norm = np.sqrt(np.square(centred).sum(axis=(1, 2, 3)))
        rows.append(_transform(centred, count) / np.maximum(norm, 1)[:, np.newaxis])
        norms.append(norm)
    return np.concatenate(rows), np.concatenate(norms) > 1


def _transform(block: np.ndarray, count: int) -> np.ndarray:
    _, height, width, _ = block.shape
    low = np.einsum("ah,nhwc,bw->nabc", _cosines(height, count), block, _cosines(width, count), optimize=True)
    return low.reshape(len(block), -1)


def _cosines(size: int, count: int) -> np.ndarray:
    """The first rows of the transform, float32 (count, size)."""
    order = np.arange(min(count, size))[:, np.newaxis]
    rows = np.cos(np.pi * order * (np.arange(size) + 0.5) / size) * np.sqrt(2 / size)
    rows[0] /= np.sqrt(2)
    return rows.astype(np.float32)
