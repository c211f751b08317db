import mlflow
import numpy as np
import pytest
from conftest import make_split
from mlflow import MlflowClient

from pipeline import files, models, tracking
from pipeline.console import UserError


@pytest.fixture
def store(tmp_path, monkeypatch) -> MlflowClient:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    tracking.open_store()
    yield MlflowClient()
    mlflow.end_run()


def test_the_store_is_in_the_repository_wherever_the_process_stands(store, tmp_path, monkeypatch):
    (tmp_path / "copy").mkdir()
    monkeypatch.chdir(tmp_path / "copy")
    with tracking.run() as run_id:
        tracking.log_text("hello", "note.txt")
    assert (tmp_path / "mlflow.db").exists()
    assert list((tmp_path / "mlruns").rglob("note.txt"))
    assert not list((tmp_path / "copy").iterdir())
    assert store.get_run(run_id).info.status == "FINISHED"


def test_the_environment_names_another_store(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/other.db")
    tracking.open_store()
    assert (tmp_path / "other.db").exists() and not (tmp_path / "mlflow.db").exists()


@pytest.mark.parametrize(
    ("raised", "status"), [(KeyboardInterrupt(), "KILLED"), (UserError("no room"), "FAILED"), (SystemExit(1), "FAILED")]
)
def test_a_run_that_ends_badly_says_so(store, raised, status):
    with pytest.raises(type(raised)), tracking.run() as run_id:
        raise raised
    run = store.get_run(run_id)
    assert run.info.status == status
    assert run.data.tags.get("error") == (None if status == "KILLED" else str(raised))


def test_the_run_that_mlflow_run_opened_is_continued(store, monkeypatch):
    opened = store.create_run("0").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", opened)
    with tracking.run() as run_id:
        assert run_id == opened
    assert len(store.search_runs(["0"])) == 1


def test_a_run_is_named_after_the_dvc_experiment(store, monkeypatch):
    monkeypatch.setenv("DVC_EXP_NAME", "dusty-lobe")
    with tracking.run() as run_id:
        pass
    assert store.get_run(run_id).info.run_name == "dusty-lobe"


def test_an_unknown_run_is_one_line(store):
    with pytest.raises(UserError, match="Run with id=0123 not found"), tracking.run("0123"):
        pass


def test_params_curves_and_metrics_have_the_documented_names(store):
    row = {"epoch": 1, "loss": 0.5, "accuracy": 0.7, "validation_loss": 0.4, "validation_accuracy": 0.8}
    with tracking.run() as run_id:
        tracking.log_start({"train": {"epochs": 2, "model": "cnn"}}, {"git.dirty": "false"})
        tracking.log_epoch(row, epoch_seconds=1.5)
        tracking.log_epoch(row | {"epoch": 2, "loss": 0.3})
        tracking.log_metrics({"test": {"accuracy": 0.9}})
    run = store.get_run(run_id)
    assert run.data.params == {"train.epochs": "2", "train.model": "cnn"}
    assert [(p.step, p.value) for p in store.get_metric_history(run_id, "train/loss")] == [(1, 0.5), (2, 0.3)]
    assert run.data.metrics["validation/accuracy"] == 0.8 and run.data.metrics["test/accuracy"] == 0.9


def test_a_data_set_is_logged_with_our_digest(store):
    with tracking.run() as run_id:
        tracking.log_data("quadrants", make_split(20, 1), "a1" * 32, "train")
    (entry,) = store.get_run(run_id).inputs.dataset_inputs
    assert (entry.dataset.name, entry.dataset.digest) == ("quadrants", "a1" * 16)
    assert [tag.value for tag in entry.tags] == ["train"]


def test_the_logged_model_is_the_file_byte_for_byte_and_predicts(store, params, tmp_path):
    path, images = tmp_path / "model.keras", make_split(20, 1).images
    model = models.build((8, 8, 1), 4, params.train)
    models.save(model, path)
    with tracking.run() as run_id:
        tracking.log_model(path, (8, 8, 1), 4)
    logged = list((tmp_path / "mlruns").rglob("model.keras"))
    assert [files.sha256(file) for file in logged] == [files.sha256(path)]
    assert store.get_run(run_id).data.tags["model.sha256"] == files.sha256(path)
    loaded = mlflow.pyfunc.load_model(f"runs:/{run_id}/model")
    assert np.allclose(loaded.predict(images), model.predict(images, verbose=0), atol=1e-6)
    assert loaded.metadata.signature.inputs.inputs[0].shape == (-1, 8, 8, 1)
    with pytest.raises(mlflow.MlflowException):
        loaded.predict(images[:, 1:])


def test_a_run_is_found_by_id_then_by_model_then_not_at_all(store):
    with tracking.run() as run_id:
        tracking.log_start({}, {"model.sha256": "abc"})
    assert tracking.find_run(run_id, "other") == run_id
    assert tracking.find_run("f" * 32, "abc") == run_id
    assert tracking.find_run("f" * 32, "other") is None


def test_a_run_that_is_continued_well_loses_the_error_of_an_earlier_try(store):
    with pytest.raises(UserError), tracking.run() as run_id:
        raise UserError("no room")
    with tracking.run(run_id):
        pass
    run = store.get_run(run_id)
    assert run.info.status == "FINISHED" and "error" not in run.data.tags


@pytest.mark.parametrize("kind", ["garbage", "folder"])
def test_a_store_that_cannot_be_opened_is_one_line(tmp_path, monkeypatch, kind):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/bad.db")
    if kind == "folder":
        (tmp_path / "bad.db").mkdir()
    else:
        (tmp_path / "bad.db").write_bytes(b"no data base" * 1000)
    with pytest.raises(UserError, match=r"MLflow's store cannot be opened: .*(not a database|unable to open)"):
        tracking.open_store()
