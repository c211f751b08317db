import numpy as np
import pytest
from helpers.data import make_split
from helpers.judged import judge

from pipeline.config.schema import Behaviour, Gate
from pipeline.evaluation import gate

CLASSES = list("ABCD")
EASY = Gate(accuracy=0, worst_class=0, calibration_error=1, not_worse=0.05, strict=False, register_rejected=False)
CALM = Behaviour(flip=1, shift=1, light=1, noise=1, archetypes=0)
FOUND, _ = judge(make_split(60, 1), CLASSES)
FACTS = {"data checks passed": True, "clean lineage": True}


def refused(limits=EASY, behaviour=CALM, facts=FACTS, found=FOUND):
    return [verdict.rule for verdict in gate.refused(gate.judge(found, limits, behaviour, facts))]


def test_a_model_that_keeps_all_rules_is_accepted():
    assert refused() == []


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"limits": EASY.model_copy(update={"accuracy": 1.0})}, "accuracy"),
        ({"limits": EASY.model_copy(update={"worst_class": 0.9})}, "accuracy of the weakest class"),
        ({"limits": EASY.model_copy(update={"calibration_error": 0.0})}, "calibration error"),
        ({"behaviour": CALM.model_copy(update={"flip": 0.0})}, "answers changed by flip"),
        ({"behaviour": CALM.model_copy(update={"shift": 0.0})}, "answers changed by shift"),
        ({"behaviour": CALM.model_copy(update={"light": 0.0})}, "answers changed by light"),
        ({"behaviour": CALM.model_copy(update={"noise": 0.0})}, "answers changed by noise"),
        ({"behaviour": CALM.model_copy(update={"archetypes": 1.0})}, "typical pictures recognised"),
        ({"facts": FACTS | {"data checks passed": False}}, "data checks passed"),
        ({"facts": FACTS | {"clean lineage": False}}, "clean lineage"),
        ({"found": FOUND._replace(overall={"calibration_error": float("nan")})}, "calibration error"),
        ({"found": FOUND._replace(overall={})}, "calibration error"),
        ({"found": FOUND._replace(invariances=FOUND.invariances[1:])}, "answers changed by flip"),
        ({"found": FOUND._replace(by_class=[])}, "accuracy of the weakest class"),
    ],
)
def test_each_rule_refuses_alone_also_where_it_cannot_be_computed(change, rule):
    assert refused(**change) == [rule]


def test_a_verdict_says_by_how_much():
    (verdict,) = gate.refused(gate.judge(FOUND, EASY.model_copy(update={"accuracy": 1.0}), CALM, FACTS))
    assert str(verdict) == f"accuracy: {FOUND.accuracy.value:.4f}, allowed at least 1"


def right(*wrong: int) -> np.ndarray:
    found = np.ones(1000, dtype=bool)
    found[list(wrong)] = False
    return found


@pytest.mark.parametrize(
    ("challenger", "champion", "is_kept"),
    [
        (right(1), right(1, 2, 3, 4, 5, 6, 7), True),  # better
        (right(1, 2), right(1, 2), True),  # equal
        (right(1, 2, 3), right(4, 5), True),  # a little worse: chance
        (right(*range(20)), right(30, 31), False),  # much worse
        (right(1), None, True),
        (right(1), np.ones(999, dtype=bool), False),
    ],
)
def test_the_champion_is_beaten_by_what_is_not_worse(challenger, champion, is_kept):
    assert gate.compare(challenger, champion, 0.05).is_kept is is_kept


def test_the_level_decides_what_counts_as_worse():
    challenger, champion = right(*range(10)), right(10, 11, 12)  # p 0.09
    assert gate.compare(challenger, champion, 0.05).is_kept
    assert not gate.compare(challenger, champion, 0.2).is_kept
