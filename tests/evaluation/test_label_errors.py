import numpy as np

from pipeline.evaluation import label_errors


def confident(labels, classes, sure=0.9):
    probabilities = np.full((len(labels), classes), (1 - sure) / (classes - 1))
    probabilities[np.arange(len(labels)), labels] = sure
    return probabilities


def test_labels_that_a_sure_model_contradicts_are_found_the_most_doubtful_first():
    true = np.arange(60) % 3
    probabilities = confident(true, 3)
    probabilities[7] = confident(true[7:8], 3, sure=0.99)
    labels = true.copy()
    labels[[7, 20]] = (labels[[7, 20]] + 1) % 3
    found = label_errors.likely_label_errors(labels, probabilities)
    assert [each.index for each in found] == [7, 20]
    assert [(each.given, each.suggested) for each in found] == [(labels[i], true[i]) for i in (7, 20)]
    assert found[0].confidence > found[1].confidence


def test_right_labels_raise_no_alarm_also_where_a_class_is_missing():
    labels = np.array([0, 3] * 10)
    assert label_errors.likely_label_errors(labels, confident(labels, 4)) == []
    assert label_errors.likely_label_errors(np.zeros(5, dtype=int), confident(np.zeros(5, dtype=int), 2)) == []
