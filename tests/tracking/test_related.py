import pytest

from pipeline.core.errors import UserError
from pipeline.tracking import related, runs
from pipeline.tracking.logging import log_epoch, log_start


def test_a_run_is_found_by_id_then_by_model_then_not_at_all(store):
    with runs.run() as run_id:
        log_start({}, {"model.sha256": "abc", "training": "0123"})
    with runs.run():  # a study's, with the winner's
        log_start({}, {"model.sha256": "abc"})
    assert related.find_run_of_model(run_id, "other") == run_id
    assert related.find_run_of_model("f" * 32, "abc") == run_id
    assert related.find_run_of_model("f" * 32, "other") is None


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
    assert [run.info.run_id for run in related.trials("first")] == [whole]
    with pytest.raises(UserError, match="study ' is not in the MLflow store; there are: first"):
        related.trials("'")


def test_the_run_before_is_the_last_one_that_was_evaluated_on_the_same_data(store):
    def add(start, data="d", status="FINISHED", metric="test/accuracy") -> str:
        tags = {"data.train.sha256": data, "data.test.sha256": "t", "other": str(start)}
        run_id = store.create_run("0", start_time=start, tags=tags).info.run_id
        store.log_metric(run_id, metric, 0.9)
        store.set_terminated(run_id, status)
        return run_id

    first = add(1000)
    second = add(2000)
    add(3000, data="other")
    add(4000, status="FAILED")
    add(5000, metric="best/validation_accuracy")  # a trial
    now = store.get_run(add(6000))
    add(7000)
    assert related.run_before(now).info.run_id == second
    assert related.run_before(store.get_run(second)).info.run_id == first
    assert related.run_before(store.get_run(first)) is None
