import io
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from helpers.data import make_split
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from PIL import Image

from pipeline.data.arrays import Split
from pipeline.evaluation import metrics, plots

SPLIT, CLASSES = make_split(20, 1), list("ABCD")
PROBABILITIES = np.random.default_rng(1).dirichlet(np.ones(4), 20).astype(np.float32)
HISTORY = pd.DataFrame(
    [[1, 0.9, 0.5, 0.8, 0.6], [2, 0.5, 0.7, 0.6, 0.7]],
    columns=["epoch", "loss", "accuracy", "validation_loss", "validation_accuracy"],
)
MAKERS = {
    "learning_curves": lambda: plots.learning_curves(HISTORY, 2),
    "reliability": lambda: plots.reliability(metrics.calibration(SPLIT.labels, PROBABILITIES, 5), 0.123),
    "no mistakes": lambda: plots.mistakes(SPLIT, np.eye(4)[SPLIT.labels], CLASSES, 7),
    "showcase": lambda: plots.showcase(SPLIT.images[3], PROBABILITIES[3], 3, CLASSES, 3),
}


def shown(axis) -> np.ndarray:
    """The pixels in a part of a figure."""
    (image,) = axis.images
    assert (image.get_cmap().name, image.norm.vmin, image.norm.vmax) == ("gray", 0, 255)
    return image.get_array()


@pytest.mark.parametrize("name", MAKERS)  # the other kinds are drawn below
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
    matrix = np.array([[3, 2], [1, 4]])
    (axis,) = plots.confusion(matrix, ["cat", "dog"]).axes
    assert (axis.get_ylabel(), axis.get_xlabel()) == ("actual class", "predicted class")
    for labels in (axis.get_yticklabels(), axis.get_xticklabels()):
        assert [label.get_text() for label in labels] == ["cat", "dog"]
    (image,) = axis.images
    assert image.get_array().tolist() == [[0.6, 0.4], [0.2, 0.8]]
    assert tuple(image.get_extent()) == (-0.5, 1.5, 1.5, -0.5), "the first row on top, the first column left"
    counts = {text.get_position(): (text.get_text(), text.get_color()) for text in axis.texts}
    drawn = {(0, 0): ("3", "white"), (1, 0): ("2", "black"), (0, 1): ("1", "black"), (1, 1): ("4", "white")}
    assert counts == drawn, "at (column, row)"
    assert (image.get_cmap().name, image.norm.vmin, image.norm.vmax) == ("Blues", 0, 1), "white is 0, dark is 1"


def test_a_class_without_images_has_a_row_of_zeros_and_many_classes_have_no_counts():
    (axis,) = plots.confusion(np.array([[0, 0], [1, 1]]), ["cat", "dog"]).axes
    assert axis.images[0].get_array().tolist() == [[0, 0], [0.5, 0.5]]
    assert {text.get_position() for text in axis.texts} == {(0, 1), (1, 1)}, "a zero is not written"
    too_many = plots.READABLE + 1
    (axis,) = plots.confusion(np.eye(too_many), [f"c{n}" for n in range(too_many)]).axes
    assert not axis.texts


def test_mistakes_are_shown_surest_first():
    figure = plots.mistakes(SPLIT, PROBABILITIES, CLASSES, 7)
    titles = [axis.get_title() for axis in figure.axes if axis.get_title()]
    sure = [float(title.split("\n")[2].removesuffix("% sure")) for title in titles]
    assert len(titles) == 7 and sure == sorted(sure, reverse=True)
    wrong = PROBABILITIES.argmax(axis=1) != SPLIT.labels
    assert sure[0] == round(100 * float(PROBABILITIES[wrong].max()), 1), "of all mistakes"
    assert "surest" in figure.get_suptitle() and MAKERS["no mistakes"]().get_suptitle() == "No mistakes"
    assert len(figure.axes) == 10 and not any(axis.axison for axis in figure.axes), "pictures alone, in rows of five"
    first = figure.axes[0]
    index = int(first.get_title().split("\n")[0].removeprefix("test image "))
    assert np.array_equal(shown(first), SPLIT.images[index, ..., 0])
    guess, actual = PROBABILITIES[index].argmax(), SPLIT.labels[index]
    assert first.get_title().split("\n")[1] == f"predicted {CLASSES[guess]}"
    assert first.get_title().endswith(f"actual {CLASSES[actual]}") and guess != actual


def test_samples_are_the_first_images_of_each_class():
    (axis,) = plots.samples(SPLIT, CLASSES, per_class=6).axes
    assert [name.get_text() for name in axis.get_yticklabels()] == CLASSES
    height, width, _ = SPLIT.images.shape[1:]
    rows = [shown(axis)[int(middle - height / 2) :][:height] for middle in axis.get_yticks()]
    for label, row in enumerate(rows):
        pictures = [row[:, start:][:, :width] for start in range(0, row.shape[1], (row.shape[1] - width) // 5)]
        for picture, index in zip(pictures, range(label, 20, 4), strict=False):
            assert np.array_equal(picture, SPLIT.images[index, ..., 0])
        assert len(pictures) == 6 and (pictures[5] == 255).all(), "there are five of each"


def test_the_showcase_names_the_class_and_colours_its_bar():
    figure = MAKERS["showcase"]()
    axis, bars = figure.axes
    guess = CLASSES[PROBABILITIES[3].argmax()]
    assert figure.get_suptitle() == f"test image 3: actual D (class 3), predicted {guess}"
    assert [bar.get_width() for bar in bars.patches] == pytest.approx(PROBABILITIES[3].tolist())
    assert [label.get_text() for label in bars.get_yticklabels()] == CLASSES
    assert np.array_equal(shown(axis), SPLIT.images[3, ..., 0])
    assert bars.yaxis_inverted(), "the first class on top"
    shares = [(text.get_position()[1], text.get_text()) for text in bars.texts]
    assert shares == [(number, f"{share:.1%}") for number, share in enumerate(PROBABILITIES[3])]
    assert len(axis.get_xticks()) == len(axis.get_yticks()) == 0, "the picture has none"
    assert bars.get_xlim()[1] > 1 and bars.get_xlabel().startswith("probability")
    a, b, c, of_the_class = (bar.get_facecolor() for bar in bars.patches)
    assert a == b == c != of_the_class
    assert of_the_class[1] > max(of_the_class[0], of_the_class[2]), "green"


def test_the_showcase_of_many_classes_has_the_most_probable_ones():
    probabilities = np.arange(30) / 435
    _, bars = plots.showcase(SPLIT.images[0], probabilities, 22, [f"c{n}" for n in range(30)], 0).axes
    assert [label.get_text() for label in bars.get_yticklabels()] == [f"c{n}" for n in range(20, 30)]
    assert [bar.get_width() for bar in bars.patches] == pytest.approx(probabilities[20:].tolist())
    colors = [bar.get_facecolor() for bar in bars.patches]
    assert colors.count(colors[2]) == 1 and colors.count(colors[0]) == 9, "that of the actual class"


def test_the_reliability_plot_leaves_out_where_there_are_no_images():
    table = metrics.calibration(SPLIT.labels, PROBABILITIES, 20)
    figure = plots.reliability(table, 0.123)
    upper, lower = figure.axes
    filled = table[table["images"] > 0]
    diagonal, line = upper.lines
    assert len(filled) < 20 and line.get_xdata().tolist() == filled["confidence"].tolist()
    assert line.get_ydata().tolist() == filled["accuracy"].tolist()
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata()) == [0, 1]
    assert [bar.get_height() for bar in lower.patches] == table["images"].tolist()
    assert [bar.get_center()[0] for bar in lower.patches] == pytest.approx(np.arange(0.025, 1, 0.05)), "amid its bin"
    assert [text.get_text() for text in upper.get_legend().get_texts()] == ["as sure as right", "this model"]
    assert upper.get_xlim() == lower.get_xlim() == (0, 1) and "12.3%" in figure.get_suptitle()
    assert "right" in upper.get_ylabel() and "sure" in lower.get_xlabel()


LONG = "an extraordinarily long name of a class that nobody would choose"


def many(classes: int) -> tuple[Split, np.ndarray, list[str]]:
    """Images, probabilities and long names of so many classes."""
    random = np.random.default_rng(1)
    labels = np.arange(3 * classes).astype(np.uint8) % classes
    split = Split(random.integers(0, 256, (3 * classes, 8, 8, 1), dtype=np.uint8), labels.astype(np.uint8))
    probabilities = random.dirichlet(np.ones(classes) / 4, 3 * classes)
    return split, probabilities, [f"{number} {LONG}" for number in range(classes)]


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("samples", 2),
        ("samples", 12),
        ("confusion", 2),
        ("confusion", 12),
        ("confusion", 70),
        ("mistakes", 2),
        ("mistakes", 12),
        ("showcase", 2),
        ("showcase", 12),
    ],
)
def test_no_text_is_cut_and_titles_do_not_meet(name, classes):
    split, probabilities, names = many(classes)
    figure = {
        "samples": lambda: plots.samples(split, names, 3),
        "confusion": lambda: plots.confusion(np.eye(classes), names),
        "mistakes": lambda: plots.mistakes(split, probabilities, names, 12),
        "showcase": lambda: plots.showcase(split.images[0], probabilities[0], 0, names, 0),
    }[name]()
    assert_texts_fit(figure)


@pytest.mark.parametrize("name", ["learning_curves", "reliability", "no mistakes"])
def test_no_text_of_the_other_figures_is_cut(name):
    assert_texts_fit(MAKERS[name]())


def assert_texts_fit(figure) -> None:
    """All that is drawn lies within the picture, and no title above a part reaches into that of another."""
    FigureCanvasAgg(figure).draw()
    drawn, pixel = figure.get_tightbbox(), 1 / figure.dpi
    width, height = figure.get_size_inches()
    assert drawn.x0 >= -pixel and drawn.x1 <= width + pixel, (drawn, width)
    assert drawn.y0 >= -pixel and drawn.y1 <= height + pixel, (drawn, height)
    boxes = [axis.title.get_window_extent() for axis in figure.axes if axis.get_title()]
    boxes += [figure._suptitle.get_window_extent()]
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
