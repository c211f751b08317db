"""Every link of the chain, broken once."""

import contextlib
import shutil
from pathlib import Path

import pytest
from helpers.project import Project
from helpers.verifying import changed, changed_store, flip, run_of
from ruamel.yaml import YAML

from pipeline.provenance import folder_checks

pytestmark = pytest.mark.e2e  # the shared project is made by the real programs


@pytest.fixture
def check(inside):
    """Runs the command."""
    return lambda project, *arguments, **others: inside(project, "verify", *arguments, **others)


@pytest.fixture
def run_alone(check, monkeypatch):
    """The command without the checks that look at this folder alone, which ask DVC and take seconds."""
    monkeypatch.setattr(folder_checks, "checks", lambda _: [])
    return check


@pytest.fixture(scope="module")
def done(done, tmp_path_factory) -> Project:
    """A finished project of these tests' own, whose files and MLflow store may be damaged for a while."""
    return done.copy(tmp_path_factory.mktemp("verify") / "a b é")


def replaced(old: str, new: str):
    return lambda content: content.replace(old.encode(), new.encode())


def stale_input(content: bytes) -> bytes:
    """dvc.lock, in which train ran on other data than preprocess made."""
    lock = YAML(typ="safe", pure=True).load(content)
    (data,) = [dep for dep in lock["stages"]["train"]["deps"] if dep["path"] == "data/prepared/train"]
    before, _, after = content.rpartition(data["md5"].encode())
    return before + b"0" * 32 + b".dir" + after


def test_a_flipped_bit_or_an_edit_anywhere_in_the_folder_is_found(done, check):
    objects = [path for path in (done.folder / ".dvc/cache/files/md5").rglob("*") if path.is_file()]
    largest = max(objects, key=lambda path: path.stat().st_size)
    edits = {
        "data/raw/train-images": (flip, "data/raw/train-images = params.yaml\n    not the file that"),
        "data/prepared/validation/images.npy": (flip, "not the data that this run saw"),
        "models/model.keras": (flip, "not the model that this run trained"),
        "reports/figures/confusion_matrix.png": (flip, "reports/figures = dvc.lock\n    changed by hand"),
        "reports/model.html": (flip, "reports/model.html = dvc.lock\n    changed by hand"),
        "reports/model_card.md": (flip, "reports/model_card.md = dvc.lock\n    changed by hand"),
        largest: (flip, f"{largest.parent.name}/{largest.name}"),
        "params.yaml": (replaced("bins: ", "bins: 1"), "pipeline/models, params.yaml (evaluate); `dvc repro`"),
        "pipeline/models/cnn.py": (replaced("keras", "keras "), "data/prepared/validation, pipeline/models, the list"),
        "dvc.yaml": (replaced(", pipeline/training]", "]"), "the list of its dependencies, by pipeline/training"),
        "reports/test.json": (replaced('/loss": ', '/loss": 9'), "reports/test.json, test/loss = MLflow\n    edited"),
        "reports/train.json": (replaced('_loss": ', '_loss": 9'), "reports/train.json, best/train_loss = MLflow"),
        "reports/history.csv": (replaced("\n1,", "\n1,1"), "reports/history.csv: loss = MLflow"),
    }
    with contextlib.ExitStack() as stack:
        for name, (change, _) in edits.items():
            stack.enter_context(changed(done.folder / name, change))
        shown = check(done, fails=True)
    assert [message for _, message in edits.values() if message not in shown] == [], shown


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("dvc.lock", replaced("stages:", "stage:"), "dvc.lock: is damaged"),
        ("dvc.lock", stale_input, "changed since train ran: data/prepared/train"),
        ("models/run_id", replaced("\n", "é\n"), "models/run_id = dvc.lock"),
    ],
)
def test_a_file_of_dvc_that_tells_another_story_is_found(done, check, name, change, message):
    with changed(done.folder / name, change):
        assert message in check(done, fails=True)


def test_what_is_lost_is_said(done, check, tmp_path):
    model, lock = done.folder / "models/model.keras", done.folder / "dvc.lock"
    model.rename(tmp_path / "aside")
    try:
        assert "note: not here: models/model.keras; `dvc repro`" in check(done)
    finally:
        (tmp_path / "aside").rename(model)
    lock.rename(tmp_path / "aside")
    try:
        assert "dvc.lock is there\n    lost: " in check(done, fails=True)
    finally:
        (tmp_path / "aside").rename(lock)


def test_a_flipped_bit_in_the_logged_model_is_found_by_run_and_by_all(done, run_alone):
    (model,) = done.client().search_logged_models(["0"])
    with changed(Path(model.artifact_location) / "data" / "model.keras", flip):
        for arguments in ((), ("--all",), (run_of(done).info.run_id,)):
            assert "the logged model was changed" in run_alone(done, *arguments, fails=True)


@pytest.mark.parametrize("name", ["model.html", "model_card.md", "gate.json"])
def test_a_flipped_bit_in_what_the_run_says_of_its_model_is_found(done, run_alone, name):
    with changed(Path(run_of(done).info.artifact_uri) / name, flip):
        assert f"{name}\n    changed or lost since the run logged it" in run_alone(done, fails=True)


def tag(key: str, value: str) -> str:
    return f"UPDATE tags SET value = '{value}' WHERE key = '{key}'"


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (tag("git.commit", "f" * 40), "no branch or tag of this repository has it"),
        (tag("git.commit", "HEAD"), "HEAD\n    no branch or tag of this repository"),
        ("DELETE FROM tags WHERE key = 'git.commit'", "names its commit\n    nothing says which code"),
        (tag("git.dirty", "true"), "uncommitted code or parameters made this model, and the run does not carry"),
        (tag("data.train.sha256", "0" * 64), "tags\n    changed or lost in MLflow: data.train.sha256"),
        (tag("model.sha256", "0" * 64), "not the model that this run trained"),
        ("UPDATE logged_models SET lifecycle_stage = 'deleted'", "has its model\n    deleted in MLflow"),
        ("DELETE FROM params WHERE key = 'train.epochs'", "train.epochs of dvc.lock = MLflow"),
        ("DELETE FROM inputs WHERE source_type = 'DATASET'", "inputs\n    changed or lost in MLflow: quadrants train"),
        ("DELETE FROM metrics WHERE step = 1", "reports/history.csv: loss = MLflow"),
        ("UPDATE logged_models SET artifact_location = 's3://no/where'", "the logged model is not there"),
        ("UPDATE logged_models SET artifact_location = 'http://127.0.0.1:9/x'", "the logged model is not there"),
        ("UPDATE model_versions SET source = 'models:/m-1'", "quadrants 1 = run"),
        ("UPDATE model_versions SET storage_location = '/tmp'", "quadrants 1 = run"),
        ("UPDATE model_versions SET run_id = 'f'", "quadrants, move 1\n    the registry has no version 1 of run"),
        ("DELETE FROM registered_model_aliases", "quadrants@champion = the last move on the record"),
        (
            "UPDATE registered_model_tags SET value = replace(value, 'rules', 'pules')",
            "of champions was changed by hand",
        ),
        ("DELETE FROM registered_model_tags", "quadrants@champion = the last move on the record"),
        ("DROP TABLE latest_metrics", "error: MLflow's store"),
        ("DROP TABLE logged_models", "error: MLflow's store"),
        ("DROP TABLE model_versions", "error: MLflow's store"),
    ],
)
def test_what_was_lost_or_changed_in_mlflow_is_found(done, run_alone, statement, message):
    with changed_store(done.folder, statement):
        assert message in run_alone(done, fails=True)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE experiments SET artifact_location = NULL", "links agree"),
        ("UPDATE runs SET status = 'FAILED'", "is FAILED: not all of it need be there"),
    ],
)
def test_what_need_not_be_there_is_no_failure(done, run_alone, statement, message):
    with changed_store(done.folder, statement):
        assert message in run_alone(done)


def test_a_commit_that_was_amended_away_is_found_while_git_still_has_it(done, run_alone):
    gone = done.ok("git", "commit-tree", "HEAD^{tree}", "-m", "amended away").strip()
    with changed_store(done.folder, tag("git.commit", gone)):
        assert "no branch or tag of this repository has it" in run_alone(done, fails=True)
        done.ok("git", "branch", "kept", gone)
        assert "✓ commits" in run_alone(done, fails=True), "the tag is not the one that the run was given, all the same"


def test_a_registered_version_of_another_model_is_found(done, tmp_path, run_alone):
    run, client = run_of(done), done.client()
    (model,) = client.search_logged_models(["0"])
    client.create_registered_model("fashion")
    try:
        client.create_model_version("fashion", model.artifact_location, run.info.run_id, model_id=model.model_id)
        assert "✓ registry" in run_alone(done)
        other = shutil.copytree(model.artifact_location, tmp_path / "other")
        client.create_model_version("fashion", str(other), run.info.run_id)
        assert "fashion 2 = run" in run_alone(done, fails=True)
    finally:
        client.delete_registered_model("fashion")
