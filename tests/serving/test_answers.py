import json

import numpy as np

from pipeline.serving import answers
from pipeline.serving.answers import Answer, Table

CLASSES = ["a cat", "a dog", "$x_1$"]
SURE = Answer("cat.png", np.array([0.75, 0.05, 0.2], np.float32), np.zeros((8, 8, 1), np.uint8), "turned upright")
HOSTILE = SURE._replace(file="a\nb\x1b[31m$\\frac$.png", image=np.zeros((8, 8, 3), np.uint8))


def test_a_row_has_the_class_the_runner_up_and_what_was_done():
    table = Table(["cat.png", "a much longer name.png"], CLASSES)
    assert " ".join(table.row(SURE).split()) == "cat.png a cat 75.0% $x_1$ 20.0% turned upright"


def test_rows_stand_below_the_head_whatever_the_names_are():
    table = Table([SURE.file, HOSTILE.file, "x" * 300], CLASSES)
    rows = [table.head(), table.row(SURE), table.row(HOSTILE), table.row(SURE._replace(file="x" * 300))]
    assert len({row.rindex("a cat") for row in rows[1:]} | {rows[0].index("class")}) == 1
    assert all(row.isprintable() for row in rows)


def test_json_has_the_number_the_name_and_all_probabilities():
    assert json.loads(json.dumps(answers.as_dict(HOSTILE, CLASSES))) == {
        "file": HOSTILE.file,
        "label": 0,
        "class": "a cat",
        "probability": 0.75,
        "probabilities": [0.75, 0.05, 0.2],
        "note": "turned upright",
    }


def test_json_of_a_bad_file_has_the_error_alone():
    assert answers.as_dict(Answer("x", error="is no picture"), CLASSES) == {"file": "x", "error": "is no picture"}


def test_the_figure_has_a_picture_and_bars_for_each_answer(tmp_path):
    drawn = answers.figure([SURE, HOSTILE, SURE], CLASSES)
    drawn.savefig(tmp_path / "figure.png")
    shown = [axis for axis in drawn.axes if axis.images]
    assert [axis.get_title() for axis in shown] == ["cat.png", r"a\nb\x1b[31m$\frac$.png", "cat.png"]
    bars = next(axis for axis in drawn.axes if axis.patches)
    assert [label.get_text() for label in bars.get_yticklabels()] == ["a cat", "$x_1$", "a dog"]
    assert np.allclose([bar.get_width() for bar in bars.patches], [0.75, 0.2, 0.05])
