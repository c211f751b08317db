import warnings

import optuna
import pytest

from pipeline.config.schema import Dimension, leaves
from pipeline.core.errors import UserError
from pipeline.tuning.study import (
    agree_limits,
    agreed_limits,
    enqueue_defaults,
    join_study,
    load_existing_study,
    open_study,
    silence_optuna,
    study_config,
)


@pytest.fixture
def memory():
    silence_optuna()
    return optuna.storages.InMemoryStorage()


def about(params, **changes):
    return study_config(params.train, params.tune, {"train": "a" * 64}, {"models/cnn.py": "b" * 64}) | changes


def test_a_study_goes_on_with_the_same_config(memory, params):
    first = open_study(memory, params.tune, about(params))
    first.add_trial(optuna.create_trial(value=0.5))
    assert len(open_study(memory, params.tune, about(params)).trials) == 1
    assert first.metric_names == ["validation_accuracy"], "which optuna-dashboard shows"
    assert len(load_existing_study(memory, params.tune.study).trials) == 1
    with pytest.raises(UserError, match="there is no study other; there are: first"):
        load_existing_study(memory, "other")


def test_optuna_says_nothing_of_its_own(memory, params, capfd):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        silence_optuna()
        optuna.storages.RetryHeartbeatStaleTrialCallback()  # is marked experimental
    assert not caught
    open_study(memory, params.tune, about(params)).optimize(lambda trial: 0.5, n_trials=1)
    assert capfd.readouterr() == ("", "") and optuna.logging.get_verbosity() == optuna.logging.CRITICAL


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data.train": "c" * 64}, "data.train has changed"),
        ({"pipeline/models/cnn.py": "c" * 64}, "pipeline/models/cnn.py has changed"),
        ({"train.model": "resnet"}, "train.model was cnn, now resnet"),
        ({"tune.space.filters": "1 to 2"}, "tune.space.filters was 2 to 6 in steps of 2, now 1 to 2"),
        ({"tune.objectives": "validation_accuracy, parameters"}, "tune.objectives was validation_accuracy, now"),
        ({"tune.space.dense_units": "8 to 16"}, "tune.space.dense_units was nothing, now 8 to 16"),
    ],
)
def test_a_study_about_something_else_is_refused_with_what_differs(memory, params, changes, message):
    open_study(memory, params.tune, about(params))
    objectives = changes.get("tune.objectives", "validation_accuracy").split(", ")
    tune = params.tune.model_copy(update={"objectives": objectives})
    with pytest.raises(UserError, match=f"{message}.* begin a new study with --study NAME"):
        open_study(memory, tune, about(params, **changes))


def test_values_that_differ_only_at_their_end_differ(memory, params):
    rates = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02]
    spaces = [str(Dimension(choices=[*rates, last])) for last in (0.03, 0.04)]
    open_study(memory, params.tune, about(params, **{"tune.space.learning_rate": spaces[0]}))
    with pytest.raises(UserError, match=r"tune.space.learning_rate was .* 0.03, now .* 0.04"):
        open_study(memory, params.tune, about(params, **{"tune.space.learning_rate": spaces[1]}))


def test_limits_are_the_largest_that_are_asked_for_at_one_time(memory, params):
    def launch(trials, timeout=None):
        agree_limits(study, params.tune.model_copy(update={"trials": trials, "timeout": timeout}))
        agreed = agreed_limits(study, params.tune)
        return agreed.trials, agreed.timeout

    study = open_study(memory, params.tune, about(params))
    assert launch(5, 60) == (5, 60)
    assert launch(2) == (2, None), "nobody is at work"
    trial = study.ask()
    assert launch(4, 30) == (4, None)
    assert launch(3) == (4, None)
    study.tell(trial, 0.5)
    assert launch(3, 30) == (3, 30)


@pytest.mark.parametrize("limits", ["many", {"trials": "many"}, {"trials": -1}, {"timeout": [1]}, 5, ["trials"]])
def test_limits_that_somebody_else_wrote_are_one_line(memory, params, limits):
    study = open_study(memory, params.tune, about(params))
    study.set_user_attr("limits", limits)
    if limits == "many":  # no limit is in it
        assert agreed_limits(study, params.tune) == params.tune
    else:
        with pytest.raises(UserError, match=f"study {params.tune.study}: its limits are .*, which is none of ours"):
            agreed_limits(study, params.tune)


def test_parameters_between_the_steps_are_not_tried_first(memory, params):
    study = open_study(memory, params.tune, about(params))
    enqueue_defaults(study, leaves.replace(params.train, {"filters": 5}), params.tune.space)
    assert not study.trials
    enqueue_defaults(study, params.train, params.tune.space)
    assert study.trials[0].system_attrs["fixed_params"]["filters"] == params.train.model.filters


def test_the_config_has_all_but_threads_and_what_is_searched(params):
    known = about(params)
    fixed = {name.removeprefix("train.") for name in known if name.startswith("train.")}
    assert fixed == set(leaves.values(params.train)) - {"threads", "epochs", *params.tune.space}
    assert known["tune.epochs"] == params.tune.epochs
    assert known["data.train"] == "a" * 64 and known["pipeline/models/cnn.py"] == "b" * 64


def test_a_study_of_another_program_is_left_alone(memory, params):
    optuna.create_study(storage=memory, study_name=params.tune.study, direction="maximize").add_trial(
        optuna.create_trial(value=1.0)
    )
    with pytest.raises(UserError, match="was not made by this program"):
        open_study(memory, params.tune, about(params))
    with pytest.raises(UserError, match="was not made by this program"):
        load_existing_study(memory, params.tune.study)
    with pytest.raises(UserError, match="there is no study other; there are: first"):
        load_existing_study(memory, "other")


def test_each_worker_samples_on_its_own_and_one_alone_repeats_the_study(memory, params):
    def chosen(storage, workers):
        open_study(storage, params.tune, about(params))
        joined = [join_study(storage, params.tune) for _ in range(workers)]
        return [each.ask().suggest_float("dropout", 0, 1) for each in joined]

    two = chosen(memory, 2)
    assert two[0] != two[1]
    assert chosen(optuna.storages.InMemoryStorage(), 1) == two[:1]


@pytest.mark.parametrize(
    ("name", "kind", "settings"),
    [
        ("none", optuna.pruners.NopPruner, {}),
        ("median", optuna.pruners.MedianPruner, {"_n_startup_trials": 4, "_n_warmup_steps": 1}),
        ("halving", optuna.pruners.SuccessiveHalvingPruner, {"_min_resource": 1, "_reduction_factor": 4}),
        ("hyperband", optuna.pruners.HyperbandPruner, {"_max_resource": 6, "_min_resource": 1, "_reduction_factor": 2}),
    ],
)
def test_every_pruner_of_params_exists_with_its_settings(memory, params, name, kind, settings):
    tune = params.tune.model_copy(update={"pruner": name, "epochs": 6})
    open_study(memory, tune, about(params))
    pruner = join_study(memory, tune).pruner
    assert type(pruner) is kind
    assert {key: getattr(pruner, key) for key in settings} == settings


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("tpe", optuna.samplers.TPESampler),
        ("random", optuna.samplers.RandomSampler),
        ("nsgaii", optuna.samplers.NSGAIISampler),
    ],
)
def test_every_sampler_of_params_exists_and_the_second_worker_has_another_seed(memory, params, name, kind):
    tune = params.tune.model_copy(update={"sampler": name})
    open_study(memory, tune, about(params))
    first, second = join_study(memory, tune), join_study(memory, tune)
    assert type(first.sampler) is kind and first.user_attrs["workers"] == 2
    assert first.ask().suggest_float("x", 0, 1) != second.ask().suggest_float("x", 0, 1)


def test_a_sampler_or_pruner_that_nobody_knows_is_an_error(memory, params):
    open_study(memory, params.tune, about(params))
    for change in ({"sampler": "guess"}, {"pruner": "guess"}):
        with pytest.raises(KeyError, match="guess"):
            join_study(memory, params.tune.model_copy(update=change))


def test_the_present_parameters_are_tried_first_if_they_lie_in_the_space(memory, params):
    study = open_study(memory, params.tune, about(params))
    enqueue_defaults(study, params.train, params.tune.space)
    enqueue_defaults(study, params.train, params.tune.space)
    assert len(study.trials) == 1 and study.trials[0].state == optuna.trial.TrialState.WAITING
    other = open_study(memory, params.tune.model_copy(update={"study": "other"}), about(params))
    enqueue_defaults(other, params.train, {"filters": Dimension(low=5, high=9)})
    assert other.trials == []
