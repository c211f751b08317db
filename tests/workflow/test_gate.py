"""The gate on a real store: who becomes champion, who does not, and what is on the record."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from helpers.data import make_split
from helpers.judged import judge as findings_of

from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.data.arrays import Split
from pipeline.evaluation import outputs
from pipeline.models import architectures, saving
from pipeline.provenance import registry_checks
from pipeline.tracking import logging, registry, runs
from pipeline.workflow import gate
from pipeline.workflow.gate import Judged

pytestmark = pytest.mark.whole


@pytest.fixture
def folder(store, tmp_path, monkeypatch, source):
    """A folder with params.yaml and data that passed its checks; the store is empty."""
    monkeypatch.chdir(tmp_path)
    files.write_text(paths.PARAMS, json.dumps(source[1]))
    files.write_text(paths.DATA_CHECKS[0], json.dumps({"checks": [{"passed": True}]}))


@pytest.fixture
def trained(folder, params):
    """Logs an untrained model into a new run; returns the run's id and the class that it gives to each of 60 images.

    `always` is the class that it gives to all.
    """
    images = make_split(60, 1).images

    def make(seed: int, dirty: str = "false", always: int | None = None) -> tuple[str, np.ndarray]:
        config = params.train.model_copy(update={"seed": seed})
        model = architectures.build(params.dataset.image_shape, len(params.dataset.classes), config)
        if always is not None:
            model.set_weights([np.zeros_like(weights) for weights in model.get_weights()])
            model.layers[-1].bias.assign(np.eye(4)[always])
        with runs.run() as run_id:
            logged = {"train": config.model_dump(), "dataset": {"name": params.dataset.name}}
            logging.log_start(logged, {"git.dirty": dirty})
            saving.save(model, paths.MODEL)
            logging.log_model(paths.MODEL, params.dataset.image_shape, params.dataset.classes, None)
        return run_id, outputs.predict(model, images).argmax(axis=1)

    return make


@pytest.fixture
def decide(params):
    """The gate's decision about a run that names the images `predicted`, where `labels` would be right."""

    def make(run_id: str, labels: np.ndarray, predicted: np.ndarray, **changes):
        split = Split(make_split(60, 1).images, labels.astype("uint8"))
        found, _ = findings_of(split, params.dataset.classes)
        limits = params.gate.model_copy(update=changes)
        with runs.run(run_id):
            judged = Judged(split, found, predicted, "# card\n")
            return gate.decide(run_id, params.dataset, judged, limits, params.evaluate.behaviour)

    return make


def wrong(labels: np.ndarray, count: int) -> np.ndarray:
    """Answers of which the first `count` are wrong."""
    answers = labels.copy()
    answers[:count] = (answers[:count] + 1) % 4
    return answers


def champion_run() -> str | None:
    version = registry.champion("quadrants")
    return version and version.run_id


def test_what_is_not_worse_on_the_same_images_becomes_the_champion(trained, decide, store, capsys):
    first, answers = trained(1)
    second, _ = trained(2)
    labels = wrong(answers, 5)  # so that the first model has 5 of 60 wrong
    decide(first, labels, answers)
    assert champion_run() == first
    decide(first, labels, answers)  # as after a kill
    assert [move.why for move in registry.history("quadrants")] == ["it keeps all rules"]

    verdicts = decide(second, labels, wrong(labels, 20))
    (broken,) = [verdict for verdict in verdicts if not verdict.is_kept]
    assert broken.rule == "not worse than the champion" and "15 images fewer of 60" in broken.found
    assert champion_run() == first and len(store.search_model_versions("name = 'quadrants'")) == 1
    run = store.get_run(second)
    assert run.data.tags["gate"] == f"refused by\n{broken}"
    words = run.data.tags["mlflow.note.content"]
    assert words.startswith("**Refused by the gate**: not worse than the champion.\n\n# card\n")
    assert f"| ✗ {broken.rule} | {broken.found} | {broken.allowed} |" in words
    assert "the gate refuses this model:\n  not worse" in capsys.readouterr().out

    decide(second, labels, wrong(labels, 6))  # one worse: chance
    assert champion_run() == second
    (version,) = store.search_model_versions(f"run_id = '{second}'")
    assert version.tags["gate.not worse than the champion"].startswith("1 images fewer of 60, p ")
    assert store.get_run(second).data.tags["gate"] == "accepted"


def test_a_refused_model_is_registered_only_if_asked_and_fails_only_if_strict(trained, decide, params, store):
    run_id, answers = trained(1, dirty="true")
    verdicts = decide(run_id, answers, answers)
    assert store.search_registered_models() == []
    verdicts = decide(run_id, answers, answers, register_rejected=True)
    assert [str(verdict) for verdict in verdicts if not verdict.is_kept] == [
        "made from committed code and parameters: no, allowed yes"
    ]
    assert len(store.search_model_versions(f"run_id = '{run_id}'")) == 1 and champion_run() is None
    gate.enforce(verdicts, params.gate)
    with pytest.raises(UserError, match=r"gate refuses this model, and gate\.strict is true"):
        gate.enforce(verdicts, params.gate.model_copy(update={"strict": True}))


def test_a_failed_data_check_and_a_champion_that_is_lost_refuse(trained, decide, store):
    first, answers = trained(1)
    decide(first, answers, answers)
    files.write_text(paths.DATA_CHECKS[0], json.dumps({"checks": [{"passed": True}, {"passed": False}]}))
    second, _ = trained(2)
    (model,) = [each for each in store.search_logged_models(["0"]) if each.source_run_id == first]
    (Path(model.artifact_location) / "data/model.keras").unlink()
    broken = [str(verdict) for verdict in decide(second, answers, answers) if not verdict.is_kept]
    assert broken[0] == "data checks passed: no, allowed yes"
    assert broken[1].startswith("not worse than the champion: the champion was not tried on these images")
    assert champion_run() == first
    assert decide(first, answers, answers)[-1].is_kept, "it is not worse than itself, whatever became of its files"


def test_a_data_check_that_only_warns_refuses_nothing(trained, decide):
    warned = [{"passed": True}, {"passed": False, "level": "warning"}]
    files.write_text(paths.DATA_CHECKS[0], json.dumps({"checks": warned}))
    first, answers = trained(1)
    assert all(verdict.is_kept for verdict in decide(first, answers, answers))


def test_a_promotion_overrides_the_gate_and_goes_back_on_the_record(trained, decide, params):
    first, answers = trained(1)
    second, _ = trained(2)
    decide(first, answers, answers)
    decide(second, answers, wrong(answers, 30))
    gate.promote(params.dataset, second[:8], "the boss says so")
    assert champion_run() == second
    gate.promote(params.dataset, None, "the boss was wrong")
    assert champion_run() == first
    moves = registry.history("quadrants")
    assert [(move.run_id, move.why) for move in moves] == [
        (first, "it keeps all rules"),
        (second, "the boss says so"),
        (first, "the boss was wrong"),
    ]
    assert [len(move.overridden) for move in moves] == [0, 1, 0]
    assert moves[1].overridden[0].startswith("not worse than the champion: 30 images fewer")
    assert all(check.passed for check in registry_checks.champion("quadrants"))

    unjudged, _ = trained(3)
    move = gate.promote(params.dataset, unjudged, "in a hurry")
    assert move.overridden == ["no evaluation has judged it"]
    with pytest.raises(UserError, match="was trained on quadrants, not on other"):
        gate.promote(params.dataset.model_copy(update={"name": "other"}), first, "why not")


def test_an_alias_that_was_moved_without_a_record_is_found(trained, decide, store):
    first, answers = trained(1)
    second, _ = trained(2)
    for run_id in (first, second):
        decide(run_id, answers, answers)
    store.set_registered_model_alias("quadrants", "champion", "1")
    assert [check.what for check in registry_checks.champion("quadrants") if not check.passed] == [
        "quadrants@champion = the last move on the record"
    ]
    store.set_registered_model_alias("quadrants", "champion", "2")
    store.delete_model_version("quadrants", "1")
    assert [check.what for check in registry_checks.champion("quadrants") if not check.passed] == ["quadrants, move 1"]


def test_of_two_evaluations_at_once_the_later_is_held_against_the_winner(trained, decide, round_number):
    """Both are better than the champion; the worse of them may only win where it comes first."""
    labels = np.repeat([0, 1], [45, 15])
    ids = {name: trained(1, always=answer)[0] for answer, name in enumerate(("best", "better", "first"))}
    decide(ids["first"], labels, np.full(60, 2))
    barrier, verdicts = threading.Barrier(2), {}

    def evaluate(name: str, answer: int) -> None:
        barrier.wait()
        verdicts[name] = decide(ids[name], labels, np.full(60, answer))[-1]

    threads = [threading.Thread(target=evaluate, args=each) for each in (("better", 1), ("best", 0))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = {run_id: name for name, run_id in ids.items()}
    moves = [names[move.run_id] for move in registry.history("quadrants")]
    assert moves in (["first", "best"], ["first", "better", "best"])
    assert verdicts["best"].is_kept and verdicts["better"].is_kept == ("better" in moves)
    assert champion_run() == ids["best"]
