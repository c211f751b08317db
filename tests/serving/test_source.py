"""Which model answers is what the store says, as long as its file is the one that the run logged."""

import multiprocessing
import re
import signal
from pathlib import Path

import mlflow
import pytest

from pipeline.core.errors import UserError
from pipeline.models import architectures, saving
from pipeline.serving import source
from pipeline.tracking import logging, registry, runs


@pytest.fixture
def run_id(store, params, tmp_path) -> str:
    """A run that logged a model and its parameters."""
    path = tmp_path / "model.keras"
    saving.save(architectures.build(params.dataset.image_shape, 4, params.train), path)
    with runs.run() as run_id:
        logging.log_start({"train": params.train.model_dump(), "dataset": {"name": "quadrants"}}, {})
        logging.log_model(path, params.dataset.image_shape, params.dataset.classes, None)
    return run_id


def model_of(run_id: str) -> Path:
    (logged,) = mlflow.search_logged_models(filter_string=f"source_run_id = '{run_id}'", output_format="list")
    return Path(logged.artifact_location.removeprefix("file://")) / "data" / "model.keras"


def test_a_run_is_found_by_the_beginning_of_its_id(run_id, tmp_path):
    found = source.find("quadrants", run_id[:8], tmp_path)
    assert (found.run_id, found.version) == (run_id, None)
    assert found.params["filters"] == "4" and found.params["model"] == "cnn"
    assert found.model.read_bytes() == (tmp_path / "model.keras").read_bytes()
    assert found.describe("quadrants") == f"a model of quadrants (run {run_id})"


def test_without_a_run_the_champion_answers_and_where_there_is_none_it_is_said_how_to_get_one(run_id, tmp_path):
    with pytest.raises(UserError) as raised:
        source.find("quadrants", None, tmp_path)
    for way in ("dvc repro", "promote", "--run"):
        assert way in str(raised.value)
    (logged,) = mlflow.search_logged_models(output_format="list")
    version = registry.register("quadrants", run_id, logged.model_id, {})
    registry.make_champion("quadrants", version, "for the test", [])
    found = source.find("quadrants", None, tmp_path)
    assert (found.run_id, found.version) == (run_id, "1")
    assert found.describe("quadrants").startswith("the champion, version 1 of quadrants")


def test_a_model_of_another_data_set_and_a_run_without_a_model_do_not_answer(run_id, tmp_path):
    with pytest.raises(UserError, match="was trained on quadrants, not on digits"):
        source.find("digits", run_id, tmp_path)
    with runs.run() as other:
        logging.log_start({"dataset": {"name": "quadrants"}}, {})
    with pytest.raises(UserError, match="trained no model"):
        source.find("quadrants", other, tmp_path)
    with pytest.raises(UserError, match="not in the MLflow store"):
        source.find("quadrants", "f" * 32, tmp_path)


def test_a_file_that_is_changed_lost_or_a_link_does_not_answer(run_id, tmp_path):
    path = model_of(run_id)
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(UserError, match="is not the model that it trained"):
        source.find("quadrants", run_id, tmp_path)
    path.unlink()
    with pytest.raises(UserError, match="is lost"):
        source.find("quadrants", run_id, tmp_path)
    path.symlink_to(tmp_path / "model.keras")
    with pytest.raises(UserError, match="reached by a link"):
        source.find("quadrants", run_id, tmp_path)


@pytest.mark.e2e
def test_another_process_finds_the_same_and_its_mistake_is_raised_here(run_id, tmp_path):
    with source.finding("quadrants", run_id) as wait:
        assert wait() == source.find("quadrants", run_id, tmp_path)
    with source.finding("quadrants", None) as wait, pytest.raises(UserError, match="has no champion"):
        wait()
    with source.finding("quadrants", None):  # not waited for
        (other,) = multiprocessing.active_children()
        blocked = int(re.search(r"SigBlk:\s*(\w+)", Path(f"/proc/{other.pid}/status").read_text())[1], 16)
        assert blocked & 1 << signal.SIGINT - 1, "a Ctrl-C at the terminal would end it with a traceback"
    assert not multiprocessing.active_children()
