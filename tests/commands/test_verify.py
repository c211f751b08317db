"""Every link of the chain, broken once."""

import contextlib
import os
import shutil
import signal
import sqlite3
import sys
import threading
from pathlib import Path

import pytest
from helpers.data import free_port
from helpers.project import Project
from ruamel.yaml import YAML

from pipeline.commands import restore
from pipeline.commands import verify as command
from pipeline.core.errors import UserError
from pipeline.provenance import git

pytestmark = pytest.mark.e2e
VERIFY = ("python", "-m", "pipeline", "verify")


@pytest.fixture(scope="module")
def done(done, tmp_path_factory) -> Project:
    """A finished project of these tests' own, which they change and put back."""
    return done.copy(tmp_path_factory.mktemp("verify") / "a b é")


@pytest.fixture
def verify(monkeypatch, capsys):
    """Runs the command in this process, which has its libraries already; returns what it prints, its error too."""

    def run(project: Project, *arguments: str, fails: bool = False) -> str:
        monkeypatch.chdir(project.folder)
        monkeypatch.setenv("DVC_ROOT", str(project.folder))  # the place of the MLflow store
        monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
        git.is_in_history.cache_clear()
        failed = False
        try:
            command.main.main(list(arguments), standalone_mode=False)
        except UserError as error:
            failed = True
            print(f"error: {error}")
        assert failed == fails
        return capsys.readouterr().out

    return run


def run_of(project: Project):
    (run,) = [run for run in project.runs() if "model.sha256" in run.data.tags]
    return run


def logged_model(project: Project) -> Path:
    (model,) = project.client().search_logged_models(["0"])
    return Path(model.artifact_location.removeprefix("file://")) / "data" / "model.keras"


@contextlib.contextmanager
def changed(path: Path, change):
    """A file with other content for the block; read-only files too."""
    before, mode = path.read_bytes(), path.stat().st_mode
    path.chmod(0o644)
    path.write_bytes(change(before))
    try:
        yield
    finally:
        path.write_bytes(before)
        path.chmod(mode)


def flip(content: bytes) -> bytes:
    """One bit of the byte in the middle."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def test_an_untouched_folder_agrees_in_every_link(done, verify):
    for arguments in (("--all",), (run_of(done).info.run_id,)):
        shown = verify(done, *arguments)
        assert "✗" not in shown and "links agree" in shown
    kinds = (
        "source files",
        "code",
        "outputs",
        "parameters",
        "DVC's cache",
        "prepared data",
        "metrics",
        "model",
        "commits",
        "stages",
    )
    shown = done.ok(*VERIFY)  # the program itself
    assert "✗" not in shown and "links agree" in shown
    assert [kind for kind in (*kinds, "data sets", "logged models") if f"✓ {kind}" not in shown] == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("data/raw/train-images", "not the file that params.yaml describes"),
        ("data/prepared/validation/images.npy", "not the data that this run saw"),
        ("models/model.keras", "not the model that this run trained"),
        ("reports/figures/confusion_matrix.png", "reports/figures = dvc.lock, evaluate"),
    ],
)
def test_a_flipped_bit_in_the_folder_is_found(done, verify, name, message):
    path = done.folder / name
    with changed(path.with_name(path.name), flip):
        shown = verify(done, fails=True)
    assert message in shown and "links are broken" in shown


def test_a_flipped_bit_in_a_read_only_object_of_the_cache_is_found(done, verify):
    objects = [path for path in (done.folder / ".dvc/cache/files/md5").rglob("*") if path.is_file()]
    largest = max(objects, key=lambda path: path.stat().st_size)
    with changed(largest, flip):
        assert f"{largest.parent.name}/{largest.name}" in verify(done, fails=True)


def test_a_flipped_bit_in_the_logged_model_is_found_by_run_and_by_all(done, verify):
    with changed(logged_model(done), flip):
        for arguments in ((), ("--all",), (run_of(done).info.run_id,)):
            assert "the logged model was changed" in verify(done, *arguments, fails=True)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (
            "params.yaml",
            b"epochs: 2\n  seed",
            b"epochs: 3\n  seed",
            "train = dvc.lock, train",
        ),
        (
            "pipeline/models/cnn.py",
            b"keras",
            b"keras ",
            "pipeline/models = dvc.lock, train\n    edited since train ran",
        ),
        ("reports/test.json", b'"accuracy": ', b'"accuracy": 0.1', "reports/test.json"),
        ("reports/test.json", b'"loss": ', b'"loss": 9', "edited by hand, or of another run"),
        ("reports/train.json", b'"loss": ', b'"loss": 9', "edited by hand, or of another run"),
        ("reports/train.json", b'"validation"', b'"validatiom"', "reports/train.json\n    not as it was written"),
        ("reports/test.json", b"{", b"[", "reports/test.json\n    not as it was written"),
        (
            "dvc.yaml",
            b"cmd: python -m pipeline train",
            b"cmd: python  -m pipeline train",
            "command of train = dvc.lock",
        ),
        ("dvc.yaml", b", pipeline/training]", b"]", "names of deps of train = dvc.lock"),
        ("reports/history.csv", b"\n1,", b"\n1,1", "reports/history.csv, loss = MLflow"),
        ("dvc.lock", b"stages:", b"stage:", "dvc.lock: is damaged"),
        ("models/run_id", b"\n", b"\xe9\n", "models/run_id = dvc.lock, train"),
    ],
)
def test_an_edit_after_the_run_is_found(done, name, old, new, message, verify):
    assert old in (done.folder / name).read_bytes()
    with changed(done.folder / name, lambda content: content.replace(old, new)):
        assert message in verify(done, fails=True)


def test_a_lock_in_which_one_stage_ran_on_what_another_did_not_make_is_found(done, verify):
    lock = YAML(typ="safe", pure=True).load(done.folder / "dvc.lock")
    (data,) = [dep for dep in lock["stages"]["train"]["deps"] if dep["path"] == "data/prepared/train"]
    before, _, after = (done.folder / "dvc.lock").read_bytes().rpartition(data["md5"].encode())
    other = before + b"0" * 32 + b".dir" + after
    with changed(done.folder / "dvc.lock", lambda _: other):
        assert "data/prepared/train of train = its maker's\n    train ran on another" in verify(done, fails=True)


def test_what_is_lost_is_said(done, verify):
    model, lock = done.folder / "models/model.keras", done.folder / "dvc.lock"
    model.rename(done.folder / "aside")
    try:
        assert "note: not here: models/model.keras; `dvc repro`" in verify(done)
    finally:
        (done.folder / "aside").rename(model)
    lock.rename(done.folder / "aside")
    try:
        assert "dvc.lock is there\n    lost: " in verify(done, fails=True)
    finally:
        (done.folder / "aside").rename(lock)


@pytest.mark.parametrize(
    ("tag", "value", "message"),
    [
        ("git.commit", "f" * 40, "no branch or tag of this repository has it"),
        ("git.dirty", "true", "uncommitted code or parameters made this model, and the run does not carry them"),
        ("data.train.sha256", "0" * 64, "digest and tag name other data"),
        ("model.sha256", "0" * 64, "not the model that this run trained"),
    ],
)
def test_a_run_that_tells_another_story_is_found(done, tag, value, message, verify):
    run = run_of(done)
    done.client().set_tag(run.info.run_id, tag, value)
    try:
        assert message in verify(done, fails=True)
    finally:
        done.client().set_tag(run.info.run_id, tag, run.data.tags[tag])


def test_a_commit_that_was_amended_away_is_found_while_git_still_has_it(done, verify):
    run = run_of(done)
    gone = done.ok("git", "commit-tree", "HEAD^{tree}", "-m", "amended away").strip()
    try:
        done.client().set_tag(run.info.run_id, "git.commit", gone)
        assert "no branch or tag of this repository has it" in verify(done, fails=True)
        done.ok("git", "branch", "kept", gone)
        assert "✗" not in verify(done)
    finally:
        done.run("git", "branch", "-D", "kept")
        done.client().set_tag(run.info.run_id, "git.commit", run.data.tags["git.commit"])


def test_a_registered_version_of_another_model_is_found(done, tmp_path, verify):
    run, client = run_of(done), done.client()
    (model,) = client.search_logged_models(["0"])
    client.create_registered_model("fashion")
    try:
        client.create_model_version("fashion", model.artifact_location, run.info.run_id, model_id=model.model_id)
        assert "✓ registry" in verify(done)
        other = shutil.copytree(model.artifact_location, tmp_path / "other")
        client.create_model_version("fashion", str(other), run.info.run_id)
        assert "fashion 2 = run" in verify(done, fails=True)
    finally:
        client.delete_registered_model("fashion")


def test_a_run_that_is_not_there_is_one_line(done, verify):
    assert "error: run 0123 is not in the MLflow store" in verify(done, "0123", fails=True)


def test_a_lock_that_vouches_for_what_did_not_run_is_found(done, tmp_path, verify):
    project = done.copy(tmp_path / "copy").change("train", epochs=3)
    models = project.folder / "pipeline" / "models" / "cnn.py"
    models.write_text(models.read_text() + "# never ran\n")
    project.ok("dvc", "commit", "--force")  # says: take it as up to date
    project.ok("git", "commit", "-qam", "as if it had made this model")
    shown = verify(project, fails=True)
    assert "✗ train.epochs of dvc.lock = MLflow\n" in shown and "✗ pipeline/models of dvc.lock = commit" in shown


def test_what_is_not_committed_but_can_be_made_again_is_no_failure_unless_strict(done, tmp_path, verify):
    project = done.copy(tmp_path / "copy")
    project.ok("dvc", "exp", "run", "-S", "train.epochs=1")
    uncommitted = "not committed yet: git add dvc.lock params.yaml && git commit"
    shown = verify(project)
    assert uncommitted in shown and "~ commits              1 of 3 agree" in shown and "✗" not in shown
    assert "error: 2 of " in verify(project, "--strict", fails=True)

    project.client().delete_run((project.folder / "models/run_id").read_text().strip())
    assert "`python -m pipeline restore` restores it" in verify(project)
    restore.main()
    shown = verify(project)
    assert uncommitted in shown and "was restored" in shown
    project.ok("git", "commit", "-qam", "the experiment")
    assert "links agree" in verify(project, "--strict")


def test_without_git_all_but_the_commits_is_checked(done, verify, monkeypatch):
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    shown = verify(done, "--all")
    assert "note: commits are not checked: git is missing" in shown
    assert "✓ logged models" in shown and "✓ code" in shown and "commits  " not in shown


HARMLESS = {"UPDATE experiments SET artifact_location = NULL", "UPDATE runs SET status = 'FAILED'"}


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE logged_models SET lifecycle_stage = 'deleted'", "has its model\n    deleted in MLflow"),
        ("DELETE FROM params WHERE key = 'train.epochs'", "train.epochs of dvc.lock = MLflow"),
        ("DELETE FROM inputs WHERE source_type = 'DATASET'", "digest of train\n    digest and tag name other data"),
        ("DELETE FROM metrics WHERE step = 1", "reports/history.csv, loss = MLflow"),
        ("DELETE FROM tags WHERE key = 'git.commit'", "names its commit\n    nothing says which code"),
        ("UPDATE tags SET value = 'HEAD' WHERE key = 'git.commit'", "HEAD\n    no branch or tag of this repository"),
        ("UPDATE logged_models SET artifact_location = 's3://no/where'", "the logged model is not there"),
        ("UPDATE logged_models SET artifact_location = 'http://127.0.0.1:9/x'", "the logged model is not there"),
        ("UPDATE experiments SET artifact_location = NULL", "links agree"),
        ("UPDATE runs SET status = 'FAILED'", "is FAILED: not all of it need be there"),
        ("DROP TABLE latest_metrics", "error: MLflow's store"),
        ("DROP TABLE logged_models", "error: MLflow's store"),
        ("DROP TABLE model_versions", "error: MLflow's store"),
    ],
)
def test_what_was_lost_or_damaged_in_mlflow_is_found_and_said_without_a_traceback(
    done, statement, message, tmp_path, verify
):
    project = done.copy(tmp_path / "copy")
    with contextlib.closing(sqlite3.connect(project.folder / "mlflow.db")) as connection, connection:
        connection.execute(statement)
    assert message in verify(project, fails=statement not in HARMLESS)


def test_a_run_on_a_server_is_verified_by_its_bytes_there(done, tmp_path):
    project = done.copy(tmp_path / "copy")
    address = f"http://127.0.0.1:{free_port()}"
    store = (
        "--backend-store-uri",
        f"sqlite:///{tmp_path}/server.db",
        "--artifacts-destination",
        str(tmp_path / "kept"),
    )
    server = project.start("mlflow", "server", "--workers", "1", "--port", address.rpartition(":")[2], *store)
    try:
        assert any("Application startup complete" in line for line in server.stdout)
        threading.Thread(target=server.stdout.read, daemon=True).start()  # else the pipe fills, and the server waits
        project.ok("dvc", "repro", "--force", "--single-item", "train", MLFLOW_TRACKING_URI=address)
        verify = (*VERIFY, (project.folder / "models/run_id").read_text().strip())
        assert "✓ logged models        1 of 1 agree" in project.ok(*verify, MLFLOW_TRACKING_URI=address)
        (logged,) = (tmp_path / "kept").rglob("model.keras")
        with changed(logged, flip):
            assert "the logged model was changed" in project.fails(*verify, MLFLOW_TRACKING_URI=address)
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
