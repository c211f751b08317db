import re

import pytest
from helpers.browser import render_text
from helpers.data import TEST, TRAIN, make_split

from pipeline.data import expectations
from pipeline.reporting import data_checks


@pytest.fixture
def parts():
    return {"train": make_split(TRAIN, 1), "test": make_split(TEST, 2)}


def page(parts, params) -> str:
    return data_checks.render(checked(parts, params), parts, "quadrants")


def checked(parts, params) -> dict:
    return expectations.check(parts, params.dataset, params.preprocess.checks)


def test_the_page_needs_no_network_and_is_the_same_each_time(parts, params):
    text = page(parts, params)
    assert text == page(parts, params)
    assert not re.search(r"https?://|src=\"(?!data:)|<link|@import|<script", text)
    assert "All 15 checks passed." in text and text.count("data:image/png") == 4 * data_checks.ROWS


def test_all_failures_are_shown(parts, params):
    parts["test"].labels[5] = 200
    parts["test"].labels[7:30:2] = 201
    text = page(parts, params)
    assert re.search(r"\d of 15 checks failed. Nothing was written.", text)
    assert "<code>test-labels[5]</code> is 200" in text
    assert "<code>test-labels[7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29]</code> is 201" in text


def test_a_long_list_of_failures_is_folded_and_whole(parts, params):
    parts["train"].labels[::2] = 99
    text = page(parts, params)
    whole = ", ".join(map(str, range(0, 160, 2)))
    assert f"<code>train-labels[{whole}]</code></details>" in text and "…</code> is 99</summary>" in text


def test_the_images_of_each_class_are_counted_for_validation_too(parts, params):
    result = checked(parts, params)
    assert "validation" not in data_checks.render(result, parts, "quadrants")
    aside = {"validation": make_split(20, 3)}
    result["classes"] += expectations.class_rows(aside, params.dataset, params.preprocess.checks)
    text = data_checks.render(result, parts, "quadrants")
    assert "of these for validation" in text and text.count("5<br><small>25.0&nbsp;%") == 4


def test_a_class_out_of_balance_is_marked(parts, params):
    assert "out of balance" not in page(parts, params)
    parts["train"].labels[parts["train"].labels == 1] = 2
    assert page(parts, params).count("out of balance") == 2, "one has too few images, one too many"


def test_names_are_escaped(parts, params):
    result = checked(parts, params)
    for row in result["classes"]:
        row["name"] = "<script>alert(1)</script>"
    text = data_checks.render(result, parts, "<b>")
    assert "&lt;script" in text and "<script" not in text


def test_a_browser_shows_it(parts, params, tmp_path):
    (tmp_path / "page.html").write_text(page(parts, params), encoding="utf-8")
    assert "All 15 checks passed." in render_text(tmp_path / "page.html")
