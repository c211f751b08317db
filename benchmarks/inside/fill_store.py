"""Fills the MLflow store of a project with runs, each with a model of its own, as many as are wanted.

    python fill_store.py COUNT

Each run has the tags, data sets, curves, files, checkpoints and the logged model of the one that trained the model of
this project. Prints how many seconds a manifest took.
"""

import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from pipeline.config.load import load
from pipeline.config.schema import Dataset
from pipeline.core import paths
from pipeline.core.paths import TRAINING_DATA
from pipeline.data import arrays
from pipeline.data.arrays import Split
from pipeline.evaluation.outputs import TABLES
from pipeline.provenance import dvc_files, lineage
from pipeline.tracking import manifest, runs, store
from pipeline.tracking.logging import log_data, log_epoch, log_files, log_model, log_start, log_text


def fill(count: int) -> float:
    """Logs so many runs; returns the seconds that a manifest took."""
    (dataset_config,) = load("dataset")
    tags = lineage.tags(TRAINING_DATA)
    splits = {name: arrays.load(folder) for name, folder in TRAINING_DATA.items()}
    model, seconds = paths.MODEL.read_bytes(), 0.0
    for number in range(count):
        with tempfile.TemporaryDirectory() as folder, runs.run() as run_id:
            path = Path(folder) / paths.MODEL.name
            path.write_bytes(model + f"{number}".encode())
            log_run(dataset_config, tags, splits, path)
            started = time.perf_counter()
            manifest.write(run_id)
            seconds += time.perf_counter() - started
    return seconds / count


def log_run(dataset_config: Dataset, tags: dict[str, str], splits: dict[str, Split], model: Path) -> None:
    """Logs into the active run what a training and an evaluation log, with the model at this path."""
    log_start({"train": dvc_files.locked_params("train")}, tags)
    for name, images in splits.items():
        log_data(name, images, tags[f"data.{name}.sha256"], context=name)
    log_text(lineage.packages(), lineage.PACKAGES.as_posix())
    best = 0.0
    for row in pd.read_csv(paths.HISTORY).to_dict("records"):
        log_epoch(row)
        if row["validation_accuracy"] > best:
            best = row["validation_accuracy"]
            checkpoint = model.rename(model.with_name(f"epoch_{int(row['epoch']):03d}.keras"))
            log_files([checkpoint], "checkpoints")
            checkpoint.rename(model)
    log_files([paths.FIGURES])
    log_files([paths.HISTORY, *TABLES], "tables")
    log_model(model, dataset_config.image_shape, dataset_config.classes, splits["train"].images)


if __name__ == "__main__":
    store.open_store()
    print("manifest", round(fill(int(sys.argv[1])), 3))
