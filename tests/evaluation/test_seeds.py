import pytest

from pipeline.evaluation import seeds

# Student's data on sleep; intervals and p as R has them: t.test(first), t.test(first, second)
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_the_mean_over_seeds_has_students_interval():
    assert seeds.mean(FIRST) == pytest.approx((0.75, -0.5297804, 2.0297804), abs=1e-6)


def test_one_seed_has_no_interval_and_equal_ones_a_narrow_one():
    assert seeds.mean([0.9]) == (0.9, None, None)
    assert seeds.mean([0.9, 0.9]) == pytest.approx((0.9, 0.9, 0.9))


def test_two_means_are_tested_as_welch_does():
    assert seeds.welch(FIRST, SECOND) == pytest.approx(0.07939, abs=1e-5)
    assert seeds.welch([0.9, 0.9], [0.8, 0.81]) is None
