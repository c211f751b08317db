import re

import numpy as np
import pytest
from helpers.browser import look_at
from helpers.data import TEST, TRAIN, make_split

from pipeline.data import checks, expectations
from pipeline.reporting import data_checks


@pytest.fixture
def parts():
    return {"train": make_split(TRAIN, 1), "test": make_split(TEST, 2)}


@pytest.fixture
def spoiled(parts, params):
    """The page of data that fail in three ways, all checks of which run once."""
    parts["test"].labels[5] = 200
    parts["test"].labels[7:30:2] = 201
    parts["train"].labels[:80:2] = 99
    return page(parts, params)


def page(parts, params) -> str:
    return data_checks.render(checked(parts, params), parts, "quadrants")


def checked(parts, params) -> dict:
    return checks.check(parts, params.dataset, params.preprocess.checks)


def test_all_failures_are_shown_and_a_long_list_is_folded(spoiled):
    assert re.search(r"\d of 15 checks failed. Nothing was written.", spoiled)
    assert "<code>test-labels[5]</code> is 200" in spoiled
    assert "<code>test-labels[7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29]</code> is 201" in spoiled
    whole = ", ".join(map(str, range(0, 80, 2)))
    assert f"<code>train-labels[{whole}]</code></details>" in spoiled and "…</code> is 99</summary>" in spoiled
    assert "out of balance" in spoiled


def test_the_page_needs_no_network_is_the_same_each_time_and_counts_the_validation_images(parts, params):
    result = checked(parts, params)
    text = data_checks.render(result, parts, "quadrants")
    assert text == data_checks.render(result, parts, "quadrants")
    assert not re.search(r"https?://|src=\"(?!data:)|<link|@import|<script", text)
    assert "All 32 checks passed." in text and text.count("data:image/png") == 4 * data_checks.ROWS
    assert "out of balance" not in text and "validation" not in text
    aside = {"validation": make_split(20, 3)}
    result["classes"] += expectations.class_rows(aside, params.dataset, params.preprocess.checks)
    for row in result["classes"]:
        row["name"] = "<script>alert(1)</script>"
    text = data_checks.render(result, parts, "<b>")
    assert "of these for validation" in text and text.count("5<br><small>25.0&nbsp;%") == 4
    assert "&lt;script" in text and "<script" not in text and "<b>" not in text


def test_a_browser_shows_it(parts, params, tmp_path, screenshots):
    file = tmp_path / "data_checks.html"
    file.write_text(page(parts, params), encoding="utf-8")
    assert "All 32 checks passed." in look_at(file, screenshots)


def test_warnings_and_errors_are_said_with_their_causes_and_pictures(parts, params, tmp_path, screenshots):
    train, test = parts["train"], parts["test"]
    test.images[:4] = train.images[:4] + 1
    train.labels[:] = np.array([1, 0, 2, 3], np.uint8)[train.labels]
    text = page(parts, params)
    assert "1 of 32 checks failed. Nothing was written." in text
    assert "Error: classes exchanged.</span> A and B are exchanged" in text
    assert "Warning: test images nearly in train.</span> 4 of 40 test images" in text
    assert "test[0] A" in text and "train[0] B" in text and "correlation 1.0000" in text
    assert text.count('alt="train images of') == text.count('alt="test images of') == 4
    assert text.count("<svg") == 5
    file = tmp_path / "data_checks_failed.html"
    file.write_text(text, encoding="utf-8")
    assert "Classes side by side" in look_at(file, screenshots)


def test_doubtful_labels_and_copies_are_shown(params):
    parts = {"train": make_split(400, 1), "test": make_split(200, 2)}
    train = parts["train"]
    wrong = np.random.default_rng(1).random(len(train.labels)) < 0.3
    train.labels[wrong] = (train.labels[wrong] + 1) % 4
    train.images[100:120] = train.images[:20]
    text = page(parts, params)
    assert "Labels in doubt" in text and "labelled " in text and "like " in text
    assert "of the labels of train may be wrong" in text
    assert "train[100] to [119] are copies of what stands 100 places before" in text and "train[100] " in text


def test_data_of_another_shape_are_not_compared(parts, params):
    text = page(parts | {"test": parts["test"]._replace(images=parts["test"].images[:, 1:])}, params)
    assert "were not held against each other" in text and "Train and test beside each other" not in text
