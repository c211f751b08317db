"""Labels from a file → uint8 from 0: held against the classes first."""

import unicodedata
from collections.abc import Sequence

import numpy as np

from pipeline.core.errors import UserError


def from_numbers(values: np.ndarray, classes: Sequence[str], first_label: int | None, where: str) -> np.ndarray:
    """Whole numbers (n,) or (n, 1) → uint8 (n,), `first_label` being 0. Raises UserError that begins with `where`."""
    found = f"{where} is {values.dtype} {values.shape}"
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise UserError(f"{found}; labels are (n,), one number for each image")
    if values.dtype.kind not in "iu":
        raise UserError(f"{found}; labels are whole numbers")
    low = first_label or 0
    high = low + len(classes) - 1
    strange = np.flatnonzero((values < low) | (values > high))
    if len(strange):
        raise UserError(
            f"{where} has labels from {values.min()} to {values.max()}, where {len(classes)} classes have {low} to "
            f"{high}; {len(strange):,} are outside, the first at [{strange[0]}]"
        )
    return (values.astype(np.int64) - low).astype(np.uint8)


def from_text(value: str, classes: Sequence[str]) -> int | None:
    """The label of the class that is called so, or else has this number; None for any other text.

    A letter with an accent is the same as a letter and an accent, which macOS writes.
    """
    names = [unicodedata.normalize("NFC", each) for each in (value, *classes)]
    if names[0] in names[1:]:
        return names.index(names[0], 1) - 1
    is_number = value.isascii() and value.isdigit() and len(value) <= 3
    return int(value) if is_number and int(value) < len(classes) else None
