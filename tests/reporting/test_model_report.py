import asyncio
import re
import subprocess
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from helpers.browser import browse
from helpers.data import SHIPPED, make_split
from helpers.git import commit_all, git
from helpers.judged import judge, make_check, make_origin

from pipeline.config.load import load
from pipeline.config.schema import Evaluate
from pipeline.data.arrays import Split
from pipeline.evaluation import behaviour
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
    assert "75.0&nbsp;%" in html, "validation accuracy of the best epoch"
    mistakes, _, _ = html.partition("Its surest mistakes")[2].partition("<h2>")
    assert mistakes.count("60&nbsp;% sure<br>") == len(found.mistakes) > 0


def test_a_cell_of_the_matrix_has_its_count_and_its_pictures():
    found, predicted = judge(SPLIT, CLASSES)
    cells = model_report.matrix(found, SPLIT, predicted, model_report.shown_classes(found))
    assert [[cell["count"] for cell in row] for row in cells] == found.confusion.tolist()
    for actual, row in enumerate(cells):
        for guess, cell in enumerate(row):
            chosen = (SPLIT.labels == actual) & (predicted == guess)
            if chosen.any():
                first = SPLIT.images[np.flatnonzero(chosen)[: model_report.IN_A_CELL]]
                assert cell["pictures"] == model_report.pictures.data_uri(first)
            else:
                assert cell["pictures"] is None


def test_the_matrix_of_many_classes_has_those_most_often_confused(monkeypatch):
    monkeypatch.setattr(model_report, "WIDEST", 2)
    found, html = report()
    shown = model_report.shown_classes(found)
    assert shown == sorted(found.confused[0][:2]) and "2 of 4 classes that it confuses most" in html
    assert model_report.shown_classes(found._replace(confusion=np.eye(4))) == [0, 1], "without mistakes"
    _, predicted = judge(SPLIT, CLASSES)
    counts = [[cell["count"] for cell in row] for row in model_report.matrix(found, SPLIT, predicted, shown)]
    assert counts == found.confusion[np.ix_(shown, shown)].tolist()


def test_pictures_of_cells_end_where_the_room_does(monkeypatch):
    found, predicted = judge(SPLIT, CLASSES)
    everything = model_report.strips(found, SPLIT, predicted, [0, 1, 2, 3])
    monkeypatch.setattr(model_report, "ROOM", sum(map(len, list(everything.values())[:3])))
    assert list(model_report.strips(found, SPLIT, predicted, [0, 1, 2, 3])) == list(everything)[:3]
    assert next(iter(everything)) == found.confused[0][:2], "the most frequent mistake first"


def test_each_change_of_the_behaviour_tests_is_shown_on_a_picture():
    found, html = report()
    for each in found.invariances:
        image = SPLIT.images[each.example or 0]
        _, change = behaviour.CHANGES[each.name]
        assert model_report.pictures.data_uri(np.stack([image, change(image[None])[0][0]])) in html


def test_of_many_typical_pictures_those_not_recognised_come_first(monkeypatch):
    found, _ = report()
    missed = [guess for guess in found.archetypes if guess.label != guess.predicted]
    assert model_report.typical(found) == found.archetypes and missed
    monkeypatch.setattr(model_report, "TYPICAL", 3)
    assert model_report.typical(found)[: len(missed)] == missed[:3] and len(model_report.typical(found)) == 3


def test_every_picture_says_what_it_is_and_every_table_has_heads():
    _, html = report()
    tags = re.findall(r"<img[^>]*>", html)
    decorative = [tag for tag in tags if 'alt=""' in tag]  # the name stands below it
    assert all(" alt=" in tag for tag in tags) and len(decorative) == len(CLASSES)
    assert all("scope=" in head for head in re.findall(r"<th [^>]*>", html) if 'class="t"' not in head)
    assert all("aria-label=" in button for button in re.findall(r"<button[^>]*>", html))


def test_the_page_is_the_same_each_time_and_asks_no_other_host():
    _, html = report()
    assert html == report()[1]
    assert not re.findall(r'(?:src|href)="(?!data:|https://arxiv.org/)', html)
    assert "B &amp; &lt;b&gt;" in html and "<b>" not in html


def test_failed_data_checks_are_said():
    _, html = report(checks={"checks": [make_check("image height"), make_check("label range", failed=3)]})
    assert "1 of 2 failed" in html and html.count('aria-label="failed"') == 1
    assert "All 2 passed" in report()[1]


def test_data_checks_that_warn_are_named():
    warned = make_check("brightness", failed=1) | {"level": "warning"}
    _, html = report(checks={"checks": [make_check("image height"), warned]})
    assert "1 of 2 warned: brightness." in html and 'aria-label="warning"' in html and "1 of 2 failed" not in html


def test_the_commands_find_the_first_commit_that_has_the_model(tmp_path, monkeypatch):
    (tmp_path / "clone").mkdir()
    monkeypatch.chdir(tmp_path / "clone")
    git("init", "--quiet")
    commits = []
    for text in ("nothing", f"md5: {make_origin().md5}", f"md5: {make_origin().md5}, more", "gone"):
        Path("dvc.lock").write_text(text)
        commits.append(commit_all())
    first, *others = make_origin().commands
    subprocess.run(["bash", "-ec", first], check=True, capture_output=True)
    assert git("-C", "../again", "rev-parse", "HEAD") == commits[1] and git("rev-parse", "HEAD") == commits[-1]
    unknown = make_origin(md5="0" * 32).commands[0].replace("again", "other")
    assert subprocess.run(["bash", "-ec", unknown], check=False, capture_output=True).returncode != 0
    assert others == ["dvc repro", "python -m pipeline verify"]
    assert "\n".join([first, *others]) in unescape(report()[1])


@pytest.mark.parametrize(("side", "channels", "classes"), [(64, 3, 3), (96, 1, 100), (64, 3, 100)])
def test_the_page_stays_under_3_mb_whatever_the_pictures_are(side, channels, classes):
    random = np.random.default_rng(1)
    split = Split(
        random.integers(0, 256, (600, side, side, channels), dtype=np.uint8),
        (np.arange(600) % classes).astype(np.uint8),
    )
    split.images[:] //= (1 + np.arange(600) % 7).astype(np.uint8)[:, None, None, None]
    _, html = report(split, [f"class {number}" for number in range(classes)])
    assert len(html) < 3e6


@pytest.mark.e2e
def test_a_browser_shows_it_the_pictures_behind_a_number_and_all_of_it_on_paper_and_on_a_phone(tmp_path, screenshots):
    file = tmp_path / "report.html"
    file.write_text(report()[1], encoding="utf-8")

    async def look() -> None:
        async with browse(file.as_uri()) as page:
            await page.shows("How good is this quadrants classifier?")
            await page.photograph(screenshots, file.stem)
            opened = "[...document.querySelectorAll('[popover]')].filter(each => each.checkVisibility())"
            assert await page.value(f"{opened}.length") == 0
            await page.value("document.querySelector('.matrix button').click()")
            assert (await page.value(f"{opened}.map(each => each.innerText)"))[0].startswith("T-shirt/top")
            await page.emulate(390, "dark")
            assert await page.value("document.documentElement.scrollWidth") == 390
            await page.emulate(700, "dark", media="print")
            assert await page.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
            cut = "[...document.querySelectorAll('.wide, pre')].filter(each => each.scrollWidth > each.clientWidth)"
            assert await page.value(f"{cut}.map(each => each.innerText)") == []
            page.assert_quiet(file.as_uri())

    asyncio.run(look())
