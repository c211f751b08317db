import numpy as np
import pytest
from scipy.stats import binomtest

from pipeline.evaluation import intervals


def test_a_share_lies_in_its_interval_as_wilson_has_it():
    share = intervals.share(np.arange(100) < 90)
    assert (share.value, share.count, share.total) == (0.9, 90, 100)
    assert (share.low, share.high) == pytest.approx((0.8256, 0.9448), abs=1e-4)  # Wilson 1927, by hand


@pytest.mark.parametrize("total", [1, 7, 10_000])
def test_an_interval_is_that_of_scipy(total):
    for count in {0, 1, total // 3, total - 1, total}:
        theirs = binomtest(count, total).proportion_ci(intervals.LEVEL, method="wilson")
        ours = intervals.counted(count, total)
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(("hits", "low", "high"), [([True] * 5, 0.5655, 1), ([False] * 5, 0, 0.4345), ([], 0, 1)])
def test_the_interval_of_all_none_and_nothing_stays_within_0_and_1(hits, low, high):
    share = intervals.share(np.array(hits, dtype=bool))
    assert (share.low, share.high) == pytest.approx((low, high), abs=1e-4)


def test_two_models_differ_only_by_images_on_which_one_errs():
    both = np.ones(1000, dtype=bool)
    better, worse = both.copy(), both.copy()
    worse[:10] = False
    better[10] = False
    assert intervals.mcnemar(better, worse) == pytest.approx(2 * 12 / 2**11)  # 10 against 1, both tails
    assert intervals.mcnemar(better, worse) == intervals.mcnemar(worse, better)
    assert intervals.mcnemar(better, better) == 1


def test_the_interval_of_a_difference_is_as_newcombe_has_it():
    first, second = intervals.counted(56, 70), intervals.counted(48, 80)
    assert intervals.difference(first, second) == pytest.approx((0.0524, 0.3339), abs=1e-4)  # Newcombe 1998, table II
    assert intervals.difference(second, first) == pytest.approx((-0.3339, -0.0524), abs=1e-4)
