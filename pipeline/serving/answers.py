"""What the model says of a file: as a row of a table, for JSON, and as a figure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pipeline.core.cli import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = 40  # characters of a file's name in the table
BARS = 10  # the likeliest classes of a picture that the figure shows


class Answer(NamedTuple):
    """`probabilities` float32 (classes,) and what they are about; or what is wrong with the file."""

    file: str
    probabilities: np.ndarray | None = None
    image: np.ndarray | None = None  # uint8 (height, width, channels): what the model saw
    note: str = ""  # what was done to the picture, in words
    error: str | None = None


class Table:
    """Rows of equal width, for names of files that are known and answers that come one by one."""

    def __init__(self, files: Sequence[str], classes: list[str]) -> None:
        self.classes = classes
        self.name = max(len("file"), *(len(_short(file)) for file in files))
        self.label = max(len("class"), *map(len, classes))

    def head(self) -> str:
        return self._row("file", "class", "probability", "runner-up", "", "what was done to the picture")

    def row(self, answer: Answer) -> str:
        """The row of an answer that is no error."""
        assert answer.probabilities is not None
        second, first = np.argsort(answer.probabilities, kind="stable")[-2:]
        shares = [f"{answer.probabilities[label]:.1%}" for label in (first, second)]
        cells = self.classes[first], shares[0], self.classes[second], shares[1]
        return self._row(_short(answer.file), *cells, answer.note)

    def _row(self, *cells: str) -> str:
        file, first, share, second, next_share, note = cells
        name, label = self.name, self.label
        return f"{file:{name}}  {first:{label}}  {share:>11}  {second:{label}} {next_share:>6}  {note}".rstrip()


def as_dict(answer: Answer, classes: list[str]) -> dict[str, Any]:
    """For JSON: file, label, class, probability, probabilities in the order of the labels, note; or file and error."""
    if answer.probabilities is None:
        return {"file": answer.file, "error": answer.error}
    label = int(answer.probabilities.argmax())
    shares = [round(float(share), 6) for share in answer.probabilities]
    said = {"label": label, "class": classes[label], "probability": shares[label], "probabilities": shares}
    return {"file": answer.file} | said | {"note": answer.note}


def figure(answers: Sequence[Answer], classes: list[str]) -> "Figure":
    """Each picture, as the model saw it, beside the bars of its likeliest classes. None of the answers is an error."""
    import matplotlib
    from matplotlib.figure import Figure

    rows, bars = -(-len(answers) // 2), min(BARS, len(classes))
    with matplotlib.rc_context({"text.parse_math": False}):  # a file may be named $$
        drawn = Figure(figsize=(12, rows * (0.7 + 0.22 * bars)), layout="constrained")
        axes = drawn.subplots(rows, 4, squeeze=False, width_ratios=[1, 1.4] * 2).reshape(-1, 2)
        for axis in axes.flat:
            axis.axis("off")
        for (left, right), answer in zip(axes, answers, strict=False):
            assert answer.image is not None and answer.probabilities is not None
            grey = answer.image.shape[-1] == 1
            left.imshow(answer.image[..., 0] if grey else answer.image, cmap="gray", vmin=0, vmax=255)
            left.set_title(_short(answer.file), fontsize=9)
            likeliest = np.argsort(-answer.probabilities, kind="stable")[:bars]
            shares = answer.probabilities[likeliest]
            right.axis("on")
            right.spines[:].set_visible(False)
            right.barh(range(bars), shares, color=["#2c7a3f"] + ["#9aa7b4"] * (bars - 1))
            for place, share in enumerate(shares):
                right.text(share + 0.01, place, f"{share:.1%}", va="center", fontsize=8)
            right.set_yticks(range(bars), [classes[label] for label in likeliest], fontsize=8)
            right.set(xlim=(0, 1.15), xticks=[])
            right.invert_yaxis()
    return drawn


def one_line(name: str) -> str:
    """The name of a file for a terminal, whatever characters are in it."""
    return printable(name.replace("\n", "\\n").replace("\t", "\\t"))


def _short(name: str) -> str:
    """The name on one line; of a long one, its end."""
    name = one_line(name)
    return name if len(name) <= NAME else "…" + name[1 - NAME :]
