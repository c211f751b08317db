"""Judges the model on the test data, which nothing else opens, and adds the verdict to the run that trained it.

Writes reports/test.json, tables as CSV (per_class, confusion, calibration) and the pictures in reports/figures/.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config.schema import Dataset, Evaluate
from pipeline.core import cli, files, paths
from pipeline.core.cli import say

if TYPE_CHECKING:
    import numpy as np

    from pipeline.data.arrays import Split

BATCH = 1000
TABLES = ("per_class", "calibration", "confusion")


def evaluate(dataset_config: Dataset, settings: Evaluate, out: Path) -> None:
    """Evaluates the model below `out` into the active MLflow run and writes the outputs below `out`."""
    with cli.suppress_stderr():
        from pipeline.data import arrays
        from pipeline.evaluation import metrics
        from pipeline.models import saving
        from pipeline.provenance import lineage
        from pipeline.tracking.logging import log_data, log_files, log_metrics, log_start

    test = arrays.load(paths.TEST)
    probabilities = saving.load(out / paths.MODEL).predict(test.images, batch_size=BATCH, verbose=0)
    overall = metrics.overall(test.labels, probabilities, settings.calibration_bins)
    files.write_text(out / paths.TEST_METRICS, json.dumps({"test": overall}, indent=2) + "\n")
    write_tables(test, probabilities, dataset_config.classes, settings, out)
    write_figures(test, probabilities, dataset_config.classes, settings, out)

    tags = lineage.data_tags({"test": paths.TEST})
    used = {f"evaluate.{name}": str(value) for name, value in settings}  # tags: a later evaluation may differ
    log_start({}, tags | used)
    log_data(f"{dataset_config.name} test", test, tags["data.test.sha256"], context="test")
    log_metrics({"test": overall})
    log_files([out / paths.FIGURES])
    log_files([out / paths.REPORTS / f"{name}.csv" for name in TABLES], "tables")
    say(f"test accuracy {overall['accuracy']:.4f} on {len(test.labels):,} images")


def write_tables(test: "Split", probabilities: "np.ndarray", classes: list[str], settings: Evaluate, out: Path) -> None:
    """Writes what DVC plots: figures by class, the reliability table, and (actual, predicted) by image."""
    import numpy as np
    import pandas as pd

    from pipeline.evaluation import metrics

    names = np.array(classes)
    tables = {
        "per_class": metrics.per_class(test.labels, probabilities, classes),
        "calibration": metrics.calibration(test.labels, probabilities, settings.calibration_bins),
        "confusion": pd.DataFrame({"actual": names[test.labels], "predicted": names[probabilities.argmax(axis=1)]}),
    }
    for name in TABLES:
        files.write_text(out / paths.REPORTS / f"{name}.csv", tables[name].to_csv(index=False))


def write_figures(
    test: "Split", probabilities: "np.ndarray", classes: list[str], settings: Evaluate, out: Path
) -> None:
    """Writes the pictures."""
    import pandas as pd

    from pipeline.evaluation import metrics, plots

    best_epoch = json.loads((out / paths.TRAIN_METRICS).read_text())["best_epoch"]
    shown = settings.showcase
    pictures = {
        "learning_curves": plots.learning_curves(pd.read_csv(out / paths.HISTORY), best_epoch),
        "confusion_matrix": plots.confusion(metrics.confusion(test.labels, probabilities), classes),
        "mistakes": plots.mistakes(test, probabilities, classes, settings.mistakes),
        "showcase": plots.showcase(test.images[shown], probabilities[shown], test.labels[shown], classes, shown),
    }
    for name, figure in pictures.items():
        plots.save(figure, out / paths.FIGURES / f"{name}.png")
