import numpy as np
import pytest
from helpers.compared import trained

from pipeline.evaluation import configurations
from pipeline.evaluation.comparison import compare


def groups(*runs) -> list[list[str]]:
    return [[run.name for run in each.runs] for each in configurations.fold(list(runs))]


def test_runs_that_differ_in_the_seed_alone_are_one_configuration():
    runs = [trained(1, seed=1), trained(2, filters=8), trained(3, seed=2), trained(4, filters=8, seed=2)]
    assert groups(*runs) == [["run 1", "run 3"], ["run 2", "run 4"]]


@pytest.mark.parametrize(
    "other",
    [{"seed": 1}, {"seed": 2, "origin": {"code": "0ther"}}, {"seed": 2, "dropout": 0.5}, {"seed": 2, "origin": {}}],
)
def test_the_same_seed_other_code_and_other_parameters_stay_apart(other):
    assert groups(trained(1), trained(2, **other)) == [["run 1"], ["run 2"]]


def test_seeds_are_folded_into_a_mean_with_its_interval():
    (one,) = configurations.fold([trained(n, list(range(n)), seed=n, validation=n / 10) for n in (2, 4, 6)])
    assert one.test.value == pytest.approx(0.9)
    assert one.test.high - one.test.value == pytest.approx(4.302653 * 0.05 / 3**0.5)  # Student's t with two degrees
    assert one.validation.value == pytest.approx(0.4) and one.value("seed") == "2, 4, 6"
    assert np.array(configurations.curve(one, "accuracy")) == pytest.approx(
        np.array([(1, 0.5, 0.5, 0.5), (2, 0.64, 0.62, 0.66)])
    )


def test_one_run_has_the_interval_over_images_and_none_without_predictions():
    (one,) = configurations.fold([trained(1, [0, 1, 2, 3])])
    assert one.test == pytest.approx((0.9, 0.7695, 0.9604), abs=1e-4)  # Wilson's, by hand
    (one,) = configurations.fold([trained(1, [0], predictions=None)])
    assert one.test == (0.975, None, None) and one.validation == (0.8, None, None)


def test_a_curve_has_the_epochs_of_all_seeds_that_are_numbers():
    first, second = trained(1), trained(2, seed=2, curves={"loss": {1: 1.0, 2: float("nan"), 4: 2.0}})
    first = first._replace(curves={"loss": {1: 3.0, 2: 1.0, 3: 1.0}})
    (one,) = configurations.fold([first, second])
    assert configurations.curve(one, "loss") == [(1, 2.0, 1.0, 3.0)]
    assert configurations.curve(one, "accuracy") == []


def test_only_what_differs_is_told():
    runs = [trained(1, dropout=0.5), trained(2, filters=8), trained(3, filters=8, origin={})]
    assert compare(runs).differing == {"filters": ["4", "8", "8"], "dropout": ["0.5", "", ""]}
    runs = [trained(1), trained(2, origin={"dataset.name": "quadrants", "code": "0ther"}), trained(3, origin={})]
    assert compare(runs).differing == {"code": ["c0de", "0ther", ""]}
    assert compare([trained(1), trained(2)]).differing == {}


def test_the_classes_that_differ_most_come_first():
    found = compare(
        [trained(1, [1, 3, 0]), trained(2, [0], filters=8), trained(3, filters=9, predictions=None)]
    ).configurations
    assert configurations.by_class(found) == {"B & <b>": [0.9, 1.0, None], "A": [0.95, 0.95, None]}
