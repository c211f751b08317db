"""Judges the model on the test data, which nothing else opens, and adds the verdict to the run that trained it."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.config.schema import Dataset, Evaluate, Train
from pipeline.core import files, paths
from pipeline.core.cli import say
from pipeline.data import arrays
from pipeline.evaluation import outputs, plots
from pipeline.models import architectures, saving
from pipeline.provenance import lineage
from pipeline.tracking.logging import log_data, log_files, log_metrics, log_start


def evaluate(dataset_config: Dataset, params: Train, settings: Evaluate, out: Path) -> None:
    """Evaluates the model below `out` into the active MLflow run and writes the outputs below `out`.

    Raises UserError where the file is not a model that `params` describes.
    """
    test, classes = arrays.load(paths.TEST), dataset_config.classes
    architecture = architectures.build(dataset_config.image_shape, len(classes), params)
    probabilities = outputs.predict(saving.load(out / paths.MODEL, architecture), test.images)
    history, training = pd.read_csv(out / paths.HISTORY), json.loads((out / paths.TRAIN_METRICS).read_text())
    for path, text in outputs.texts(test, probabilities, classes, settings.calibration_bins).items():
        files.write_text(out / path, text)
    curves = plots.learning_curves(history, training["best_epoch"])
    for path, figure in outputs.pictures(test, probabilities, classes, settings, curves).items():
        plots.save(figure, out / path)
    overall = record(dataset_config.name, settings.model_dump(), out)
    say(f"test accuracy {overall['accuracy']:.4f} on {len(test.labels):,} images")


def record(data: str, settings: dict[str, Any], out: Path) -> dict[str, float]:
    """Logs the outputs of an evaluation below `out` into the active MLflow run; returns the metrics.

    Logs the test images too, as the data set `data` test, where they are here.
    """
    log_start({}, {f"evaluate.{name}": str(value) for name, value in settings.items()})  # a later one may differ
    if paths.TEST.is_dir():
        tags = lineage.data_tags({"test": paths.TEST})
        log_start({}, tags)
        log_data(f"{data} test", arrays.load(paths.TEST), tags["data.test.sha256"], context="test")
    overall = json.loads((out / paths.TEST_METRICS).read_text(encoding="utf-8"))
    log_metrics(overall)
    log_files([out / paths.FIGURES])
    log_files([out / path for path in outputs.TABLES], "tables")
    return overall["test"]
