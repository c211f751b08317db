"""Judges the model on the test data, which nothing else opens, and adds the verdict to the run that trained it."""

import hashlib
import json
from pathlib import Path
from typing import Any

import keras
import pandas as pd

from pipeline.config.schema import Dataset, Evaluate, Train, leaves
from pipeline.core import cli, files, paths, results
from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.data import arrays
from pipeline.evaluation import outputs, plots, predictions
from pipeline.evaluation.cost import cost
from pipeline.evaluation.findings import Findings, findings
from pipeline.models import architectures, saving
from pipeline.provenance import lineage
from pipeline.reporting import model_card, model_report
from pipeline.tracking.logging import log_data, log_description, log_files, log_metrics, log_start, log_text
from pipeline.workflow.gate import Judged


def evaluate(dataset_config: Dataset, params: Train, settings: Evaluate, out: Path) -> Judged:
    """Evaluates the model below `out` into the active MLflow run and writes the outputs below `out`.

    Raises UserError where the file is not a model that `params` describes.
    """
    test, classes = arrays.load(paths.TEST), dataset_config.classes
    if settings.showcase >= (images := len(test.labels)):  # params.yaml need not say how many there are
        raise UserError(f"evaluate.showcase: should be less than the {images} test images, not {settings.showcase}")
    model = saving.load(out / paths.MODEL, architectures.build(dataset_config.image_shape, len(classes), params))
    probabilities = outputs.predict(model, test.images)
    predicted = probabilities.argmax(axis=1)
    found = findings(
        test,
        probabilities,
        classes,
        settings.calibration_bins,
        settings.mistakes,
        lambda images: outputs.predict(model, images),
    )
    origin = describe_origin(dataset_config, params, model, out)
    written = outputs.texts(found, test.labels, predicted) | {
        paths.MODEL_REPORT: model_report.render(found, test, predicted, origin, settings),
        paths.MODEL_CARD: model_card.render(found, origin, dataset_config.image_shape, settings.behaviour),
    }
    for path, text in written.items():
        files.write_text(out / path, text)
    curves = plots.learning_curves(origin.history, int(origin.training[results.BEST_EPOCH]))
    for path, figure in outputs.pictures(found, test, probabilities, settings, curves).items():
        plots.save(figure, out / path)
    record(dataset_config.name, settings.model_dump(), out)
    log_text(predictions.text(classes, test.labels, probabilities), paths.PREDICTIONS.as_posix())
    tell(found)
    return Judged(test, found, predicted, written[paths.MODEL_CARD])


def describe_origin(dataset_config: Dataset, params: Train, model: keras.Model, out: Path) -> model_report.Origin:
    """What the model below `out` was made of. All of it is the same each time the model is made."""
    with cli.suppress_stderr():  # tensorflow's profiler says that it is old
        counted = cost(model)
    return model_report.Origin(
        data_set=dataset_config.name,
        model=params.model.name,
        summary=saving.summary(model),
        cost=counted,
        size=(out / paths.MODEL).stat().st_size,
        md5=hashlib.md5((out / paths.MODEL).read_bytes(), usedforsecurity=False).hexdigest(),
        params=leaves.values(params),
        lineage={str(paths.MODEL): files.sha256(out / paths.MODEL)} | dataset_config.sha256,
        history=pd.read_csv(out / paths.HISTORY),
        training=results.read(out / paths.TRAIN_METRICS),
        checks=json.loads(paths.DATA_CHECKS[0].read_text(encoding="utf-8")),
    )


def record(data: str, settings: dict[str, Any], out: Path) -> None:
    """Logs the outputs of an evaluation below `out` into the active MLflow run.

    Logs the test images too, as the data set `data` test, where they are here.
    """
    log_text(json.dumps(settings, indent=2) + "\n", "evaluate.json")  # no parameters: a later evaluation may differ
    if paths.TEST.is_dir():
        tags = lineage.data_tags({"test": paths.TEST})
        log_start({}, tags)
        log_data(f"{data} test", arrays.load(paths.TEST), tags["data.test.sha256"], context="test")
    log_metrics(results.read(out / paths.TEST_METRICS))
    log_files([out / paths.FIGURES, out / paths.MODEL_REPORT, out / paths.MODEL_CARD])
    log_files([out / path for path in outputs.TABLES], "tables")
    if (out / paths.MODEL_CARD).is_file():  # not yet, where a run is restored that an older version evaluated
        log_description((out / paths.MODEL_CARD).read_text(encoding="utf-8"))


def tell(found: Findings) -> None:
    """Prints the verdict in a line."""
    accuracy = found.accuracy
    say(
        f"test accuracy {accuracy.value:.4f} on {accuracy.total:,} images "
        f"(95 % interval {accuracy.low:.4f} to {accuracy.high:.4f})"
    )
