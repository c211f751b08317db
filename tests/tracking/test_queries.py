from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

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


def test_a_run_may_be_named_by_its_name_or_that_of_its_dvc_experiment(store):
    first = store.create_run("0", run_name="cnn 3 epochs filters=64").info.run_id
    second = store.create_run("0", run_name="warm: cnn 3 epochs", tags={"dvc.exp_name": "warm"}).info.run_id
    assert queries.resolve_run("cnn 3 epochs filters=64").info.run_id == first
    assert queries.resolve_run("warm").info.run_id == queries.resolve_run("warm: cnn 3 epochs").info.run_id == second
    third = store.create_run("0", run_name="warm").info.run_id
    with pytest.raises(UserError, match=f"run warm: 2 runs are called so: .*{second}") as refused:
        queries.resolve_run("warm")
    assert third in str(refused.value) and "\n" not in str(refused.value)
    store.delete_run(second)
    assert queries.resolve_run("warm").info.run_id == third
    for beginning in ("cnn", "CNN 3 epochs filters=64", "cnn 3 epochs filters=6%"):
        with pytest.raises(UserError, match="is not in the MLflow store"):
            queries.resolve_run(beginning)
    decoy = store.create_run("0", run_name=first).info.run_id
    assert queries.resolve_run(first).info.run_id == first != decoy, "an id comes before a name"


@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture], max_examples=50)
@hypothesis.given(st.text("aé'\"`\\;%_-= \n\0/*(),", min_size=1, max_size=12), st.text("'\"% =ORa1", max_size=12))
def test_no_name_of_a_run_is_read_as_part_of_a_query(store, name, other):
    """Each run is found by its own name alone, whatever that has in it."""
    ids = {each: store.create_run("0", run_name=each).info.run_id for each in {name, other} if each.strip()}
    for each, run_id in ids.items():
        assert run_id in {run.info.run_id for run in queries.named(each)}
        assert {run.info.run_name for run in queries.named(each)} == {each}


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
    assert queries.run_before(now).info.run_id == second
    assert queries.run_before(store.get_run(second)).info.run_id == first
    assert queries.run_before(store.get_run(first)) is None


@pytest.mark.parametrize("planted", [{"$ne": 1}, ["a"], 7, "", "..", "a' OR 'b", "\0", "f" * 32 + "\n", "F" * 32])
def test_what_is_no_run_id_is_no_run(store, tmp_path, planted):
    assert queries.get_run(planted) is None
    assert queries.content(planted, Path("note.txt")) is None


def test_curves_have_the_columns_of_the_history_also_those_of_version_0_1(store):
    found = {}
    for begin in ({"loss": "epoch/train_loss", "validation_loss": "epoch/validation_loss"},
                  {"loss": "train/loss", "validation_loss": "validation/loss"}):  # fmt: skip
        run_id = store.create_run("0").info.run_id
        for metric in (*begin.values(), "best/train_loss", "best/validation_loss", "train_seconds"):
            store.log_metric(run_id, metric, 0.5, step=1)
        found[run_id] = queries.curves(store.get_run(run_id))
    assert list(found.values()) == [{"loss": {1: 0.5}, "validation_loss": {1: 0.5}}] * 2
    assert queries.curve("loss") == "epoch/train_loss" and queries.curve("validation_loss") == "epoch/validation_loss"
