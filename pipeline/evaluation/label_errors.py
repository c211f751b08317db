"""Test images whose label is likely to be wrong, by confident learning."""

import logging
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LabelError:
    """An image, the class its label says, and the class that the model would rather give it."""

    index: int
    given: int
    suggested: int
    confidence: float


def likely_label_errors(labels: np.ndarray, probabilities: np.ndarray) -> list[LabelError]:
    """The images whose label the model doubts with reason, the most doubtful first.

    `labels` (n,), `probabilities` (n, classes) of a model that was not trained on these images. By cleanlab
    (Northcutt, Jiang and Chuang, Confident Learning, 2021, https://arxiv.org/abs/1911.00068): a class counts as meant
    where its probability exceeds the mean that images of that class have.
    """
    logging.getLogger("cleanlab").setLevel(logging.ERROR)
    from cleanlab.filter import find_label_issues

    present = np.unique(labels)
    if len(present) < 2:
        return []
    ranked = find_label_issues(
        np.searchsorted(present, labels),
        probabilities[:, present] / probabilities[:, present].sum(axis=1, keepdims=True),
        return_indices_ranked_by="self_confidence",
        n_jobs=1,
    )
    suggested = probabilities.argmax(axis=1)
    return [
        LabelError(int(index), int(labels[index]), int(suggested[index]), float(probabilities[index].max()))
        for index in ranked
        if suggested[index] != labels[index]
    ]
