"""A run for a model that another MLflow store's run trained: it came from a DVC remote, or this store was lost.

What training logged is taken from its outputs and from dvc.lock. The commit, the packages and the checkpoints are not
to be had any more. Which code made the model, dvc.lock says; `python -m pipeline.verify` holds the files against it.
"""

import json

import pandas as pd

from pipeline import dataset, dvcfiles, figures, lineage, models, paths, tracking
from pipeline.sections import Dataset

DATA = {"train": paths.TRAIN, "validation": paths.VALIDATION}


def restore(description: Dataset) -> None:
    """Fills the active run with what is known of the training of the model in this folder. May be called again."""
    there = {name: folder for name, folder in DATA.items() if folder.is_dir()}  # `dvc pull evaluate` brings less
    tags = lineage.data_tags(there)
    tracking.log_start({"dataset": {"name": description.name}} | locked_params(), tags)
    for name, folder in there.items():
        images = dataset.load(folder)
        tracking.log_data(f"{description.name} {name}", images, tags[f"data.{name}.sha256"], context=name)
        if name == "train":
            tracking.log_figure(figures.samples(images, description.classes), "data/samples.png")
    tracking.log_files(paths.DATA_CHECKS, "data")
    tracking.log_text(models.summary(models.load(paths.MODEL)), "model_summary.txt")

    logged = tracking.logged_epochs()  # where a restoration was killed
    for row in pd.read_csv(paths.HISTORY).to_dict("records"):
        if row["epoch"] not in logged:
            tracking.log_epoch(row)
    tracking.log_training(json.loads(paths.TRAIN_METRICS.read_text(encoding="utf-8")), paths.HISTORY)
    tracking.log_model(paths.MODEL, description.image_shape, len(description.classes))


def locked_params() -> dict[str, dict]:
    """The parameters that dvc.lock has of the stages up to train, as training logs them."""
    params = {stage: dvcfiles.locked_params(stage) for stage in ("preprocess", "train")}
    params["preprocess"].pop("checks", None)
    return params
