"""Trials whose model is a witness: training itself has tests in its own room."""

import itertools
import math

import mlflow
import optuna
import pytest
from helpers.witness import Witness, numbered

from pipeline.config.schema import Tracking
from pipeline.core import files
from pipeline.models import architectures, saving
from pipeline.tracking import queries, runs
from pipeline.training import checkpoint, optimizers
from pipeline.tuning import storage, trials
from pipeline.tuning.home import Home
from pipeline.tuning.objective import TrainingFailed, objective
from pipeline.tuning.progress import EPOCH
from pipeline.tuning.states import States, StatesElsewhere
from pipeline.tuning.study import Interrupted, Plan, join_study, open_study, silence_optuna

pytestmark = pytest.mark.whole

EPOCHS = 3
SPLITS = {"train": numbered(0, 32), "validation": numbered(100, 20)}
CHOSEN = {"filters": 2, "dropout": 0.25, "batch_size": 8}


@pytest.fixture
def models(monkeypatch) -> list[Witness]:
    """The models that were built, of which the second epoch is the best."""
    built = []

    def build(*wanted) -> Witness:
        built.append(Witness([0.5, 0.75, 0.625]))
        built[-1].wanted = wanted
        return built[-1]

    monkeypatch.setattr(architectures, "build", build)
    monkeypatch.setattr(saving, "save", lambda model, path: files.write_text(path, "a model"))
    return built


@pytest.fixture
def plan(store, models, tmp_path, params) -> Plan:
    silence_optuna()
    with runs.run(run_name="study first") as parent:
        pass
    tune = params.tune.model_copy(update={"epochs": EPOCHS, "pruner": "none"})
    train = params.train.model_copy(update={"epochs": EPOCHS, "threads": 1})
    address, data = str(tmp_path / "optuna.journal"), {"train": "a" * 64}
    return Plan(address, parent, params.dataset, train, tune, data, params.tracking)


def begin(plan: Plan, chosen=CHOSEN) -> tuple[optuna.Study, optuna.Trial]:
    """The study, and its next trial, with these parameters unless one is queued."""
    opened = storage.open_storage(plan.address)
    open_study(opened, plan.tune, {})
    study = join_study(opened, plan.tune)
    if not study.get_trials(states=(optuna.trial.TrialState.WAITING,)):
        study.enqueue_trial(chosen)
    return study, study.ask()


def run(plan: Plan, trial: optuna.Trial, stopping=lambda: False, states=None) -> tuple[float, ...]:
    return objective(trial, plan, SPLITS, stopping, states or States())


def run_of(trial: optuna.Trial):
    return queries.get_run(trial.user_attrs["mlflow_run_id"])


def steps(store, trial: optuna.Trial) -> list[int]:
    return [point.step for point in store.get_metric_history(run_of(trial).info.run_id, "cpu_seconds")]


def test_the_values_are_those_of_the_objectives_in_their_order(plan, store):
    names = ["validation_accuracy", "parameters", "cpu_seconds"]
    _, trial = begin(plan._replace(tune=plan.tune.model_copy(update={"objectives": names})))
    accuracy, parameters, seconds = run(plan._replace(tune=plan.tune.model_copy(update={"objectives": names})), trial)
    curve = store.get_metric_history(run_of(trial).info.run_id, "epoch/validation_accuracy")
    assert len(curve) == EPOCHS and accuracy == max(point.value for point in curve) == 0.75
    assert (parameters, seconds) == (1, trial.user_attrs["cpu_seconds"])
    ended = run_of(trial)
    assert ended.info.status == "FINISHED" and ended.data.metrics["best/validation_accuracy"] == accuracy
    assert ended.info.run_name == "trial 0 filters=2 dropout=0.25 batch_size=8"
    tags = {"optuna.study": "first", "optuna.trial": "0", "mlflow.parentRunId": plan.parent}
    assert ended.data.tags.items() >= tags.items() and ended.data.metrics["best/epoch"] == 2
    assert ended.data.params["train.model.filters"] == "2"
    assert trial.user_attrs.items() >= {"epochs": EPOCHS, "threads": 1, EPOCH: [EPOCHS, 0.625]}.items()
    assert 0 < trial.user_attrs["seconds"] < 600


def test_the_runs_of_trials_record_what_params_yaml_asks_for(plan, monkeypatch):
    asked, start = [], mlflow.start_run

    def spy(*ids, log_system_metrics, **given):
        asked.append(log_system_metrics)
        return start(*ids, **given)

    monkeypatch.setattr(mlflow, "start_run", spy)
    for wanted in (True, False):
        run(plan._replace(tracking=Tracking(system_metrics=wanted)), begin(plan)[1])
    assert asked == [True, None]


def test_a_trial_is_judged_on_validation_images(plan, models, monkeypatch):
    compiled = []
    monkeypatch.setattr(optimizers, "compile_model", lambda *given: compiled.append(given))
    study, trial = begin(plan)
    run(plan, trial)
    (model,) = models
    shape, classes, train, _ = model.wanted
    assert (shape, classes, train.model.filters) == ((8, 8, 1), 4, 2)
    assert compiled == [(model, train, 32)], "the steps of its schedule follow from the training images"
    assert study.trials[0].intermediate_values == {1: 0.5, 2: 0.75, 3: 0.625}, "a pruner decides by them"
    for epochs, labels in ((model.trained, range(32)), (model.validated, range(100, 120))):
        assert [sorted(itertools.chain(*epoch)) for epoch in epochs] == [list(labels)] * EPOCHS


def test_a_pruned_trial_has_kept_its_state_before(plan, monkeypatch):
    _, trial = begin(plan)
    monkeypatch.setattr(trial, "should_prune", lambda: True)
    with pytest.raises(optuna.TrialPruned, match="after epoch 1"):
        run(plan, trial)
    with checkpoint.claim(trial.user_attrs["training"]) as folder:
        assert checkpoint.exists(folder)
    assert run_of(trial).info.status == "KILLED"


def test_an_interrupted_trial_is_queued_again_and_goes_on_to_the_values_of_one_that_was_not(plan, store):
    study, first = begin(plan)
    with pytest.raises(Interrupted, match="after epoch 1"):
        run(plan, first, stopping=lambda: first.set_user_attr("cpu_seconds", 1000.0) or True)
    study.tell(first, state=optuna.trial.TrialState.FAIL)
    assert trials.retried(study) == {0} and run_of(first).info.status == "FAILED"
    _, second = begin(plan)
    values = run(plan, second)
    assert steps(store, first) == [1] and steps(store, second) == [2, 3], "restored epochs have no cost"
    assert second.params == CHOSEN and second.user_attrs["cpu_seconds"] > 1000, "with those of the first"
    assert study.trials[second.number].intermediate_values.keys() == {1, 2, 3}
    checkpoint.discard(second.user_attrs["training"])
    _, whole = begin(plan)
    assert run(plan, whole) == values


def test_a_trial_goes_on_from_its_last_epoch_on_another_machine(plan, store, tmp_path, monkeypatch):
    class Sent(StatesElsewhere):
        """Sends states home without a cluster between."""

        def _ask(self, method, *arguments):
            with monkeypatch.context() as at_home:
                at_home.setenv("DVC_ROOT", str(tmp_path))
                return getattr(Home, method)(self.home, *arguments)

    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "one machine"))
    study, first = begin(plan)
    with pytest.raises(Interrupted, match="after epoch 1"):
        run(plan, first, stopping=lambda: True, states=Sent(None))
    study.tell(first, state=optuna.trial.TrialState.FAIL)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "another"))
    _, second = begin(plan)
    run(plan, second, states=Sent(None))
    assert steps(store, first) == [1] and steps(store, second) == [2, 3]
    assert list((tmp_path / ".state" / "training").glob("*/state.npz"))
    Sent(None).discard(second.user_attrs["training"])
    assert not [*tmp_path.glob(".state/training/*"), *tmp_path.glob("another/.state/training/*")]


def test_nothing_interrupts_a_trial_after_its_last_epoch(plan):
    _, trial = begin(plan)
    asked = []
    run(plan, trial, stopping=lambda: bool(asked.append(None)))
    assert len(asked) == EPOCHS - 1


def test_the_same_parameters_are_not_trained_again(plan, store):
    study, first = begin(plan)
    study.tell(first, run(plan, first))
    _, second = begin(plan)
    assert list(run(plan, second)) == study.trials[0].values
    assert steps(store, second) == [] and "as trial 0" in run_of(second).data.tags["mlflow.note.content"]
    assert second.user_attrs["cpu_seconds"] == first.user_attrs["cpu_seconds"]
    assert run_of(second).data.metrics == {"best/validation_accuracy": 0.75}


def test_a_trial_that_is_worse_than_another_keeps_no_model(plan, store, monkeypatch):
    objectives = ["validation_accuracy", "parameters"]
    plan, kept = plan._replace(tune=plan.tune.model_copy(update={"objectives": objectives})), []
    for number, accuracy in enumerate((0.75, 0.625, 0.75)):
        monkeypatch.setattr(architectures, "build", lambda *_, reached=accuracy: Witness([reached] * EPOCHS))
        study, trial = begin(plan, CHOSEN | {"filters": 2 * number + 2})
        study.tell(trial, run(plan, trial))
        found = store.list_artifacts(run_of(trial).info.run_id)
        kept.append("checkpoints" in [file.path for file in found])
    assert kept == [True, False, True]


def test_training_that_fails_is_the_fault_of_its_parameters(plan, monkeypatch):
    _, trial = begin(plan)
    monkeypatch.setattr(architectures, "build", lambda *_: Witness([0.5], loss=math.nan))
    with pytest.raises(TrainingFailed, match="training diverged in epoch 1"):
        run(plan, trial)
    assert run_of(trial).info.status == "FAILED"


def test_a_store_that_fails_is_no_fault_of_the_parameters(plan, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    _, trial = begin(plan)
    monkeypatch.setattr(checkpoint, "save", full)
    with pytest.raises(OSError, match="No space left"):
        run(plan, trial)
