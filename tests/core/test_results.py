import json

import pytest

from pipeline.core import results


def test_results_of_this_version_and_of_the_first_have_the_same_names(tmp_path):
    now, before = tmp_path / "now.json", tmp_path / "before.json"
    now.write_text(json.dumps({"best/epoch": 9, "best/validation_accuracy": 0.9, "best/validation_loss": 0.2}))
    validation = {"accuracy": 0.9, "loss": 0.2}
    before.write_text(json.dumps({"best_epoch": 9, "train": {"accuracy": 0.95}, "validation": validation}))
    assert results.read(now) == results.read(before)
    assert results.read(now)[results.VALIDATION_ACCURACY] == 0.9
    logged = {"best_epoch": 9, "best/accuracy": 0.9, "best/loss": 0.2, "validation/accuracy": 0.8, "test/accuracy": 0.7}
    assert results.logged(logged) == results.read(now) | {"validation/accuracy": 0.8, results.TEST_ACCURACY: 0.7}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"test": {}}', '{"test/accuracy": "high"}', '{"test": {"loss": null}}']
)
def test_what_is_no_file_of_results_is_an_error(tmp_path, text):
    (tmp_path / "test.json").write_text(text)
    with pytest.raises((ValueError, TypeError, AttributeError)):
        results.read(tmp_path / "test.json")
