"""The whole path with the real programs, dvc, mlflow and make: on small data, and once on the real data."""

import csv
import io
import json
import os
import shutil
import subprocess

import numpy as np
import pytest
from conftest import ROOT, TEST, Project, idx_bytes, make_split, write_source
from ruamel.yaml import YAML

from pipeline import paths

pytestmark = pytest.mark.e2e
METRICS = {"train/loss", "train/accuracy", "validation/loss", "validation/accuracy", "test/accuracy", "test/loss"}


@pytest.fixture(scope="module")
def done(tmp_path_factory, source) -> Project:
    """A project after `dvc repro`, in a folder whose path has a space and a letter outside ASCII."""
    project = Project(tmp_path_factory.mktemp("done") / "a b é", source[1])
    project.first_output = project.ok("dvc", "repro")
    project.run("git", "add", "-A").check_returncode()
    project.run("git", "commit", "-qm", "results").check_returncode()
    return project


def artifacts(project: Project, run, folder: str | None = None) -> set[str]:
    found = set()
    for item in project.client().list_artifacts(run.info.run_id, folder):
        found |= artifacts(project, run, item.path) if item.is_dir else {item.path}
    return found


def lock(project: Project, stage: str) -> dict:
    stages = YAML(typ="safe", pure=True).load(project.folder / "dvc.lock")["stages"]
    return {out["path"]: out["md5"] for out in stages[stage]["outs"]}


def params_of(project: Project) -> dict:
    return YAML(typ="safe", pure=True).load(project.folder / "params.yaml")


# What one `dvc repro` leaves behind


def test_repro_shows_progress_and_leaves_one_complete_run(done):
    assert "epoch 2/2  loss" in done.first_output and "test accuracy" in done.first_output
    (run,) = done.runs()
    assert run.info.status == "FINISHED"
    assert set(run.data.metrics) >= METRICS
    assert run.data.params["preprocess.validation"] == "40" and run.data.tags["evaluate.mistakes"] == "5"
    assert run.data.params["train.epochs"] == "2" and run.data.params["train.model"] == "cnn"
    assert [p.step for p in done.client().get_metric_history(run.info.run_id, "validation/accuracy")] == [1, 2]
    tags = run.data.tags
    assert len(tags["git.commit"]) == 40 and tags["git.dirty"] == "false" and tags["dvc.stage"] == "train"
    assert tags["data.train.dvc"] == lock(done, "preprocess")["data/prepared/train"]
    assert len(tags["data.train.sha256"]) == 64 and len(tags["data.test.sha256"]) == 64
    contexts = {entry.tags[0].value: entry.dataset for entry in run.inputs.dataset_inputs}
    assert set(contexts) == {"train", "validation", "test"}
    assert contexts["train"].digest == tags["data.train.sha256"][:32]


def test_the_run_has_checkpoints_figures_tables_and_the_checks(done):
    found = artifacts(done, done.runs()[0])
    assert {"data/data_checks.html", "data/data_checks.json", "data/samples.png", "model_summary.txt"} <= found
    assert {f"figures/{name}.png" for name in ("confusion_matrix", "learning_curves", "mistakes", "showcase")} <= found
    assert {"tables/history.csv", "tables/per_class.csv", "tables/confusion.csv"} <= found
    assert "checkpoints/epoch_001.keras" in found


def test_the_logged_model_is_that_of_dvc(done):
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{done.folder}/mlflow.db")
    (run,) = done.runs()
    sha256 = done.outputs()["models/model.keras"]
    assert run.data.tags["model.sha256"] == sha256
    folder = mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/model")
    import hashlib
    from pathlib import Path

    assert hashlib.sha256((Path(folder) / "data/model.keras").read_bytes()).hexdigest() == sha256
    model = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
    test = done.folder / paths.TEST
    probabilities = model.predict(np.load(test / "images.npy"))
    accuracy = np.mean(probabilities.argmax(axis=1) == np.load(test / "labels.npy"))
    assert accuracy == pytest.approx(run.data.metrics["test/accuracy"])


def test_the_files_agree_with_each_other(done):
    metrics = json.loads((done.folder / "reports/test.json").read_text())["test"]
    with (done.folder / "reports/confusion.csv").open() as file:
        pairs = list(csv.DictReader(file))
    assert len(pairs) == TEST
    assert np.mean([pair["actual"] == pair["predicted"] for pair in pairs]) == pytest.approx(metrics["accuracy"])
    assert {"loss", "accuracy", "macro_f1", "calibration_error"} == set(metrics)
    history = (done.folder / "reports/history.csv").read_text().splitlines()
    assert history[0] == "epoch,loss,accuracy,validation_loss,validation_accuracy" and len(history) == 3


def test_no_output_of_dvc_holds_a_path_or_a_date(done):
    for name in done.outputs():
        content = (done.folder / name).read_bytes()
        assert str(done.folder.parent).encode() not in content, name
        assert b"2026-" not in content, name


def test_a_second_repro_does_nothing_and_says_so(done):
    before = done.outputs()
    assert "Data and pipelines are up to date." in done.ok("dvc", "repro")
    assert done.outputs() == before and len(done.runs()) == 1
    assert done.ok("git", "status", "--porcelain") == ""
    assert "test accuracy" in done.ok("python", "-m", "pipeline.summary")


def test_metrics_and_plots_are_useful(done):
    shown = json.loads(done.ok("dvc", "metrics", "show", "--json"))[""]["data"]
    assert "accuracy" in shown["reports/train.json"]["data"]["validation"]
    assert "accuracy" in shown["reports/test.json"]["data"]["test"]
    done.ok("dvc", "plots", "show")
    page = (done.folder / "dvc_plots/index.html").read_text()
    for part in ("Accuracy by epoch", "validation_accuracy", "Confusion matrix", "showcase.png"):
        assert part in page
    shutil.rmtree(done.folder / "dvc_plots")


def test_training_again_gives_the_same_bytes_and_a_run_of_its_own(done, tmp_path):
    copy = done.copy(tmp_path / "copy")
    copy.ok("dvc", "repro", "--force", "--single-item", "train")
    first, second = lock(done, "train"), lock(copy, "train")
    assert first.pop("models/run_id") != second.pop("models/run_id")
    assert first == second
    assert len(copy.runs()) == 2


def test_a_model_whose_run_is_in_another_store_gets_one_restored_run(done, tmp_path):
    store = f"sqlite:///{tmp_path}/other.db"
    from mlflow import MlflowClient

    for _ in range(2):
        done.ok("python", "-m", "pipeline.evaluate", MLFLOW_TRACKING_URI=store)
    (run,) = MlflowClient(store).search_runs(["0"])
    assert run.data.tags["restored_from"] == done.runs()[0].info.run_id
    assert set(run.data.metrics) >= METRICS | {"best_epoch", "best/accuracy"} and run.info.status == "FINISHED"
    client, run_id = MlflowClient(store), run.info.run_id
    found = {item.path for folder in ("tables", "figures") for item in client.list_artifacts(run_id, folder)}
    assert {"tables/history.csv", "figures/mistakes.png"} <= found
    assert done.ok("git", "status", "--porcelain") == ""


# Ad-hoc runs and experiments


def test_mlflow_run_leaves_a_complete_run_and_the_workspace_as_it_was(done):
    before, known = done.outputs(), {run.info.run_id for run in done.runs()}
    for _ in range(2):
        done.ok(
            "mlflow", "run", ".", "--env-manager", "local", "-P", "epochs=1", "-P", "filters=6", "-P", "dropout=0.4"
        )
    new = [run for run in done.runs() if run.info.run_id not in known]
    assert len(new) == 2 and {run.info.status for run in new} == {"FINISHED"}
    for run in new:
        assert set(run.data.metrics) >= METRICS
        assert (run.data.params["train.epochs"], run.data.params["train.filters"]) == ("1", "6")
        assert {"figures/confusion_matrix.png", "checkpoints/epoch_001.keras"} <= artifacts(done, run)
    assert done.outputs() == before
    assert done.ok("git", "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ("epoch=10", "unknown name epoch; did you mean epochs? allowed here: model, filters"),
        ("epochs=ten", "epochs: input should be a valid integer"),
        ("help=1", "unknown name help; allowed here: model"),
        ("epochs=1; touch x", "epochs: input should be a valid integer"),
        ("batch_size=500", "train.batch_size: should be at most the 120 training images, not 500"),
    ],
)
def test_a_wrong_parameter_of_mlflow_run_is_one_line_and_a_failed_run(done, parameter, message):
    shown = done.fails("mlflow", "run", ".", "--env-manager", "local", "-P", parameter)
    assert f"error: {message}" in shown
    assert done.runs()[-1].info.status == "FAILED"
    assert not (done.folder / "x").exists()


def test_dvc_experiments_share_the_store_and_show_their_metrics(done, tmp_path):
    project = done.copy(tmp_path / "a b")  # DVC 3.67 refuses experiments in folders with letters outside ASCII
    known = len(project.runs())
    project.ok("dvc", "exp", "run", "--temp", "--name", "warm", "-S", "train.epochs=1")
    for epochs in (3, 4):
        project.ok("dvc", "exp", "run", "--queue", "--name", f"queued-{epochs}", "-S", f"train.epochs={epochs}")
    project.ok("dvc", "queue", "start", "-j", "2")
    project.ok("dvc", "queue", "logs", "--follow", "queued-3")
    project.ok("dvc", "queue", "logs", "--follow", "queued-4")
    rows = list(csv.DictReader(io.StringIO(project.ok("dvc", "exp", "show", "--csv"))))
    shown = {row["Experiment"]: row for row in rows}
    assert [shown[name]["train.epochs"] for name in ("warm", "queued-3", "queued-4")] == ["1", "3", "4"]
    assert all(float(shown[name]["test.accuracy"]) > 0 for name in ("warm", "queued-3", "queued-4"))
    new = project.runs()[known:]
    difference = json.loads(project.ok("dvc", "metrics", "diff", "HEAD", "queued-4", "--json"))
    assert "validation.loss" in difference["reports/train.json"]
    assert sorted(run.info.run_name for run in new) == ["queued-3", "queued-4", "warm"]
    assert {run.info.status for run in new} == {"FINISHED"} and all(set(run.data.metrics) >= METRICS for run in new)
    assert all(os.path.isdir(run.info.artifact_uri.removeprefix("file://")) for run in new)  # noqa: PTH112
    assert project.ok("git", "status", "--porcelain") == ""


# Bad input: one clear line, an exit code, and what was there stays there


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("train", "epochs", 0, "params.yaml: train.epochs: input should be greater than or equal to 1, not 0"),
        ("train", "model", "resnet", "params.yaml: train.model: input should be 'cnn', not 'resnet'"),
        ("train", "batch_size", 900, "train.batch_size: should be at most the 120 training images"),
        ("evaluate", "shwcase", 1, "unknown name evaluate.shwcase; did you mean showcase?"),
    ],
)
def test_a_mistake_in_the_parameters_stops_before_any_output_is_touched(done, section, key, value, message):
    before, params = done.outputs(), params_of(done)
    params[section][key] = value
    done.write_params(params)
    try:
        assert message in done.fails("dvc", "repro")
        assert done.outputs() == before
    finally:
        done.ok("git", "checkout", "params.yaml")
    assert "up to date" in done.ok("dvc", "repro")


def test_a_missing_key_is_named(done):
    before, params = done.outputs(), params_of(done)
    del params["train"]["dropout"]
    done.write_params(params)
    try:
        assert "params.yaml: train.dropout is missing" in done.fails("dvc", "repro")
        assert done.outputs() == before
    finally:
        done.ok("git", "checkout", "params.yaml")


def spoiled(kind: str) -> dict:
    """A pair of splits, and what `dvc repro` has to say about it."""
    train, test = make_split(160, 1), make_split(40, 2)
    if kind == "label 11":
        test.labels[5] = 11
    if kind == "label 255":
        test.labels[5] = 255
    if kind == "blank":
        train.images[9] = 0
    if kind == "leak":
        test.images[2] = train.images[77]
    if kind == "narrow":
        test = test._replace(images=test.images[:, 1:])
    if kind == "one image too few":
        test = test._replace(images=test.images[:-1])
    return {"train": train, "test": test}


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("label 11", "label range: allowed is 0–3; 1 of 200 fail: test-labels[5] is 11"),
        ("label 255", "label range: allowed is 0–3; 1 of 200 fail: test-labels[5] is 255"),
        ("blank", "image not blank: allowed is contrast ≥ 1; 1 of 200 fail: train-images[9] is 0"),
        ("leak", "train-images[77] is True, test-images[2] is True"),
        ("narrow", "image height: allowed is 8; 40 of 200 fail: test-images[0] is 7"),
        ("one image too few", "number of labels: allowed is the number of images; 1 of 2 fail"),
    ],
)
def test_bad_data_stops_before_anything_is_written(done, tmp_path, kind, message):
    before, params, runs = done.outputs(), params_of(done), len(done.runs())
    params |= {"dataset": params["dataset"] | write_source(tmp_path / "bad", **spoiled(kind))}
    params["download"]["sources"] = [str(tmp_path / "bad")]
    done.write_params(params)
    try:
        assert message in done.fails("dvc", "repro")
        after = done.outputs()
        kept = [name for name in before if not name.startswith(("data/raw", "reports/data_checks"))]
        assert [name for name in kept if after.get(name) != before[name]] == []
        assert not json.loads((done.folder / "reports/data_checks.json").read_text())["passed"]
        run = done.runs()[-1]
        assert len(done.runs()) == runs + 1 and run.info.status == "FAILED"
        assert "data/data_checks.html" in artifacts(done, run)
    finally:
        done.ok("git", "checkout", "params.yaml", "dvc.lock")
        done.ok("dvc", "checkout", "--force")
    assert done.outputs() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\0\0\x08\x02" + bytes(100), "has 2 dimensions; 3 are expected"),
        (idx_bytes(make_split(160, 1).images.squeeze(-1))[:-64], "10192 is 64 too few"),
    ],
)
def test_a_damaged_raw_file_is_named(done, content, message):
    before = done.outputs()
    (done.folder / "data/raw/train-images").write_bytes(content)
    try:
        shown = done.fails("python", "-m", "pipeline.preprocess")
        assert "data/raw/train-images" in shown and message in shown
        after = done.outputs()
        assert {name for name in before if after.get(name) != before[name]} == {"data/raw/train-images"}
    finally:
        done.ok("dvc", "checkout", "--force")


def test_without_network_and_source_each_source_is_listed_and_the_files_stay(done):
    before, params = done.outputs(), params_of(done)
    params["download"]["sources"] = ["http://127.0.0.1:9/data/", "/nowhere"]
    params["dataset"]["test"]["labels_sha256"] = "0" * 64
    done.write_params(params)
    try:
        shown = done.fails("dvc", "repro")
        assert "http://127.0.0.1:9/data/: train-images: Cannot connect" in shown
        assert "/nowhere: has neither train-images.gz nor train-images" in shown
        assert done.outputs() == before
    finally:
        done.ok("git", "checkout", "params.yaml")


def test_a_read_only_data_folder_is_named(project):
    """A folder that even root cannot write: a file stands where data/raw has to be made."""
    read_only = project.folder / "data"
    read_only.mkdir()
    if os.geteuid():
        read_only.chmod(0o500)
        shown = project.fails("python", "-m", "pipeline.download")
        read_only.chmod(0o700)
    elif subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0:
        mount = "mount --bind data data && mount -o remount,ro,bind data && exec python -m pipeline.download"
        shown = project.fails("unshare", "--mount", "sh", "-c", mount)
    else:
        pytest.skip("as root, a read-only folder needs a mount of its own, which is not allowed here")
    assert "error: data/" in shown and ("Read-only file system" in shown or "Permission denied" in shown)


def test_a_folder_without_git_history_says_which_command_makes_it_work(project):
    shutil.rmtree(project.folder / ".git")
    shutil.copy(ROOT / "Makefile", project.folder)
    (project.folder / ".venv").mkdir()
    shutil.copy(ROOT / "requirements.lock", project.folder)
    (project.folder / ".venv/installed").touch()
    assert "git init" in project.fails("make", "repro")
    project.ok("git", "init", "-q")
    project.ok("dvc", "repro", "preprocess")


# The real data


def test_one_epoch_on_the_real_images(tmp_path):
    params = YAML(typ="safe", pure=True).load(ROOT / "params.yaml")
    params["train"]["epochs"] = 1
    params["download"]["sources"].insert(0, str(ROOT / paths.RAW))  # where they are here already
    project = Project(tmp_path / "real", params)
    shown = project.ok("dvc", "repro")
    assert "training cnn, 804,554 parameters, on 55,000 images" in shown
    (run,) = project.runs()
    assert run.data.metrics["validation/accuracy"] > 0.85 and run.data.metrics["test/accuracy"] > 0.84
    labels = np.load(project.folder / paths.TEST / "labels.npy")
    assert (len(labels), labels[666]) == (10_000, 3)  # the dress of the tutorial
