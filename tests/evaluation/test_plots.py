import io

import numpy as np
import pandas as pd
import pytest
from helpers.data import make_split
from matplotlib.text import Text
from PIL import Image

from pipeline.evaluation import plots

SPLIT, CLASSES = make_split(20, 1), list("ABCD")
PROBABILITIES = np.random.default_rng(1).dirichlet(np.ones(4), 20).astype(np.float32)
HISTORY = pd.DataFrame(
    [[1, 0.9, 0.5, 0.8, 0.6], [2, 0.5, 0.7, 0.6, 0.7]],
    columns=["epoch", "loss", "accuracy", "validation_loss", "validation_accuracy"],
)
MAKERS = {
    "samples": lambda: plots.samples(SPLIT, CLASSES),
    "learning_curves": lambda: plots.learning_curves(HISTORY, 2),
    "confusion": lambda: plots.confusion(np.arange(16).reshape(4, 4), CLASSES),
    "mistakes": lambda: plots.mistakes(SPLIT, PROBABILITIES, CLASSES, 7),
    "no mistakes": lambda: plots.mistakes(SPLIT, np.eye(4)[SPLIT.labels], CLASSES, 7),
    "showcase": lambda: plots.showcase(SPLIT.images[3], PROBABILITIES[3], 3, CLASSES, 3),
}


def shown(axis) -> np.ndarray:
    """The pixels in a part of a figure."""
    (image,) = axis.images
    assert (image.get_cmap().name, image.norm.vmin, image.norm.vmax) == ("gray", 0, 255)
    return image.get_array()


@pytest.mark.parametrize("name", MAKERS)
def test_a_figure_is_a_picture_and_the_same_bytes_each_time(name, tmp_path):
    for number in (1, 2):
        plots.save(MAKERS[name](), tmp_path / f"{number}.png")
    first, second = ((tmp_path / f"{number}.png").read_bytes() for number in (1, 2))
    assert first == second
    assert min(Image.open(io.BytesIO(first)).size) >= 200


FORMULAS = ["$$", "$x", "a_b", "^"]


@pytest.mark.parametrize(
    "figure",
    [
        lambda: plots.samples(SPLIT, FORMULAS),
        lambda: plots.confusion(np.eye(4), FORMULAS),
        lambda: plots.mistakes(SPLIT, PROBABILITIES, FORMULAS, 7),
        lambda: plots.showcase(SPLIT.images[0], PROBABILITIES[0], 0, FORMULAS, 0),
    ],
)
def test_a_class_may_be_named_like_a_formula(figure, tmp_path):
    drawn = figure()
    plots.save(drawn, tmp_path / "figure.png")
    texts = [text for text in drawn.findobj(Text) if "$" in text.get_text()]
    assert texts and not any(text.get_parse_math() for text in texts)


@pytest.mark.parametrize(("number", "name"), [(0, "loss"), (1, "accuracy")])
def test_each_learning_curve_is_drawn_under_its_own_name(number, name):
    axis = plots.learning_curves(HISTORY, 2).axes[number]
    assert axis.get_ylabel() == name and axis.get_xlabel() == "epoch"
    training, validation, best = axis.lines
    for line, column, label in ((training, name, "training"), (validation, f"validation_{name}", "validation")):
        assert line.get_label().startswith(label)
        assert line.get_xdata().tolist() == [1, 2] and line.get_ydata().tolist() == HISTORY[column].tolist()
    assert list(best.get_xdata()) == [2, 2] and "(2)" in best.get_label()
    assert len(axis.get_legend().get_texts()) == 3
    assert all(tick == round(tick) for tick in axis.get_xticks())


def test_the_confusion_matrix_has_a_row_for_each_actual_class():
    matrix = np.array([[3, 1], [0, 4]])
    (axis,) = plots.confusion(matrix, ["cat", "dog"]).axes
    assert (axis.get_ylabel(), axis.get_xlabel()) == ("actual", "predicted")
    for labels in (axis.get_yticklabels(), axis.get_xticklabels()):
        assert [label.get_text() for label in labels] == ["cat", "dog"]
    (image,) = axis.images
    assert image.get_array().tolist() == [[0.75, 0.25], [0, 1]]
    assert tuple(image.get_extent()) == (-0.5, 1.5, 1.5, -0.5), "the first row on top, the first column left"
    counts = {text.get_position(): (text.get_text(), text.get_color()) for text in axis.texts}
    assert counts == {(0, 0): ("3", "white"), (1, 0): ("1", "black"), (1, 1): ("4", "white")}, "at (column, row)"


def test_mistakes_are_shown_surest_first():
    figure = plots.mistakes(SPLIT, PROBABILITIES, CLASSES, 7)
    titles = [axis.get_title() for axis in figure.axes if axis.get_title()]
    sure = [float(title.split("\n")[1].split()[1].rstrip("%")) for title in titles]
    assert len(titles) == 7 and sure == sorted(sure, reverse=True)
    assert len(figure.axes) == 10 and not any(axis.axison for axis in figure.axes), "pictures alone, in rows of five"
    first = figure.axes[0]
    index = int(first.get_title().split("\n")[0].removeprefix("test image "))
    assert np.array_equal(shown(first), SPLIT.images[index, ..., 0])
    guess, actual = PROBABILITIES[index].argmax(), SPLIT.labels[index]
    assert first.get_title().split("\n")[1].startswith(CLASSES[guess])
    assert first.get_title().endswith(f"is {CLASSES[actual]}") and guess != actual


def test_samples_are_the_first_images_of_each_class():
    axes = np.array(plots.samples(SPLIT, CLASSES, per_class=6).axes).reshape(4, 6)
    for label, row in enumerate(axes):
        assert row[0].get_ylabel() == CLASSES[label]
        for axis, index in zip(row, range(label, 20, 4), strict=False):
            assert np.array_equal(shown(axis), SPLIT.images[index, ..., 0])
        assert not row[5].images, "there are five of each"


def test_the_showcase_names_the_class_and_colours_its_bar():
    figure = MAKERS["showcase"]()
    axis, bars = figure.axes
    assert figure.get_suptitle() == "test image 3: D (class 3)"
    assert [bar.get_width() for bar in bars.patches] == pytest.approx(PROBABILITIES[3].tolist())
    assert [label.get_text() for label in bars.get_yticklabels()] == CLASSES
    assert np.array_equal(shown(axis), SPLIT.images[3, ..., 0])
    assert bars.yaxis_inverted(), "the first class on top"
    shares = [(text.get_position()[1], text.get_text()) for text in bars.texts]
    assert shares == [(number, f"{share:.1%}") for number, share in enumerate(PROBABILITIES[3])]
    assert len(axis.get_xticks()) == len(axis.get_yticks()) == 0, "the picture has none"
    assert bars.get_xlim()[1] > 1 and bars.get_xlabel() == "probability"
    a, b, c, of_the_class = (bar.get_facecolor() for bar in bars.patches)
    assert a == b == c != of_the_class
