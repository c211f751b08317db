from pathlib import Path

import pytest

from pipeline.core.errors import UserError
from pipeline.tracking import queries, runs
from pipeline.tracking.logging import log_start


def test_a_run_is_found_by_id_then_by_model_then_not_at_all(store):
    with runs.run() as run_id:
        log_start({}, {"model.sha256": "abc", "training": "0123"})
    with runs.run():  # a study's, with the winner's
        log_start({}, {"model.sha256": "abc"})
    assert queries.find_run_of_model(run_id, "other") == run_id
    assert queries.find_run_of_model("f" * 32, "abc") == run_id
    assert queries.find_run_of_model("f" * 32, "other") is None


def test_a_run_may_be_named_by_the_beginning_of_its_id(store):
    run_id = store.create_run("0").info.run_id
    assert queries.resolve_run(run_id).info.run_id == queries.resolve_run(run_id[:8]).info.run_id == run_id
    for wrong in ("0123", run_id[:3], "%", "' OR 1=1"):
        with pytest.raises(UserError, match="is not in the MLflow store"):
            queries.resolve_run(wrong)


@pytest.mark.parametrize("planted", [{"$ne": 1}, ["a"], 7, "", "..", "a' OR 'b", "\0", "f" * 32 + "\n", "F" * 32])
def test_what_is_no_run_id_is_no_run(store, tmp_path, planted):
    assert queries.get_run(planted) is None
    assert queries.content(planted, Path("note.txt")) is None
