"""Test images that are a share of the training images: cut off before anything else looks at them."""

import numpy as np

from pipeline.config.schema import Share
from pipeline.core.errors import UserError
from pipeline.data.arrays import BLOCK, Split, stratified_split


def cut(whole: Split, share: Share) -> tuple[Split, Split]:
    """Splits into training and test images, by the seed of `share`, the same share of each class, both in their order.

    Where `whole` can be written to, the training images take its memory: it is not to be used any more.
    Raises UserError where a class has too few images to be on both sides.
    """
    rest, aside = places(whole.labels, share)
    test = Split(whole.images[aside], whole.labels[aside])
    return Split(_compacted(whole.images, rest), whole.labels[rest]), test


def places(labels: np.ndarray, share: Share) -> tuple[np.ndarray, np.ndarray]:
    """Where the images are that are left, and those that are cut off. Raises UserError as `cut` does."""
    try:
        return stratified_split(labels, round(len(labels) * share.of), share.seed)
    except UserError as error:
        raise UserError(f"dataset.test.of {share.of}: {str(error).replace('validation', 'test', 1)}") from None


def _compacted(images: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """The images at these places, which rise: each moves to where it is, or further to the front."""
    if not images.flags.writeable:
        return images[kept]
    for start in range(0, len(kept), BLOCK):
        block = kept[start : start + BLOCK]
        images[start : start + len(block)] = images[block]
    return images[: len(kept)]
