"""Test images that are a share of the training images: cut off before anything else looks at them."""

import numpy as np

from pipeline.config.schema import Share
from pipeline.core.errors import UserError
from pipeline.data import scratch
from pipeline.data.arrays import Split, stratified_split


def cut(whole: Split, share: Share) -> tuple[Split, Split]:
    """Splits into training and test images, by the seed of `share`, the same share of each class, both in their order.

    Raises UserError where a class has too few images to be on both sides.
    """
    rest, aside = places(whole.labels, share)
    train, test = (Split(scratch.copied(whole.images, each), whole.labels[each]) for each in (rest, aside))
    return train, test


def places(labels: np.ndarray, share: Share) -> tuple[np.ndarray, np.ndarray]:
    """Where the images are that are left, and those that are cut off. Raises UserError as `cut` does."""
    try:
        return stratified_split(labels, round(len(labels) * share.of), share.seed)
    except UserError as error:
        raise UserError(f"dataset.test.of {share.of}: {str(error).replace('validation', 'test', 1)}") from None
