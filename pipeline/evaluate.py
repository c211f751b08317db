"""Judges the model on the test data, which nothing else opens, and adds the verdict to the run that trained it.

Writes reports/test.json, tables as CSV (per_class, confusion, calibration) and the pictures in reports/figures/.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import console, edits, files, paths
from pipeline.console import UserError, say
from pipeline.sections import Dataset, Evaluate

if TYPE_CHECKING:
    import numpy as np

    from pipeline.dataset import Split

BATCH = 1000
TABLES = ("per_class", "calibration", "confusion")


def evaluate(description: Dataset, settings: Evaluate, out: Path) -> None:
    """Evaluates the model below `out` into the active MLflow run and writes the outputs below `out`."""
    with console.hushed():
        from pipeline import dataset, lineage, metrics, models, tracking

    test = dataset.load(paths.TEST)
    probabilities = models.load(out / paths.MODEL).predict(test.images, batch_size=BATCH, verbose=0)
    overall = metrics.overall(test.labels, probabilities, settings.calibration_bins)
    files.write_text(out / paths.TEST_METRICS, json.dumps({"test": overall}, indent=2) + "\n")
    write_tables(test, probabilities, description.classes, settings, out)
    write_figures(test, probabilities, description.classes, settings, out)

    tags = lineage.data_tags({"test": paths.TEST})
    used = {f"evaluate.{name}": str(value) for name, value in settings}  # tags: a later evaluation may differ
    tracking.log_start({}, tags | used)
    tracking.log_data(f"{description.name} test", test, tags["data.test.sha256"], context="test")
    tracking.log_metrics({"test": overall})
    tracking.log_files([out / paths.FIGURES])
    tracking.log_files([out / paths.REPORTS / f"{name}.csv" for name in TABLES], "tables")
    say(f"test accuracy {overall['accuracy']:.4f} on {len(test.labels):,} images")


def write_tables(test: "Split", probabilities: "np.ndarray", classes: list[str], settings: Evaluate, out: Path) -> None:
    """Writes what DVC plots: figures by class, the reliability table, and (actual, predicted) by image."""
    import numpy as np
    import pandas as pd

    from pipeline import metrics

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

    from pipeline import figures, metrics

    best_epoch = json.loads((out / paths.TRAIN_METRICS).read_text())["best_epoch"]
    shown = settings.showcase
    pictures = {
        "learning_curves": figures.learning_curves(pd.read_csv(out / paths.HISTORY), best_epoch),
        "confusion_matrix": figures.confusion(metrics.confusion(test.labels, probabilities), classes),
        "mistakes": figures.mistakes(test, probabilities, classes, settings.mistakes),
        "showcase": figures.showcase(test.images[shown], probabilities[shown], test.labels[shown], classes, shown),
    }
    for name, figure in pictures.items():
        figures.save(figure, out / paths.FIGURES / f"{name}.png")


def main() -> None:
    begun = edits.begin("dataset", "evaluate")
    description, settings = begun.params
    for path in (paths.MODEL, paths.RUN_ID, paths.HISTORY, paths.TRAIN_METRICS):
        if not path.is_file():
            raise UserError(f"{path} is missing; `dvc repro train` makes it")
    with console.hushed():
        from pipeline import lookup, restore, runs, state

    trained = paths.RUN_ID.read_text(encoding="utf-8", errors="replace").strip()
    sha256 = files.sha256(paths.MODEL)
    run_id = lookup.find_run(trained, sha256)
    if run_id and lookup.tag(run_id, "model.sha256") != sha256:
        raise UserError(f"{paths.MODEL}: is not the model that run {run_id} trained; `dvc checkout` puts that back")
    restored = {"restored_from": trained} if run_id is None else {}
    half, _ = (lookup.find_tagged("restored_from", trained) if restored else None) or (None, None)
    with edits.outputs(), runs.run(run_id or half, tags=restored) as active:
        if run_id is None:
            say(f"run {trained} is not in this MLflow store; a new one is made, tagged restored_from")
            restore.restore(description)
        evaluate(description, settings, Path())
        edits.refuse(begun)
    if training := lookup.tag(active, "training"):
        state.discard(training)  # kept till here: a kill just before DVC had noted the outputs would have needed it
    say(f"figures are in {paths.FIGURES}/")


if __name__ == "__main__":
    console.run(main, __doc__)
