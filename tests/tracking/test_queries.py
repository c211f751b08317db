from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from pipeline.core.errors import UserError
from pipeline.tracking import artifacts, queries


def test_a_run_may_be_named_by_the_beginning_of_its_id(store):
    run_id = store.create_run("0").info.run_id
    assert queries.resolve_run(run_id).info.run_id == queries.resolve_run(run_id[:8]).info.run_id == run_id
    for wrong in ("0123", run_id[:3], "%", "' OR 1=1"):
        with pytest.raises(UserError, match="is not in the MLflow store"):
            queries.resolve_run(wrong)


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


@hypothesis.settings(
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
    max_examples=hypothesis.settings.default.max_examples // 2,
)
@hypothesis.given(st.text("aé'\"`\\;%_-= \n\0/*(),", min_size=1, max_size=12), st.text("'\"% =ORa1", max_size=12))
def test_no_name_of_a_run_is_read_as_part_of_a_query(store, name, other):
    """Each run is found by its own name alone, whatever that has in it."""
    ids = {each: store.create_run("0", run_name=each).info.run_id for each in {name, other} if each.strip()}
    for each, run_id in ids.items():
        assert run_id in {run.info.run_id for run in queries.named(each)}
        assert {run.info.run_name for run in queries.named(each)} == {each}


@pytest.mark.parametrize("planted", [{"$ne": 1}, ["a"], 7, "", "..", "a' OR 'b", "\0", "f" * 32 + "\n", "F" * 32])
def test_what_is_no_run_id_is_no_run(store, planted):
    assert queries.get_run(planted) is None
    assert artifacts.content(planted, Path("note.txt")) is None
