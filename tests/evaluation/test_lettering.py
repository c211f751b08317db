"""Class names of all lengths and languages fit into figures."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import font_manager, ft2font
from matplotlib.figure import Figure

from pipeline.evaluation import lettering, plots


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("Ankle boot", "Ankle boot"),
        ("Northern three-toed woodpecker", "Northern three-toed\nwoodpecker"),
        ("Northern three-toed woodpecker of the mountains 16", "Northern three-toed wo\nodpecke…e mountains 16"),
        ("Superlongsinglewordwithoutanyspaceinsideofit 16", "Superlongsinglewordwit\nhoutany…einsideofit 16"),
        ("連" * 11, "連" * 11),
        ("連" * 23, "連" * 11 + "\n" + "連" * 3 + "…" + "連" * 7),
    ],
)
def test_a_long_name_keeps_its_beginning_and_its_end(name, lines):
    assert lettering.in_lines(name, 22) == lines


@given(st.text(min_size=1).filter(str.strip), st.integers(4, 30), st.integers(1, 3))
def test_a_name_has_no_more_lines_than_there_is_room_for(name, width, most):
    assert lettering.in_lines(name, width, most).count("\n") < most


def text_figure(text: str) -> Figure:
    figure = Figure(figsize=(2, 1))
    figure.text(0, 0.5, text)
    return figure


@pytest.fixture(autouse=True)
def forgotten():
    """What was said is said again; what fonts there are is looked for again."""
    lettering._say_once.cache_clear()
    lettering._fonts.cache_clear()


def test_another_font_helps_out_where_one_has_the_letters(tmp_path, capsys):
    letters = [ft2font.FT2Font(font_manager.findfont(name)).get_charmap() for name in ("STIXGeneral", "DejaVu Sans")]
    letter = chr(max(set(letters[0]) - set(letters[1])))  # matplotlib brings both fonts
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plots.save(text_figure(letter), tmp_path / "1.png")
    assert capsys.readouterr().out == ""


def test_letters_that_no_font_has_are_said_once_and_not_warned_of(tmp_path, capsys, monkeypatch):
    usual = [font for font in font_manager.fontManager.ttflist if font.name.startswith(("DejaVu", "Last Resort"))]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", usual)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for number in (1, 2):
            plots.save(text_figure("上衣 coat"), tmp_path / f"{number}.png")
    said = capsys.readouterr().out
    assert said.startswith("note: no font on this machine has 上衣: figures show boxes") and said.count("\n") == 1
    assert (tmp_path / "1.png").read_bytes() == (tmp_path / "2.png").read_bytes()


def test_a_figure_of_usual_letters_is_left_alone(tmp_path):
    figure = text_figure("Ankle boot")
    before = figure.texts[0].get_fontfamily()
    plots.save(figure, tmp_path / "1.png")
    assert figure.texts[0].get_fontfamily() == before
