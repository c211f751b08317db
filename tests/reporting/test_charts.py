import math
import xml.etree.ElementTree as ElementTree

import pytest

from pipeline.reporting import charts


def parsed(svg) -> ElementTree.Element:
    return ElementTree.fromstring(str(svg))


def points(line: ElementTree.Element) -> list[tuple[float, float]]:
    return [tuple(float(number) for number in pair.split(",")) for pair in line.get("points").split()]


def test_curves_rise_where_the_numbers_do_and_stay_in_the_picture():
    svg = parsed(charts.curves("accuracy", [1, 2, 3], {"training": [0.2, 0.4, 0.6], "validation": [0.5, 0.3, 0.4]}, 1))
    training, validation = svg.findall("polyline")
    assert [x for x, _ in points(training)] == sorted({x for x, _ in points(training)}), "from left to right"
    assert [y for _, y in points(training)] == sorted((y for _, y in points(training)), reverse=True), "up is less"
    assert [y for _, y in points(validation)].index(max(y for _, y in points(validation))) == 1
    for x, y in points(training) + points(validation):
        assert charts.LEFT <= x <= charts.WIDTH and charts.TOP <= y <= charts.HEIGHT - charts.BOTTOM
    best = svg.find("path[@class='best']").get("d")
    assert best.startswith(f"M{points(training)[0][0]}"), "at epoch 1"
    ticks = ["0.2", "0.3", "0.4", "0.5", "0.6"]
    assert [text.text for text in svg.findall("text")] == [*ticks, "1", "2", "3", "epoch", "↑ accuracy"]
    told = [point.find("title").text for point in svg.findall("circle")]
    assert told[0] == "training, epoch 1: 0.2000" and told[-1] == "validation, epoch 3: 0.4000" and len(told) == 6


@pytest.mark.parametrize("values", [[0.5, 0.5], [0.3, math.nan], [math.nan, math.inf], [0.0, 0.0]])
def test_what_does_not_change_or_is_no_number_is_no_error(values):
    svg = parsed(charts.curves("loss", [1, 2], {"training": values}, 1))
    assert len(svg.findall("circle")) == sum(map(math.isfinite, values)) and "nan" not in svg.find("polyline").get(
        "points"
    )


@pytest.mark.parametrize("epochs", [1, 7, 1000])
def test_curves_of_any_length_have_at_most_a_dozen_ticks(epochs):
    svg = parsed(charts.curves("loss", list(range(1, epochs + 1)), {"training": [0.5] * epochs}, 1))
    assert 1 <= len([text for text in svg.findall("text") if text.text.isdigit()]) <= 11


def test_a_model_that_is_right_as_often_as_it_says_is_drawn_on_the_diagonal():
    svg = parsed(charts.reliability("x", [0.1, 0.0, 0.9], [0.1, 0.0, 0.9], [4, 0, 100]))
    diagonal, line = svg.findall("polyline")
    (left, bottom), (right, top) = points(diagonal)
    for x, y in points(line):
        assert (x - left) / (right - left) == pytest.approx((bottom - y) / (bottom - top), abs=1e-3)
    few, many = svg.findall("circle")
    assert float(few.get("r")) < float(many.get("r")) and many.find("title").text == "100 images", "no empty bin"


def test_lines_laid_over_each_other_have_their_own_colours_names_and_bands():
    lines = {"A": [(1, 0.5, 0.4, 0.6), (3, 0.7, 0.7, 0.7)], "B": [], "<C>": [(2, 0.55, 0.55, 0.55), (3, 0.7, 0.7, 0.7)]}
    svg = parsed(charts.overlay("accuracy", lines))
    first, second = svg.findall("polyline")
    assert first.get("class").endswith("c0") and second.get("class").endswith("c2"), "the colour goes by the number"
    assert points(first)[1] == points(second)[1] and points(first)[0][0] < points(second)[0][0] < points(first)[1][0]
    band = points(svg.findall("polygon")[0])
    assert len(band) == 4 and min(y for _, y in band[::3]) < points(first)[0][1] < max(y for _, y in band[::3])
    names = [text for text in svg.findall("text") if "name" in (text.get("class") or "")]
    assert [text.text for text in names] == ["<C>", "A"] or [text.text for text in names] == ["A", "<C>"]
    assert abs(float(names[0].get("y")) - float(names[1].get("y"))) >= charts.LETTER, "none covers the other"


def test_without_a_point_there_is_no_chart():
    assert charts.overlay("accuracy", {"A": []}) == ""
    assert "polyline" in charts.overlay("accuracy", {"A": [(1, 0.5, 0.5, 0.5)]})


def test_labels_are_escaped():
    assert "<script>" not in charts.reliability('"><script>', [], [], [])


def test_cumulative_lines_rise_from_the_least_to_the_greatest_value():
    lines = {"train": ([1.0, 2.0, 4.0], [0.0, 0.5, 1.0]), "<b>": ([2.0, 3.0, 5.0], [0.0, 0.5, 1.0])}
    svg = parsed(charts.cumulative("images below", "brightness", lines))
    first, second = svg.findall("polyline")
    assert points(first)[0] == (charts.LEFT, charts.HEIGHT - charts.BOTTOM), "least, none"
    assert points(second)[-1] == (charts.WIDTH - charts.RIGHT, charts.TOP), "greatest, all"
    assert second.find("title").text == "<b>" and "accent" in second.get("class") and "faint" in first.get("class")
    parsed(charts.cumulative("images below", "brightness", {"train": ([3.0, 3.0], [0.0, 1.0])}))
