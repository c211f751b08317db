import optuna
import pytest

from pipeline.core.errors import UserError
from pipeline.tracking import queries, related, runs
from pipeline.tracking.logging import log_start
from pipeline.tuning import mlflow_runs
from pipeline.tuning.study import silence_optuna


@pytest.fixture
def study(params) -> optuna.Study:
    silence_optuna()
    return optuna.create_study(study_name=params.tune.study)


def reported(study, params, trials) -> str:
    """A study's run, complete, above that many runs of trials."""
    with mlflow_runs.study_run(study, params.tune, {}) as run_id:
        for number in range(trials):
            with runs.run(parent=run_id, tags={"optuna.trial": str(number)}):
                pass
        log_start({"best_filters": 4}, {})
    return run_id


def test_a_study_goes_on_in_its_run_until_that_is_complete(study, store, params):
    with mlflow_runs.study_run(study, params.tune, {}) as first:
        pass
    assert not mlflow_runs.is_reported(mlflow_runs.find_run(study))
    assert reported(study, params, 1) == first and mlflow_runs.is_reported(mlflow_runs.find_run(study))
    with mlflow_runs.study_run(study, params.tune, {}) as second:
        assert second != first
    assert [run.info.run_id for run in related.children(second)] and queries.get_run(first) is None


@pytest.mark.parametrize("tags", [{}, {"optuna.trial": "x"}, {"optuna.trial": "99"}, {"optuna.trial": "²"}])
def test_a_run_that_somebody_put_under_a_study_stays_as_it_is(study, store, params, tags):
    with mlflow_runs.study_run(study, params.tune, {}) as parent, runs.run(parent=parent, tags=tags) as planted:
        pass
    mlflow_runs.sync_trial_runs(study, parent)
    assert store.get_run(planted).info.status == "FINISHED"


def test_a_change_of_runs_that_was_killed_half_way_is_completed_by_the_next_call(study, store, params, monkeypatch):
    first = reported(study, params, 2)
    move, moved = runs.move, []

    def killed(*arguments):
        if moved:
            raise KeyboardInterrupt
        moved.append(move(*arguments))

    monkeypatch.setattr(runs, "move", killed)
    with pytest.raises(KeyboardInterrupt), mlflow_runs.study_run(study, params.tune, {}):
        pass
    monkeypatch.setattr(runs, "move", move)
    with mlflow_runs.study_run(study, params.tune, {}) as second:
        pass
    assert queries.get_run(first) is None
    assert {run.data.tags["optuna.trial"] for run in related.children(second)} == {"0", "1"}
    assert len([run for run in store.search_runs(["0"]) if "mlflow.parentRunId" not in run.data.tags]) == 1


def test_a_call_of_mlflow_run_that_goes_on_with_a_study_says_so(study, store, params, monkeypatch):
    own = reported(study, params, 0)
    opened = store.create_run("0").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", opened)
    mlflow_runs.note_reused_study(study)
    assert own in store.get_run(opened).data.tags["mlflow.note.content"]


@pytest.mark.parametrize("tags", [{}, {"optuna.study": "other"}, {"optuna.study": "first", "optuna.trial": "0"}])
def test_a_run_that_is_not_the_studys_is_neither_filled_nor_deleted(study, store, params, tags):
    assert study.study_name == "first"
    foreign = store.create_run("0", tags=tags).info.run_id
    for name in ("mlflow_run_id", "former_mlflow_run_id"):
        study.set_user_attr(name, foreign)
    with mlflow_runs.study_run(study, params.tune, {}) as run_id:
        study.set_user_attr("former_mlflow_run_id", foreign)
    with mlflow_runs.study_run(study, params.tune, {}) as again:
        assert again == run_id != foreign
    assert queries.get_run(foreign).data.tags.items() & tags.items() == tags.items()
    assert not queries.get_run(foreign).data.params


def test_a_run_id_that_is_none_is_one_line(study, store, params):
    study.set_user_attr("mlflow_run_id", "../0")
    with pytest.raises(UserError, match=r"study first: mlflow_run_id: '\.\./0' is no run id"):
        mlflow_runs.find_run(study)
