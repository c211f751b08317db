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
    try:
        rest, aside = stratified_split(whole.labels, round(len(whole.labels) * share.of), share.seed)
    except UserError as error:
        raise UserError(f"dataset.test.of {share.of}: {str(error).replace('validation', 'test', 1)}") from None
    test = Split(whole.images[aside], whole.labels[aside])
    return Split(_compacted(whole.images, rest), whole.labels[rest]), test


def _compacted(images: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The images at these places, which rise: each moves to where it is, or further to the front."""
    if not images.flags.writeable:
        return images[places]
    for start in range(0, len(places), BLOCK):
        block = places[start : start + BLOCK]
        images[start : start + len(block)] = images[block]
    return images[: len(places)]
