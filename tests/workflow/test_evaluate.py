"""Evaluation and restoration of a small model, in this process."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.data import make_split
from helpers.judged import make_check, make_origin
from ruamel.yaml import YAML

from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.data import arrays
from pipeline.evaluation import predictions
from pipeline.models import architectures, saving
from pipeline.provenance import dvc_files
from pipeline.tracking import logging, queries, related, runs
from pipeline.tracking.artifacts import content
from pipeline.workflow import restore
from pipeline.workflow.evaluate import evaluate

pytestmark = pytest.mark.whole

HISTORY = "epoch,loss,accuracy,validation_loss,validation_accuracy\n1,2.0,0.3,1.9,0.4\n2,1.0,0.5,0.9,0.6\n"
PREDICTED = [0, 1, 2, 3, 0, 1, 2, 0]  # the labels are 0 1 2 3 0 1 2 3: the last image is taken for class 0


class Judge:
    """A model whose probabilities are known: 0.7 for one class, 0.1 for each other."""

    def predict(self, images: np.ndarray, **_) -> np.ndarray:
        assert images.shape == (8, 8, 8, 1)
        return np.where(np.arange(4) == np.array(PREDICTED)[:, None], 0.7, 0.1).astype("float32")


@pytest.fixture
def trained(store, tmp_path, monkeypatch, params):
    """A folder with what evaluate reads, after a training of two epochs, and dvc.lock; and the test images alone."""
    monkeypatch.chdir(tmp_path)
    arrays.save(paths.TEST, make_split(8, 1))
    saving.save(architectures.build((8, 8, 1), 4, params.train), paths.MODEL)
    files.write_text(paths.DATA_CHECKS[0], json.dumps({"checks": [make_check("image height")]}))
    files.write_text(paths.RUN_ID, "f" * 32 + "\n")
    files.write_text(paths.HISTORY, HISTORY)
    training = {"best/epoch": 2, "best/validation_loss": 0.9, "best/validation_accuracy": 0.6}
    files.write_text(paths.TRAIN_METRICS, json.dumps(training))
    locked = {stage: {"params": {"params.yaml": {stage: {"seed": 5}}}} for stage in ("train", "evaluate")}
    YAML().dump({"stages": locked}, paths.LOCK)


@pytest.fixture
def judged(trained, monkeypatch, params):
    """The id of the run of an evaluation whose result is known."""
    monkeypatch.setattr("pipeline.models.saving.load", lambda *_: Judge())
    monkeypatch.setattr("pipeline.workflow.evaluate.describe_origin", lambda *_: make_origin())
    settings = params.evaluate.model_copy(update={"calibration_bins": 4, "mistakes": 2, "showcase": 7})
    with runs.run() as run_id:
        evaluate(params.dataset, params.train, settings, Path())
    return run_id


def test_a_showcase_that_is_not_there_is_told(trained, params):
    with pytest.raises(UserError, match=r"^evaluate\.showcase: should be less than the 8 test images, not 8$"):
        evaluate(params.dataset, params.train, params.evaluate.model_copy(update={"showcase": 8}), Path())


def test_metrics_and_tables_are_those_of_the_predictions(judged):
    metrics = json.loads(paths.TEST_METRICS.read_text())
    assert metrics["test/accuracy"] == 7 / 8
    assert metrics["test/loss"] == pytest.approx(-(7 * np.log(0.7) + np.log(0.1)) / 8, abs=1e-5)
    assert metrics["test/calibration_error"] == pytest.approx(7 / 8 - 0.7, abs=1e-5)

    confusion = pd.read_csv(paths.REPORTS / "confusion.csv")
    assert list(confusion.columns) == ["actual", "predicted"]
    assert list(confusion["actual"]) == list("ABCDABCD") and list(confusion["predicted"]) == list("ABCDABCA")

    per_class = pd.read_csv(paths.REPORTS / "per_class.csv").set_index("class")
    assert dict(per_class["recall"]) == {"A": 1, "B": 1, "C": 1, "D": 0.5}
    assert per_class.loc["A", "precision"] == pytest.approx(2 / 3, abs=1e-5) and set(per_class["images"]) == {2}

    calibration = pd.read_csv(paths.REPORTS / "calibration.csv")
    assert list(calibration["bin"]) == [0.25, 0.5, 0.75, 1] and list(calibration["images"]) == [0, 0, 8, 0]
    assert calibration.loc[2, "confidence"] == pytest.approx(0.7, abs=1e-5) and calibration.loc[2, "accuracy"] == 7 / 8


def test_the_run_has_metrics_settings_data_tables_and_pictures(judged, store, tmp_path):
    run = store.get_run(judged)
    assert run.data.metrics == json.loads(paths.TEST_METRICS.read_text()), "the same names in MLflow and DVC"
    (settings,) = (tmp_path / "mlruns").rglob("evaluate.json")
    shown = json.loads(settings.read_text())
    assert (shown["calibration_bins"], shown["mistakes"], shown["showcase"]) == (4, 2, 7)
    (data,) = run.inputs.dataset_inputs
    assert data.dataset.name == "quadrants test"
    assert run.data.tags["data.test.sha256"] == files.folder_sha256(paths.TEST)
    artifacts = [item.path for folder in ("figures", "tables") for item in store.list_artifacts(judged, folder)]
    pictures = ("confusion_matrix", "learning_curves", "mistakes", "reliability", "showcase")
    tables = ("calibration", "confusion", "per_class", "predictions")
    assert artifacts == [f"figures/{name}.png" for name in pictures] + [f"tables/{name}.csv" for name in tables]
    logged = predictions.read(content(judged, paths.PREDICTIONS))
    assert list(logged.actual) == list("ABCDABCD") and list(logged.predicted) == list("ABCDABCA")
    assert list(logged.confidence) == [0.7] * 8
    for name in pictures:
        assert (paths.FIGURES / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert run.data.tags["mlflow.note.content"] == paths.MODEL_CARD.read_text(encoding="utf-8")
    assert {"model.html", "model_card.md"} <= {item.path for item in store.list_artifacts(judged)}
    assert "87.5&nbsp;%" in paths.MODEL_REPORT.read_text(encoding="utf-8")
    assert not paths.TRAIN.exists() and not paths.VALIDATION.exists()  # nothing else was needed


def test_a_lost_run_is_restored_once_with_all_that_the_outputs_tell(trained, params, store, monkeypatch):
    with runs.run() as lost:
        evaluate(params.dataset, params.train, params.evaluate, Path())
    store.delete_run(lost)
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file() and "reports" in path.parts}

    for place in ("workflow.evaluate.record", "tracking.manifest.write"):  # killed half way, and at the very end
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(f"pipeline.{place}", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            restore.ensure_run(params.dataset, params.train)
        half, status = queries.find_tagged("restored_from", "f" * 32)
        assert status == "KILLED" and related.find_run_of_model("f" * 32, files.sha256(paths.MODEL)) is None

    assert restore.ensure_run(params.dataset, params.train) == restore.ensure_run(params.dataset, params.train) == half
    run = store.get_run(half)
    assert run.info.status == "FINISHED" and run.data.tags["model.sha256"] == files.sha256(paths.MODEL)
    assert run.data.params == {"dataset.name": "quadrants", "train.seed": "5"}
    assert json.loads(content(half, Path("evaluate.json"))) == {"seed": 5}
    assert {"best/validation_accuracy", "test/accuracy", "epoch/train_loss"} <= run.data.metrics.keys()
    assert [point.value for point in store.get_metric_history(half, "epoch/train_loss")] == [2.0, 1.0]
    assert "figures/mistakes.png" in [item.path for item in store.list_artifacts(half, "figures")]
    assert {path: path.read_bytes() for path in before} == before

    with runs.run(half):
        logging.log_start({}, {"model.sha256": "0"})
    files.write_text(paths.RUN_ID, half)
    with pytest.raises(UserError, match=r"models/model\.keras: is not the model that run"):
        restore.ensure_run(params.dataset, params.train)
    paths.HISTORY.unlink()
    with pytest.raises(UserError, match=r"reports/history\.csv is missing; `dvc pull` brings it"):
        restore.ensure_run(params.dataset, params.train)


def test_a_run_whose_server_was_away_at_the_end_gets_the_rest_once(trained, params, store):
    lock(*restore.OUTPUTS)
    with pytest.raises(KeyboardInterrupt), runs.run() as run_id:
        logging.log_epoch({"epoch": 1, "loss": 2.0})
        files.write_text(paths.RUN_ID, run_id + "\n")
        raise KeyboardInterrupt
    with pytest.raises(UserError, match=r"models/run_id: is not the one in dvc\.lock"):
        restore.ensure_run(params.dataset, params.train)
    lock(*restore.OUTPUTS)
    for _ in range(2):
        assert restore.ensure_run(params.dataset, params.train) == run_id
        run = store.get_run(run_id)
        assert run.info.status == "FINISHED" and run.data.tags["model.sha256"] == files.sha256(paths.MODEL)
        assert [point.value for point in store.get_metric_history(run_id, "epoch/train_loss")] == [2.0, 1.0]
        assert run.data.metrics["best/validation_accuracy"] == 0.6 and "restored_from" not in run.data.tags


def lock(*outputs: Path) -> None:
    """Notes outputs in dvc.lock, as DVC does when the stage train has ended."""
    outs = [{"path": path.as_posix(), "md5": dvc_files.md5(path)} for path in outputs]
    YAML().dump({"stages": {"train": {"outs": outs}}}, paths.LOCK)


@pytest.mark.parametrize("path", [paths.MODEL, paths.HISTORY])
def test_without_its_run_an_output_has_to_be_the_one_that_dvc_has_noted(trained, params, store, path):
    lock(*restore.OUTPUTS)
    if path == paths.MODEL:
        other = params.train.model_copy(update={"seed": params.train.seed + 1})
        saving.save(architectures.build((8, 8, 1), 4, other), path)
    else:
        path.write_text(HISTORY.replace("0.6", "0.9"))
    with pytest.raises(
        UserError, match=rf"{path}: is not the one in dvc\.lock, .*`dvc checkout --force` .*`dvc repro --force"
    ):
        restore.ensure_run(params.dataset, params.train)
    assert store.search_runs(["0"]) == [] and not paths.TEST_METRICS.exists()


def test_where_dvc_has_noted_the_model_or_nothing_yet_the_run_is_restored(trained, params, store):
    lock(*restore.OUTPUTS)
    run_id = restore.ensure_run(params.dataset, params.train)
    store.delete_run(run_id)
    paths.LOCK.unlink()
    assert restore.ensure_run(params.dataset, params.train) != run_id


def test_without_run_and_lock_a_file_that_is_no_such_model_makes_no_run(trained, params, store):
    paths.LOCK.unlink()
    saving.save(architectures.build((8, 8, 1), 5, params.train), paths.MODEL)
    with pytest.raises(UserError, match=r"models/model\.keras: is no model of this project: its layers"):
        restore.ensure_run(params.dataset, params.train)
    assert store.search_runs(["0"]) == []
