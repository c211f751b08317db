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
    return data_checks.render(expectations.check(parts, params.dataset, params.preprocess.checks), parts, "quadrants")


def test_the_page_needs_no_network_and_is_the_same_each_time(parts, params):
    text = page(parts, params)
    assert text == page(parts, params)
    assert not re.search(r"https?://|src=\"(?!data:)|<link|@import|<script", text)
    assert "All 15 checks passed." in text and text.count("data:image/png") == 8


def test_a_failure_is_shown_with_its_images(parts, params):
    parts["test"].labels[5] = 200
    text = page(parts, params)
    assert "1 of 15 checks failed" not in text  # the balance is off too
    assert re.search(r"\d of 15 checks failed. Nothing was written.", text)
    assert "<code>test-labels[5]</code> is 200" in text


def test_names_are_escaped(parts, params):
    result = expectations.check(parts, params.dataset, params.preprocess.checks)
    result["classes"][0]["name"] = "<script>alert(1)</script>"
    assert "<script" not in data_checks.render(result, parts, "<b>")


def test_a_browser_shows_it(parts, params, tmp_path):
    (tmp_path / "page.html").write_text(page(parts, params), encoding="utf-8")
    assert "All 15 checks passed." in render_text(tmp_path / "page.html")
