"""A run for a model that another MLflow store's run trained: it came from a DVC remote, or this store was lost.

What training logged is taken from its outputs and from dvc.lock. The commit, the packages and the checkpoints are not
to be had any more. Which code made the model, dvc.lock says; `python -m pipeline verify` holds the files against it.
"""

import json

import pandas as pd

from pipeline.config.schema import Dataset
from pipeline.core import paths
from pipeline.data import arrays
from pipeline.evaluation import plots
from pipeline.models import saving
from pipeline.provenance import dvc_files, lineage
from pipeline.tracking.logging import (
    log_data,
    log_epoch,
    log_figure,
    log_files,
    log_model,
    log_start,
    log_text,
    log_training,
    logged_epochs,
)


def restore(dataset_config: Dataset) -> None:
    """Fills the active run with what is known of the training of the model in this folder. May be called again."""
    locked = {stage: dvc_files.locked_params(stage) for stage in ("preprocess", "train")}
    there = {
        name: folder for name, folder in paths.TRAINING_DATA.items() if folder.is_dir()
    }  # `dvc pull evaluate` brings less
    tags = lineage.data_tags(there)
    log_start({"dataset": {"name": dataset_config.name}} | locked, tags)
    for name, folder in there.items():
        images = arrays.load(folder)
        log_data(f"{dataset_config.name} {name}", images, tags[f"data.{name}.sha256"], context=name)
        if name == "train":
            log_figure(plots.samples(images, dataset_config.classes), "data/samples.png")
    log_files(paths.DATA_CHECKS, "data")
    log_text(saving.summary(saving.load(paths.MODEL)), "model_summary.txt")

    logged = logged_epochs()  # where a restoration was killed
    for row in pd.read_csv(paths.HISTORY).to_dict("records"):
        if row["epoch"] not in logged:
            log_epoch(row)
    log_training(json.loads(paths.TRAIN_METRICS.read_text(encoding="utf-8")), paths.HISTORY)
    log_model(paths.MODEL, dataset_config.image_shape, len(dataset_config.classes))
