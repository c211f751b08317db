"""What a model says of each test image, as a table: a row an image, in the order of the test data."""

import io
from typing import NamedTuple

import numpy as np
import pandas as pd

from pipeline.core.errors import UserError

DIGITS = 4  # of a confidence
CLASSES = 256  # at most, since labels are uint8


class Predictions(NamedTuple):
    """Of each of n test images: its class, the class given to it, both by name, and how sure the model was, 0 to 1.

    `confidence` is None where the table is one of an older version, which did not say.
    """

    actual: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray | None

    @property
    def right(self) -> np.ndarray:
        """bool (n,): which images get the right name."""
        return np.asarray(self.actual == self.predicted)


def text(classes: list[str], labels: np.ndarray, probabilities: np.ndarray) -> str:
    """The table as CSV. `labels` (n,) are class numbers, `probabilities` is (n, classes)."""
    names = np.array(classes)
    table = pd.DataFrame(
        {
            "actual": names[labels],
            "predicted": names[probabilities.argmax(axis=1)],
            "confidence": probabilities.max(axis=1).astype("float64").round(DIGITS),
        }
    )
    return table.to_csv(index=False)


def read(content: bytes) -> Predictions:
    """What `text` wrote, or reports/confusion.csv, which has no confidence. Raises UserError, a line, for all else.

    The content comes from a store, to which anybody may have written.
    """
    try:
        table = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
        columns = {name: table[name].to_numpy(dtype=object) for name in ("actual", "predicted")}
        confidence = table["confidence"].to_numpy(dtype="float64") if "confidence" in table else None
    except KeyError as error:
        raise UserError(f"there is no column {error}") from None
    except (ValueError, OverflowError) as error:  # no UTF-8, no CSV, no number
        raise UserError(str(error).strip().partition("\n")[0][:100]) from None
    names = set().union(*columns.values())
    if not names or "" in names:
        raise UserError("a name is missing" if names else "there are no rows")
    if len(names) > CLASSES:
        raise UserError(f"there are {len(names):,} classes, more than {CLASSES}")
    if confidence is not None and not ((confidence >= 0) & (confidence <= 1)).all():
        raise UserError("a confidence is not between 0 and 1")
    return Predictions(columns["actual"], columns["predicted"], confidence)
