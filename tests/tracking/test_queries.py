from pathlib import Path

import pytest

from pipeline.core.errors import UserError
from pipeline.tracking import queries, runs
from pipeline.tracking.logging import log_epoch, log_start, log_text


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


def test_an_artifact_that_is_a_link_is_no_artifact(store, tmp_path):
    with runs.run() as run_id:
        log_text("mine", "tables/a.txt")
    assert queries.content(run_id, Path("tables/a.txt")) == b"mine"
    place = tmp_path / "mlruns" / "0" / run_id / "artifacts"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.txt").write_text("not yours")
    (place / "tables" / "b.txt").symlink_to(tmp_path / "other" / "a.txt")
    (place / "linked").symlink_to(tmp_path / "other")
    for name in ("tables/b.txt", "linked/a.txt", "linked", "../../x", "missing"):
        assert queries.content(run_id, Path(name)) is None


def trial(parent: str, number: int, **epoch: float) -> str:
    with runs.run(parent=parent, tags={"optuna.study": "first", "optuna.trial": str(number)}) as run_id:
        log_epoch({"epoch": 1, **epoch})
    return run_id


def test_the_trials_of_the_newest_study_of_a_name_that_were_trained_to_their_end(store):
    parents = [store.create_run("0", start_time=time, tags={"optuna.study": "first"}).info.run_id for time in (1, 2)]
    trial(parents[0], 0, loss=0.5)
    whole = trial(parents[1], 0, loss=0.5)
    trial(parents[1], 1)  # the same again, not trained
    runs.end(trial(parents[1], 2, loss=0.5), "KILLED")
    assert [run.info.run_id for run in queries.trials("first")] == [whole]
    with pytest.raises(UserError, match="study ' is not in the MLflow store; there are: first"):
        queries.trials("'")


@pytest.mark.parametrize("planted", [{"$ne": 1}, ["a"], 7, "", "..", "a' OR 'b", "\0", "f" * 32 + "\n", "F" * 32])
def test_what_is_no_run_id_is_no_run(store, tmp_path, planted):
    assert queries.get_run(planted) is None
    assert queries.content(planted, Path("note.txt")) is None
