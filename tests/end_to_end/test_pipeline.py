"""What one `dvc repro` leaves behind, with the real programs: on small data, and once on the real data."""

import csv
import hashlib
import json
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from helpers.data import METRICS, SHIPPED, TEST
from helpers.faults import EPOCHS
from helpers.project import ROOT, Project
from ruamel.yaml import YAML

from pipeline.core import paths

pytestmark = pytest.mark.e2e
EVERY = list(range(1, EPOCHS + 1))


@pytest.fixture(scope="module")
def done(done, tmp_path_factory) -> Project:
    """A finished project, whose stages may be run again."""
    copy = done.copy(tmp_path_factory.mktemp("pipeline") / "a b é")
    copy.first_output = (done.folder.parent / "shown.txt").read_text()
    return copy


def lock(project: Project, stage: str) -> dict:
    stages = YAML(typ="safe", pure=True).load(project.folder / "dvc.lock")["stages"]
    return {out["path"]: out["md5"] for out in stages[stage]["outs"]}


def test_repro_shows_progress_and_leaves_one_complete_run(done):
    assert f"epoch {EPOCHS}/{EPOCHS}  loss" in done.first_output and "test accuracy" in done.first_output
    (run,) = done.runs()
    assert run.info.status == "FINISHED"
    assert set(run.data.metrics) >= METRICS
    assert run.data.params["preprocess.validation"] == "40" and "evaluate.json" in done.artifacts(run)
    assert run.info.run_name == f"cnn {EPOCHS} epochs"
    assert run.data.params["train.epochs"] == str(EPOCHS) and run.data.params["train.model.name"] == "cnn"
    assert [p.step for p in done.client().get_metric_history(run.info.run_id, "epoch/validation_accuracy")] == EVERY
    tags = run.data.tags
    assert len(tags["git.commit"]) == 40 and tags["git.dirty"] == "false" and tags["dvc.stage"] == "train"
    assert tags["data.train.dvc"] == lock(done, "preprocess")["data/prepared/train"]
    assert len(tags["data.train.sha256"]) == 64 and len(tags["data.test.sha256"]) == 64
    contexts = {entry.tags[0].value: entry.dataset for entry in run.inputs.dataset_inputs}
    assert set(contexts) == {"train", "validation", "test"}
    assert contexts["train"].digest == tags["data.train.sha256"][:32]
    assert "processor time) with 2 threads on" in tags["mlflow.note.content"]
    (model,) = done.client().search_logged_models(["0"])
    measured_on = {metric.key: metric.dataset_name for metric in model.metrics}
    assert measured_on["test/accuracy"] == "quadrants test" and measured_on["best/train_loss"] == "quadrants train"


def test_the_run_has_checkpoints_figures_tables_and_the_checks(done):
    found = done.artifacts(done.runs()[0])
    assert {"data/data_checks.html", "data/reference.json", "data/samples.png", "model_summary.txt"} <= found
    assert {f"figures/{name}.png" for name in ("confusion_matrix", "learning_curves", "mistakes", "showcase")} <= found
    assert {"tables/history.csv", "tables/per_class.csv", "tables/confusion.csv"} <= found
    assert "checkpoints/epoch_001.keras" in found


def test_later_data_are_held_against_what_the_training_noted(done, inside):
    run_id = done.runs()[0].info.run_id
    shown = inside(done, "checks", "data/prepared/test", "--against", run_id[:12])
    assert "40 images against 120 of run" in shown and "the new data are like the reference" in shown


def test_the_logged_model_is_that_of_dvc(done):
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{done.folder}/mlflow.db")
    (run,) = done.runs()
    sha256 = done.outputs()["models/model.keras"]
    assert run.data.tags["model.sha256"] == sha256
    folder = mlflow.artifacts.download_artifacts(f"runs:/{run.info.run_id}/model")
    assert hashlib.sha256((Path(folder) / "data/model.keras").read_bytes()).hexdigest() == sha256
    model = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model")
    test = done.folder / paths.TEST
    answers = model.predict(np.load(test / "images.npy"))
    accuracy = np.mean(answers["label"] == np.load(test / "labels.npy"))
    assert accuracy == pytest.approx(run.data.metrics["test/accuracy"])


def test_the_files_agree_with_each_other(done):
    metrics = json.loads((done.folder / "reports/test.json").read_text())
    with (done.folder / "reports/confusion.csv").open() as file:
        pairs = list(csv.DictReader(file))
    assert len(pairs) == TEST
    assert np.mean([pair["actual"] == pair["predicted"] for pair in pairs]) == pytest.approx(metrics["test/accuracy"])
    assert {f"test/{name}" for name in ("loss", "accuracy", "macro_f1", "calibration_error")} == set(metrics)
    history = (done.folder / "reports/history.csv").read_text().splitlines()
    assert history[0] == "epoch,loss,accuracy,validation_loss,validation_accuracy" and len(history) == 1 + EPOCHS


def test_no_output_of_dvc_holds_a_path_or_a_date(done):
    this_year = f"{date.today():%Y-}".encode()
    for name in done.outputs():
        content = (done.folder / name).read_bytes()
        assert str(done.folder.parent).encode() not in content, name
        assert this_year not in content, name


def test_a_second_repro_does_nothing_and_says_so(done, inside):
    before = done.outputs()
    assert "Data and pipelines are up to date." in done.ok("dvc", "repro")
    assert done.outputs() == before and len(done.runs()) == 1
    assert done.ok("git", "status", "--porcelain") == ""
    assert "test accuracy" in inside(done, "summary")


def test_metrics_and_plots_are_useful(done):
    shown = json.loads(done.ok("dvc", "metrics", "show", "--json"))[""]["data"]
    assert "best/validation_accuracy" in shown["reports/train.json"]["data"]
    assert "test/accuracy" in shown["reports/test.json"]["data"]
    done.ok("dvc", "plots", "show")
    page = (done.folder / "dvc_plots/index.html").read_text()
    for part in ("Accuracy by epoch", "validation_accuracy", "Confusion matrix", "showcase.png"):
        assert part in page
    shutil.rmtree(done.folder / "dvc_plots")


def test_a_model_whose_run_is_in_another_store_gets_one_restored_run(done, tmp_path, inside):
    store = f"sqlite:///{tmp_path}/other.db"
    from mlflow import MlflowClient

    inside(done, "evaluate", MLFLOW_TRACKING_URI=store)
    (run,) = MlflowClient(store).search_runs(["0"])
    assert run.data.tags["restored_from"] == done.runs()[0].info.run_id
    assert set(run.data.metrics) >= METRICS and run.info.status == "FINISHED"
    client, run_id = MlflowClient(store), run.info.run_id
    found = {item.path for folder in ("tables", "figures") for item in client.list_artifacts(run_id, folder)}
    assert {"tables/history.csv", "figures/mistakes.png"} <= found
    (original,) = done.runs()
    assert run.data.params == original.data.params
    for name in ("epoch/train_loss", "epoch/validation_accuracy"):
        mine = client.get_metric_history(run_id, name)
        theirs = done.client().get_metric_history(original.info.run_id, name)
        assert {p.step: p.value for p in mine} == pytest.approx({p.step: p.value for p in theirs}, abs=1e-6)
    (model,) = client.search_logged_models(["0"])
    assert model.tags["model.sha256"] == original.data.tags["model.sha256"]
    assert "✓ logged models" in inside(done, "verify", MLFLOW_TRACKING_URI=store)
    assert done.ok("git", "status", "--porcelain") == ""


def test_a_model_that_its_run_did_not_train_is_not_judged(done, tmp_path, inside):
    copy = done.copy(tmp_path / "copy")
    with (copy.folder / "models/model.keras").open("ab") as file:
        file.write(b"!")
    shown = inside(copy, "evaluate", fails=True, MLFLOW_TRACKING_URI=f"sqlite:///{done.folder}/mlflow.db")
    assert "models/model.keras: is not the model that run" in shown
    assert len(done.runs()) == 1 and "error" not in done.runs()[0].data.tags


def test_one_epoch_on_the_real_images(tmp_path):
    params = YAML(typ="safe", pure=True).load(SHIPPED)
    params["train"]["epochs"] = 1
    params["tracking"]["system_metrics"] = True
    params["download"]["sources"].insert(0, str(ROOT / paths.RAW))  # where they are here already
    project = Project(tmp_path / "real", params)
    shown = project.ok("dvc", "repro", MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL="1")
    assert "training cnn, 804,554 parameters, on 55,000 images" in shown
    (run,) = project.runs()
    assert run.data.metrics["epoch/validation_accuracy"] > 0.85 and run.data.metrics["test/accuracy"] > 0.84
    assert {"system/cpu_utilization_percentage", "system/system_memory_usage_percentage"} <= run.data.metrics.keys()
    labels = np.load(project.folder / paths.TEST / "labels.npy")
    assert (len(labels), labels[666]) == (10_000, 3)  # the dress of the tutorial
