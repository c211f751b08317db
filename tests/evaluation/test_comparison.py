import numpy as np
import pytest
from helpers.compared import table, trained

from pipeline.evaluation.comparison import compare


def test_two_runs_are_tested_on_the_same_images():
    first, second = [*range(6), 30], [*range(10, 26), 30]  # 6 against 16, as statsmodels' mcnemar(exact=True) has it
    (difference,) = compare([trained(1, second), trained(2, first, filters=8)]).differences
    assert difference.p == pytest.approx(0.052478, abs=1e-6) and difference.test == "McNemar's exact test"
    assert difference.gain == pytest.approx(10 / 40)
    assert difference.wins == list(range(10, 26)) and difference.losses == list(range(6))


def test_the_pictures_of_which_both_are_surest_come_first():
    first, second = table([5, 7]), table([])
    first.confidence[7], second.confidence[5] = 0.9, 0.8
    runs = [trained(1, predictions=first), trained(2, predictions=second, filters=8)]
    assert compare(runs).differences[0].wins == [7, 5]
    runs[0] = trained(1, predictions=table([7, 5], confidence=None))
    assert compare(runs).differences[0].wins == [5, 7], "that of which one is surest, where the other does not say"
    runs[1] = trained(2, predictions=table([], confidence=None), filters=8)
    assert compare(runs).differences[0].wins == [5, 7]


def test_many_seeds_are_tested_over_seeds_and_one_against_many_by_the_largest_p():
    worse = [trained(n, list(range(20, 30 + n)), seed=n) for n in (1, 2, 3)]
    better = [trained(n + 3, list(range(n)), seed=n, filters=8) for n in (1, 2, 3)]
    (many,) = compare(worse + better).differences
    assert many.p is not None and many.p < 0.001 and "Welch" in many.test
    assert many.wins == list(range(20, 31)) and many.losses == [0], "only what all seeds agree on"
    (mixed,) = compare(worse + better[:1]).differences
    pairs = [compare([run, better[0]]).differences[0].p for run in worse]
    assert mixed.p == max(pairs) > min(pairs) and "largest" in mixed.test


def test_seeds_without_any_spread_have_no_test():
    runs = [trained(n, [n], seed=n) for n in (1, 2)] + [trained(n, [n, 30], seed=n, filters=8) for n in (3, 4)]
    (difference,) = compare(runs).differences
    assert difference.p is None and difference.test == "no spread over seeds, no test"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"predictions": None}, "answers to each picture are missing"),
        ({"test": None, "predictions": None}, "not tested"),
        ({"test_data": None}, "nothing says on which pictures it was tested"),
        ({"test_data": "e" * 64}, "tested on other pictures"),
        ({"predictions": table([], 38)}, "tested on other pictures"),
        ({"predictions": table([])._replace(actual=np.array(["A"] * 40, dtype=object))}, "tested on other pictures"),
    ],
)
def test_what_cannot_be_tested_says_why_and_the_others_are(changes, reason):
    runs = [trained(1), trained(2, filters=8, **changes), trained(3, list(range(20)), filters=16)]
    found = compare(runs)
    gain = 0.0 if "answers" in reason else None
    assert found.differences[0] == (gain, None, reason, [], [])
    assert found.is_clear(found.differences[1]) and found.limit == pytest.approx(0.05)


def test_the_more_tests_the_lower_p_has_to_be():
    runs = [trained(1), *(trained(n, list(range(6)), filters=n) for n in (5, 6))]  # p 0.031 each
    one, two = compare(runs[:2]), compare(runs)
    assert one.is_clear(one.differences[0]) and not any(map(two.is_clear, two.differences))
