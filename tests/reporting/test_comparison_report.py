import re

import numpy as np
import pytest
from helpers.compared import trained

from pipeline.evaluation.comparison import compare
from pipeline.evaluation.seeds import Estimate
from pipeline.reporting import comparison_report

IMAGES = np.random.default_rng(1).integers(0, 256, (40, 8, 8, 1), dtype=np.uint8)
WORSE, BETTER = trained(1, list(range(12))), trained(2, [20], filters=8)
SEEDS = [trained(n, list(range(n)), seed=n) for n in (1, 2, 3)]


def render(runs, images=IMAGES, notes=()):
    return comparison_report.render(compare(list(runs)), images, list(notes))


def test_the_page_says_what_differs_which_is_better_and_shows_pictures():
    html = render([WORSE, BETTER])
    assert "Which of these 2 quadrants classifiers is better?" in html
    assert "B is better than A, by more than chance (p = 0.0034)." in html
    assert ">+27.50<" in html and "yes, better" in html and "<td>filters</td>" in html
    assert html.count("<figure") == 12 + 1 and html.count("data:image/png") == 13
    assert "B &amp; &lt;b&gt;" in html and "<b>," not in html
    assert "python -m pipeline compare 000000000000 000000000000" in html
    assert html.count('class="line own') == 4, "accuracy on validation and on training pictures, of two runs"


def test_seeds_are_shown_as_one_with_their_interval():
    html = render([*SEEDS, trained(7, list(range(9)), filters=8)])
    assert "4 runs of 2 configurations" in html and "3 seeds: 1, 2, 3" in html
    assert "±" in html and "Student" in html and 'class="band c0"' in html
    alone = render(SEEDS)
    assert "How much does the seed matter?" in alone and "Is it more than chance?" not in alone


def test_what_is_missing_is_said_and_breaks_nothing():
    html = render([WORSE, BETTER._replace(predictions=None, curves={})], None, ["B < A: no table"])
    assert (
        "answers to each picture are missing" in html
        and "B &lt; A: no table" in html
        and "Pictures that tell" not in html
    )
    bare = [
        each._replace(predictions=None, curves={}, test=None, validation=None, origin={}) for each in (WORSE, BETTER)
    ]
    html = render(bare, None)
    assert (
        "None was tested" in html
        and "more than chance?" not in html
        and "How they learned" not in html
        and "No run says how often it is right" in html
    )
    assert "Which of these 2 classifiers is better?" in html


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([WORSE, BETTER], "B is better than A, by more than chance"),
        ([BETTER, WORSE], "A is better than B, by more than chance"),
        ([trained(1, [1, 2]), trained(2, [3], filters=8)], "chance alone can make such a difference"),
        ([trained(1, [1]), trained(2, [2, 3], filters=8)], "chance alone can make the differences"),
        ([trained(1, [1]), trained(2, [1], filters=8)], "All are right equally often"),
        ([WORSE, BETTER._replace(predictions=None)], "Nothing tells whether that is more than chance"),
        (
            [WORSE, BETTER._replace(test=None, predictions=None, validation=0.9)],
            "B is right most often on the validation",
        ),
    ],
)
def test_the_verdict_claims_no_more_than_the_tests(runs, said):
    assert said in comparison_report.verdict(compare(runs))


def test_the_bars_reach_around_all_intervals_in_whole_percents():
    assert comparison_report.scale([Estimate(0.9, 0.883, 0.9142), Estimate(0.89)]) == pytest.approx((0.88, 0.92))
    assert comparison_report.scale([Estimate(0.9, -0.2, 1.3)]) == (0, 1)
    assert comparison_report.scale([Estimate(1.0)]) == pytest.approx((1.0, 1.01))


def test_the_page_is_the_same_each_time_small_and_asks_no_other_host():
    runs = [trained(n, list(range(n)), filters=n) for n in range(1, 27)]
    html = render(runs)
    assert html == render(runs) and len(html) < 3e6
    assert not re.findall(r'(?:src|href)="(?!data:)', html)
