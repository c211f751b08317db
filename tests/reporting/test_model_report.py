import re

import numpy as np
import pytest
from helpers.browser import render_text
from helpers.data import SHIPPED, make_split
from helpers.judged import judge, make_origin

from pipeline.config.load import load
from pipeline.config.schema import Evaluate
from pipeline.data.arrays import Split
from pipeline.reporting import model_report

SPLIT, CLASSES = make_split(60, 1), ["T-shirt/top", "B & <b>", "C", "D"]


def settings() -> Evaluate:
    (found,) = load("evaluate", path=SHIPPED)
    return found


def report(split=SPLIT, classes=CLASSES, **changes):
    found, predicted = judge(split, classes)
    return found, model_report.render(found, split, predicted, make_origin(**changes), settings())


def test_the_page_says_what_was_found():
    found, html = report()
    assert f"{found.accuracy.value * 100:.1f}&nbsp;%" in html
    assert f">{found.hardest.name}<" in html
    for row in model_report.class_rows(found):
        assert f"{row['precision']:.3f}" in html
    assert html.count("<svg") == 3 and "a table of layers" in html and "abababab" in html
    assert "75.0 %" in html, "validation accuracy of the best epoch"


def test_a_cell_of_the_matrix_has_its_count_and_its_pictures():
    found, predicted = judge(SPLIT, CLASSES)
    cells = model_report.matrix(found, SPLIT, predicted)
    assert [[cell["count"] for cell in row] for row in cells] == found.confusion.tolist()
    for actual, row in enumerate(cells):
        for guess, cell in enumerate(row):
            chosen = (SPLIT.labels == actual) & (predicted == guess)
            if chosen.any():
                first = SPLIT.images[np.flatnonzero(chosen)[: model_report.IN_A_CELL]]
                assert cell["pictures"] == model_report.pictures.data_uri(first)
            else:
                assert "pictures" not in cell


def test_the_page_is_the_same_each_time_and_asks_no_other_host():
    _, html = report()
    assert html == report()[1]
    assert not re.findall(r'(?:src|href)="(?!data:|https://arxiv.org/)', html)
    assert "B &amp; &lt;b&gt;" in html and "<b>" not in html


def test_failed_data_checks_are_said():
    _, html = report(checks={"checks": [{"passed": True}, {"passed": False}]})
    assert "1 of 2 failed" in html


@pytest.mark.parametrize(("side", "channels", "classes"), [(64, 3, 3), (96, 1, 60)])
def test_the_page_stays_under_3_mb_whatever_the_pictures_are(side, channels, classes):
    random = np.random.default_rng(1)
    split = Split(
        random.integers(0, 256, (600, side, side, channels), dtype=np.uint8),
        (np.arange(600) % classes).astype(np.uint8),
    )
    split.images[:] //= (1 + np.arange(600) % 7).astype(np.uint8)[:, None, None, None]
    _, html = report(split, [f"class {number}" for number in range(classes)])
    assert len(html) < 3e6


def test_a_browser_shows_it_without_a_network(tmp_path):
    page = tmp_path / "model.html"
    page.write_text(report()[1], encoding="utf-8")
    shown = render_text(page)
    assert "How good is this quadrants classifier?" in shown and "popovertarget" in shown
