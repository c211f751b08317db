import io

import numpy as np
import pandas as pd
import pytest
from helpers.data import make_split
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


@pytest.mark.parametrize("name", MAKERS)
def test_a_figure_is_a_picture_and_the_same_bytes_each_time(name, tmp_path):
    for number in (1, 2):
        plots.save(MAKERS[name](), tmp_path / f"{number}.png")
    first, second = ((tmp_path / f"{number}.png").read_bytes() for number in (1, 2))
    assert first == second
    assert min(Image.open(io.BytesIO(first)).size) >= 200


def test_a_class_may_be_named_like_a_formula(tmp_path):
    plots.save(plots.confusion(np.arange(16).reshape(4, 4), ["$$", "$x", "a_b", "^"]), tmp_path / "figure.png")


def test_mistakes_are_shown_surest_first():
    titles = [axis.get_title() for axis in plots.mistakes(SPLIT, PROBABILITIES, CLASSES, 7).axes if axis.get_title()]
    sure = [float(title.split("\n")[1].split()[1].rstrip("%")) for title in titles]
    assert len(titles) == 7 and sure == sorted(sure, reverse=True)


def test_the_showcase_names_the_class():
    axis, bars = MAKERS["showcase"]().axes
    assert axis.get_title() == "test image 3: D (class 3)"
    assert [bar.get_width() for bar in bars.patches] == pytest.approx(PROBABILITIES[3].tolist())
