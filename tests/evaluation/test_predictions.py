import numpy as np
import pytest

from pipeline.core.errors import UserError
from pipeline.evaluation import predictions

LABELS = np.array([0, 1, 1], dtype=np.uint8)
PROBABILITIES = np.array([[0.75, 0.25], [0.6, 0.4], [1 / 3, 2 / 3]], dtype="float32")


def test_what_is_written_is_read_and_is_the_same_each_time():
    text = predictions.text(["NA", 'a "b", c\n'], LABELS, PROBABILITIES)
    found = predictions.read(text.encode())
    assert found.actual.tolist() == ["NA", 'a "b", c\n', 'a "b", c\n']
    assert found.right.tolist() == [True, False, True]
    assert found.confidence.tolist() == [0.75, 0.6, 0.6667]
    assert text == predictions.text(["NA", 'a "b", c\n'], LABELS, PROBABILITIES)


def test_the_table_of_an_older_version_says_not_how_sure_the_model_was():
    found = predictions.read(b"actual,predicted\nA,A\nA,B\n")
    assert found.right.tolist() == [True, False] and found.confidence is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "No columns"),
        (b"actual,predicted\n", "there are no rows"),
        (b"actual,confidence\nA,0.5\n", "there is no column 'predicted'"),
        (b"actual,predicted\nA\n", "a name is missing"),
        (b"actual,predicted\nA,B\nA,B,C,D\n", "Expected 2 fields in line 3"),
        (b"actual,predicted,confidence\nA,B,1.5\n", "not between 0 and 1"),
        (b"actual,predicted,confidence\nA,B,nan\n", "not between 0 and 1"),
        (b"actual,predicted,confidence\nA,B,sure\n", "could not convert"),
        (b"\x80\x04\x95actual,predicted\nA,B\n", "codec can't decode"),  # begins like a pickle
        (b"actual,predicted\n" + b"".join(b"A,%d\n" % number for number in range(256)), "257 classes, more than 256"),
        (b"PK\x03\x04\x00\x00", ""),
        (bytes(range(256)) * 9, ""),
    ],
)
def test_what_is_no_such_table_is_one_line(content, reason):
    with pytest.raises(UserError) as caught:
        predictions.read(content)
    assert reason in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) <= 100
