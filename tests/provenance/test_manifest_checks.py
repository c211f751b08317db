"""What happens to a run in MLflow after it has ended is noticed, wherever it happens."""

from pathlib import Path

import pytest
from helpers.data import make_split
from helpers.project import copy_store
from helpers.verifying import changed, changed_store, flip

from pipeline.core import files
from pipeline.models import architectures, saving
from pipeline.provenance import manifest_checks, run_checks
from pipeline.provenance.check import Level
from pipeline.tracking import logging, queries, runs, store
from pipeline.tracking.manifest import Manifest

HISTORY = "epoch,loss,accuracy\n1,0.5,0.25\n2,0.25,0.5\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, empty_store) -> Path:
    """The folder of an MLflow store that all these tests share."""
    folder = tmp_path_factory.mktemp("store")
    copy_store(empty_store, folder)
    return folder


@pytest.fixture
def run_id(folder, params, monkeypatch) -> str:
    """The id of a finished run in that store, the same one for all tests."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("DVC_ROOT", str(folder))
    store.open_store()
    marker = folder / "run_id"
    if not marker.exists():
        marker.write_text(log_run(folder, params))
    return marker.read_text()


def log_run(folder: Path, params) -> str:
    """Logs into a new run what training and evaluation log, in two processes' turns."""
    (folder / "history.csv").write_text(HISTORY)
    (folder / "epoch_001.keras").write_bytes(b"weights")
    (folder / "figures").mkdir()
    (folder / "figures" / "confusion.png").write_bytes(b"a picture")
    saving.save(architectures.build((8, 8, 1), 4, params.train), folder / "model.keras")
    with runs.run() as run_id:
        tags = {"processor": "Z80", "data.train.dvc": "a" * 32, "git.commit": "f" * 40, "git.dirty": "true"}
        logging.log_start({"train": {"epochs": 2}}, tags)
        logging.log_difference(b"a difference", "environment/uncommitted.diff")
        logging.log_data("quadrants train", make_split(20, 1), "a1" * 32, "train")
        logging.log_text("numpy==2\n", "environment/requirements.txt")
        for epoch, loss in ((1, 0.5), (2, 0.25)):
            logging.log_epoch({"epoch": epoch, "loss": loss, "accuracy": 0.25 * epoch})
        logging.log_files([folder / "epoch_001.keras"], "checkpoints")
        logging.log_files([folder / "history.csv"], "tables")
        logging.log_model(folder / "model.keras", (8, 8, 1), list("ABCD"), None)
    with runs.run(run_id):
        logging.log_start({}, {"evaluate.mistakes": "5"})
        logging.log_files([folder / "figures"])
    return run_id


def failures(run_id: str) -> dict[str, Level]:
    """What fails of the run, its commit aside: what → level."""
    run = queries.resolve_run(run_id)
    models = queries.logged_models().get(run_id, [])
    found = run_checks.checks(run, models, [], has_git=False)
    return {check.what.partition(": ")[2] + " " + check.hint: check.level for check in found if not check.passed}


def test_a_run_that_nothing_happened_to_agrees(run_id):
    assert failures(run_id) == {}
    run = queries.resolve_run(run_id)
    assert set(run.data.tags) >= {"manifest.sha256", "git.diff.sha256"}


SETTING = "UPDATE tags SET value = 'other' WHERE key = '{}'".format
MOVED = "UPDATE {} SET {} = '/nowhere'".format


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (SETTING("processor"), "tags changed or lost in MLflow: processor"),
        (SETTING("data.train.dvc"), "tags changed or lost in MLflow: data.train.dvc"),
        (SETTING("git.diff.sha256"), "tags changed or lost in MLflow: git.diff.sha256"),
        (SETTING("manifest.sha256"), "manifest.json lost or changed"),
        ("DELETE FROM tags WHERE key = 'manifest.sha256'", "manifest.json lost or changed"),
        ("DELETE FROM tags WHERE key = 'git.dirty'", "tags changed or lost in MLflow: git.dirty"),
        ("UPDATE params SET value = '3'", "params changed or lost in MLflow: train.epochs"),
        ("DELETE FROM params", "params changed or lost in MLflow: train.epochs"),
        ("UPDATE metrics SET value = 0.4 WHERE step = 1 AND key = 'epoch/train_loss'", "loss = MLflow edited"),
        ("DELETE FROM metrics WHERE step = 1 AND key = 'epoch/train_loss'", "loss = MLflow edited"),
        ("UPDATE latest_metrics SET value = 0.9 WHERE key LIKE '%n_loss'", "metrics changed or lost in MLflow: epoch"),
        ("UPDATE datasets SET digest = 'other'", "inputs changed or lost in MLflow: quadrants train"),
        ("DELETE FROM inputs WHERE source_type = 'DATASET'", "inputs changed or lost in MLflow: quadrants train"),
        (MOVED("runs", "artifact_uri"), "manifest.json lost or changed"),
        (MOVED("logged_models", "artifact_location"), "model/MLmodel changed or lost"),
    ],
)
def test_what_changed_in_the_database_is_found(folder, run_id, statement, what):
    with changed_store(folder, statement):
        found = failures(run_id)
    assert any(failure.startswith(what) for failure in found), found
    assert Level.BROKEN in found.values()


def append(text: str):
    return lambda content: content + text.encode()


@pytest.mark.parametrize(
    ("name", "change", "what"),
    [
        ("artifacts/environment/requirements.txt", flip, "environment/requirements.txt changed"),
        ("artifacts/environment/uncommitted.diff", flip, "environment/uncommitted.diff changed"),
        ("artifacts/tables/history.csv", flip, "tables/history.csv changed"),
        ("artifacts/figures/confusion.png", flip, "figures/confusion.png changed"),
        ("artifacts/checkpoints/epoch_001.keras", append("Lambda"), "checkpoints/epoch_001.keras changed"),
        ("artifacts/manifest.json", append(" "), "manifest.json lost or changed"),
        ("artifacts/MLmodel", append("    loader_module: evil\n"), "model/MLmodel changed"),
        ("artifacts/data/model.keras", flip, "bytes = MLflow the logged model was changed"),
    ],
)
def test_a_changed_or_lost_file_is_found(folder, run_id, name, change, what):
    (path,) = [path for path in (folder / "mlruns").rglob("*") if path.as_posix().endswith(name)]
    with changed(path, change):
        assert any(failure.startswith(what) for failure in failures(run_id))
    path.rename(folder / "aside")
    lost = what.replace("was changed", "is not there")
    try:
        assert any(failure.startswith(lost) for failure in failures(run_id))
    finally:
        (folder / "aside").rename(path)


def test_a_run_whose_folder_is_gone_is_broken(folder, run_id):
    (path,) = (folder / "mlruns").rglob(f"{run_id}")
    path.rename(folder / "aside")
    try:
        assert [*failures(run_id)] == ["manifest.json lost or changed, or the address of the artifacts was"]
    finally:
        (folder / "aside").rename(path)


def test_a_run_of_an_older_version_is_one_line_and_no_failure(folder, run_id):
    (path,) = (folder / "mlruns").rglob("manifest.json")
    path.rename(folder / "aside")
    try:
        with changed_store(folder, "DELETE FROM tags WHERE key = 'manifest.sha256'"):
            ((what, level),) = failures(run_id).items()
            with changed_store(folder, "UPDATE runs SET status = 'KILLED'"):
                assert failures(run_id) == {}, "it had no time to write one"
    finally:
        (folder / "aside").rename(path)
    assert what.startswith("manifest.json an older version logged it") and level == Level.UNCOMMITTED


@pytest.mark.parametrize("name", ["/{}/secret", "../secret", "a/../../secret", "model/../secret", "secret\n", ""])
def test_names_in_a_manifest_lead_nowhere_else(tmp_path, name):
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "artifacts").mkdir()
    wanted = {name.format(tmp_path): files.sha256(tmp_path / "secret")}
    written = Manifest(files=wanted, params={}, tags={}, metrics={}, inputs={})
    places = {"": tmp_path / "artifacts", "model/": tmp_path / "artifacts"}
    (check,) = manifest_checks.artifacts("run", written, places)
    assert not check.passed


@pytest.mark.parametrize("content", ["epoch,loss\n1,0.5\n2,0.25\n", "epoch,loss\n1,0.5\n", "", "epoch,loss\n1,x\n2,\n"])
def test_a_history_is_that_of_the_curves(tmp_path, content):
    (tmp_path / "history.csv").write_text(content)
    (check,) = manifest_checks.curves("run", tmp_path / "history.csv", {"loss": {1: 0.5, 2: 0.2500001}})
    assert check.passed == ("2,0.25" in content)


def test_a_second_logged_model_is_found_since_mlflow_may_load_it(run_id):
    run, models = queries.resolve_run(run_id), queries.logged_models()[run_id]
    (check,) = [check for check in run_checks.logged_models(run, models * 2) if not check.passed]
    assert check.what.endswith("one model") and check.level == Level.BROKEN


def test_a_run_that_somebody_calls_killed_has_its_manifest_all_the_same(folder, run_id):
    with (
        changed_store(folder, "DELETE FROM tags WHERE key = 'manifest.sha256'"),
        changed_store(folder, "UPDATE runs SET status = 'KILLED'"),
    ):
        assert any(failure.startswith("manifest.json lost or changed") for failure in failures(run_id))
