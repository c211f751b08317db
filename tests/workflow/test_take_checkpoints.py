"""A training that `mlflow run` continues in a run of its own has its earlier checkpoints there too."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.core import paths
from pipeline.stages.train import training_run
from pipeline.tracking import runs
from pipeline.tracking.logging import log_files
from pipeline.training import checkpoint


@pytest.fixture
def data(store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in paths.TRAINING_DATA.values():
        folder.mkdir(parents=True)
        np.save(folder / "labels.npy", np.zeros(3, np.uint8))


def test_checkpoints_are_taken_over_from_the_run_in_which_the_training_began(
    data, store, params, monkeypatch, tmp_path
):
    (tmp_path / "epoch_001.keras").write_bytes(b"weights")
    with training_run(params.dataset, params.train) as (earlier, folder):
        (folder / checkpoint.LATEST).write_bytes(b"state")
        log_files([tmp_path / "epoch_001.keras"], "checkpoints")
    runs.end(earlier, "KILLED")
    opened = store.create_run("0").info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", opened)
    with training_run(params.dataset, params.train) as (run_id, _):
        assert run_id == opened != earlier
        taken = store.download_artifacts(opened, "checkpoints/epoch_001.keras", str(tmp_path))
        assert Path(taken).read_bytes() == b"weights"
