import warnings
from pathlib import Path

import mlflow
import numpy as np
import pytest
from helpers.data import make_split

from pipeline.core import files
from pipeline.models import architectures, saving
from pipeline.tracking import flavor, runs
from pipeline.tracking.logging import log_data, log_epoch, log_metrics, log_model, log_start


def test_params_curves_and_metrics_have_the_documented_names(store):
    row = {"epoch": 1, "loss": 0.5, "accuracy": 0.7, "validation_loss": 0.4, "validation_accuracy": 0.8}
    with runs.run() as run_id:
        log_start({"train": {"epochs": 2, "model": {"name": "cnn"}}}, {"git.dirty": "false"})
        log_epoch(row, epoch_seconds=1.5)
        log_epoch(row | {"epoch": 2, "loss": 0.3})
        for _ in range(2):
            log_metrics({"test": {"accuracy": 0.9}})
    assert len(store.get_metric_history(run_id, "test/accuracy")) == 1, "judged again, with the same outcome"
    run = store.get_run(run_id)
    assert run.data.params == {"train.epochs": "2", "train.model.name": "cnn"}
    assert [(p.step, p.value) for p in store.get_metric_history(run_id, "epoch/train_loss")] == [(1, 0.5), (2, 0.3)]
    assert run.data.metrics["epoch/validation_accuracy"] == 0.8 and run.data.metrics["test/accuracy"] == 0.9


def test_a_data_set_is_logged_with_our_digest(store):
    with runs.run() as run_id:
        log_data("quadrants", make_split(20, 1), "a1" * 32, "train")
    (entry,) = store.get_run(run_id).inputs.dataset_inputs
    assert (entry.dataset.name, entry.dataset.digest) == ("quadrants", "a1" * 16)
    assert [tag.value for tag in entry.tags] == ["train"]


def test_a_result_is_the_models_beside_the_data_set_that_it_was_measured_on(store, params, tmp_path):
    measured_on = {"best/train_loss": "train", "best/validation_loss": "validation", "test/loss": "test"}
    saving.save(architectures.build((8, 8, 1), 4, params.train), tmp_path / "model.keras")
    with runs.run() as run_id:
        for number, role in enumerate(measured_on.values()):
            log_data(f"quadrants {role}", make_split(20, number), f"a{number}" * 32, role)
        log_model(tmp_path / "model.keras", (8, 8, 1), list("ABCD"), None)
        for _ in range(2):
            log_metrics(dict.fromkeys(measured_on, 0.5) | {"best/epoch": 2})
    (model,) = store.search_logged_models(["0"])
    found = {metric.key: metric.dataset_name for metric in model.metrics}
    assert found == {name: f"quadrants {role}" for name, role in measured_on.items()} | {"best/epoch": None}
    for role in ("test", "train"):
        where = [{"dataset_name": f"quadrants {role}"}]
        assert len(store.search_logged_models(["0"], "metrics.`test/loss` < 1", datasets=where)) == (role == "test")
    run = store.get_run(run_id)
    assert run.data.metrics == dict.fromkeys(measured_on, 0.5) | {"best/epoch": 2}
    assert [entry.tags[0].value for entry in run.inputs.dataset_inputs] == list(measured_on.values())
    assert all(len(store.get_metric_history(run_id, name)) == 1 for name in run.data.metrics)


def test_the_logged_model_is_the_file_byte_for_byte_and_answers_with_names(store, params, tmp_path):
    path, images = tmp_path / "model.keras", make_split(20, 1).images
    model, classes = architectures.build((8, 8, 1), 4, params.train), ['it\'s "A"', "Bücher 本", "yes", "D: {x}"]
    saving.save(model, path)
    with runs.run() as run_id:
        log_model(path, (8, 8, 1), classes, images)
    logged = list((tmp_path / "mlruns").rglob("model.keras"))
    assert [files.sha256(file) for file in logged] == [files.sha256(path)]
    assert store.get_run(run_id).data.tags["model.sha256"] == files.sha256(path)
    loaded = mlflow.pyfunc.load_model(f"runs:/{run_id}/model")
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "The structure of")
        answer, expected = loaded.predict(images), model.predict(images, verbose=0)
    assert np.allclose([list(row.values()) for row in answer["probabilities"]], expected, atol=1e-6)
    assert list(answer["class"]) == [classes[label] for label in answer["label"]]
    assert list(answer["label"]) == expected.argmax(axis=1).tolist()
    assert loaded.metadata.signature.inputs.inputs[0].shape == (-1, 8, 8, 1)
    assert loaded.metadata.signature.outputs.input_names() == list(answer.columns)
    assert (loaded.input_example == images[:1]).all()
    said = flavor.read_config(logged[0].parents[1])
    assert said == {"classes": classes, "background": "dark", "fill": None} == flavor.config(classes, images)
    assert flavor.config(classes, None) == {"classes": classes}, "what is not known is not said"
    with pytest.raises(mlflow.MlflowException):
        loaded.predict(images[:, 1:])
    assert np.allclose(mlflow.keras.load_model(f"runs:/{run_id}/model").predict(images, verbose=0), expected, atol=1e-6)


def test_a_model_that_a_killed_try_has_logged_is_kept_if_it_is_whole_and_logged_again_if_not(store, params, tmp_path):
    path = tmp_path / "model.keras"
    saving.save(architectures.build((8, 8, 1), 4, params.train), path)
    seen = []
    for damage in (None, None, b"torn", None):
        with runs.run(seen[0].source_run_id if seen else None):
            log_model(path, (8, 8, 1), list("ABCD"), None)
        (logged,) = store.search_logged_models(["0"])
        seen.append(logged)
        if damage:
            (Path(logged.artifact_location) / "data/model.keras").write_bytes(damage)
    first, second, third, fourth = [logged.model_id for logged in seen]
    assert first == second == third != fourth
    assert len(store.get_run(seen[0].source_run_id).outputs.model_outputs) == 2, "none for a try that kept it"
