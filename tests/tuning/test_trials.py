import optuna
import pytest
from helpers.studies import add
from optuna.trial import TrialState

from pipeline.config.schema import Dimension, leaves
from pipeline.core.errors import UserError
from pipeline.tuning import trials
from pipeline.tuning.study import silence_optuna, study_config


@pytest.fixture
def study() -> optuna.Study:
    silence_optuna()
    return optuna.create_study(direction="maximize")


def test_suggestions_follow_the_space_and_the_type_of_the_parameter(params):
    space = {
        "filters": Dimension(low=2, high=6, step=2),
        "dense_units": Dimension(low=4, high=64, log=True),
        "dropout": Dimension(low=0, high=0.5),
        "batch_size": Dimension(choices=[8, 16]),
        "schedule": Dimension(choices=["constant", "cosine"]),
        "flip": Dimension(choices=[True, False]),
    }
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    seen = [trials.suggest(study.ask(), params.train, space) for _ in range(40)]
    assert {one.model.filters for one in seen} == {2, 4, 6} and {one.batch_size for one in seen} == {8, 16}
    assert all(4 <= one.model.dense_units <= 64 and 0 <= one.model.dropout <= 0.5 for one in seen)
    assert {one.schedule for one in seen} == {"constant", "cosine"} and {one.flip for one in seen} == {True, False}
    assert {one.epochs for one in seen} == {params.train.epochs}
    assert all(type(one.model.dropout) is float and type(one.model.dense_units) is int for one in seen)


def test_an_interrupted_trial_counts_once_and_is_queued_once(study, params):
    add(study, value=0.5)
    add(study, TrialState.RUNNING)
    add(study, TrialState.PRUNED)
    add(study, TrialState.FAIL)
    assert len(trials.effective_trials(study)) == 4
    dead = study.trials[1]
    trials.queue_again(study, dead)
    trials.queue_again(study, dead)
    study.tell(1, state=TrialState.FAIL)
    assert trials.retried(study) == {1}
    assert len(trials.effective_trials(study)) == 3 and len(study.trials) == 5
    assert trials.count_outcomes(trials.effective_trials(study)) == {"complete": 1, "pruned": 1, "failed": 1}
    assert trials.wants_more(study, params.tune.model_copy(update={"trials": 4}))
    assert not trials.wants_more(study, params.tune.model_copy(update={"trials": 3}))
    again = study.ask()
    assert again.number == 4 and len(trials.effective_trials(study)) == 4
    trials.queue_again(study, study.trials[4])
    assert trials.retried(study) == {1, 4}


def test_a_trial_queued_again_has_neither_worker_nor_run_of_its_own_yet(study):
    add(study, TrialState.RUNNING, worker="w", mlflow_run_id="r", training="t", seconds=3.0, cpu_seconds=2.0)
    trials.queue_again(study, study.trials[0])
    assert study.trials[0].user_attrs["mlflow_run_id"] == "r"
    assert study.trials[1].state == TrialState.WAITING and study.trials[1].user_attrs == {"cpu_seconds": 2.0}


def test_time_counts_while_any_worker_is_at_work(study, params):
    add(study, value=0.1, start=0, end=10)
    add(study, value=0.1, start=5, end=20)
    add(study, value=0.1, start=6, end=8)
    add(study, value=0.1, start=100, end=110)
    assert trials.seconds_spent(study) == 30
    add(study, TrialState.RUNNING, start=200, seconds=7)  # killed then, and found a day later
    trials.queue_again(study, study.trials[4])
    assert trials.seconds_spent(study) == 37
    add(study, TrialState.RUNNING, start=300)  # killed in its first epoch
    trials.queue_again(study, study.trials[6])
    add(study, value=0.1, start=90, end=105)  # begun before others, and told of after them
    assert trials.seconds_spent(study) == 37 + 10
    assert not trials.wants_more(study, params.tune.model_copy(update={"trials": 99, "timeout": 47.0}))
    assert trials.wants_more(study, params.tune.model_copy(update={"trials": 99, "timeout": 47.1}))


def test_the_best_trial_is_the_first_of_equals(study):
    assert trials.best_trial(study) is None
    add(study, TrialState.PRUNED, value=0.99)
    add(study, value=0.5)
    add(study, value=0.9)
    add(study, value=0.9)
    assert trials.best_trial(study).number == 2


def test_the_parameters_of_a_trial_are_complete(study, params):
    study.set_user_attr("subject", study_config(params.train, params.tune, {}, {}))
    study.enqueue_trial({"filters": 6, "dropout": 0.5, "batch_size": 8})
    trial = study.ask()
    trials.suggest(trial, params.train, params.tune.space)
    trial.set_user_attr("epochs", 2)
    trial.set_user_attr("threads", 1)
    changed = {"filters": 6, "dropout": 0.5, "batch_size": 8, "epochs": 2, "threads": 1}
    assert trials.train_params(study, study.trials[0]) == leaves.values(params.train) | changed


def test_there_is_work_left_while_a_trial_runs_or_another_is_wanted(study, params):
    add(study, value=0.5)
    one, two = (params.tune.model_copy(update={"trials": count}) for count in (1, 2))
    assert trials.has_work_left(study, two) and not trials.has_work_left(study, one)
    study.ask()
    assert trials.has_work_left(study, one) and trials.has_work_left(study, two)
    assert not trials.wants_more(study, two)


def test_only_a_complete_trial_with_the_same_parameters_and_threads_is_the_same(study):
    def ask(x: float, threads: int) -> optuna.Trial:
        study.enqueue_trial({"x": x})
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        trial.set_user_attr("threads", threads)
        return trial

    study.tell(ask(0.1, threads=1), 0.5)
    study.tell(ask(0.2, threads=1), state=TrialState.PRUNED)
    study.tell(ask(0.3, threads=1), state=TrialState.FAIL)
    assert trials.same_trained(ask(0.1, threads=1)).number == 0
    assert not [x for x in (0.1, 0.2, 0.3, 0.4) if trials.same_trained(ask(x, threads=2))]
    assert not [x for x in (0.2, 0.3, 0.4) if trials.same_trained(ask(x, threads=1))]


def test_an_attribute_that_leads_to_a_file_or_a_run_is_one_of_ours_or_none(study):
    add(study, value=0.5, training="a" * 32, worker="/etc")
    trial = study.trials[0]
    assert trials.attribute(trial, "training") == "a" * 32 and trials.attribute(trial, "mlflow_run_id") is None
    with pytest.raises(UserError, match="trial 0: worker: '/etc' is no worker"):
        trials.attribute(trial, "worker")
