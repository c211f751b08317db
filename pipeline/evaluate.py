"""Judges the model on the test data, which nothing else opens, and adds the verdict to the run that trained it.

Writes reports/test.json, tables as CSV (per_class, confusion, calibration) and the pictures in reports/figures/.
"""

import json
from pathlib import Path

from pipeline import console, files
from pipeline.console import UserError, say
from pipeline.params import Dataset, Evaluate, load
from pipeline.train import HISTORY, METRICS, MODEL, RUN_ID

TEST = Path("data/prepared/test")
REPORTS = Path("reports")
BATCH = 1000


def evaluate(description: Dataset, settings: Evaluate, out: Path) -> None:
    """Evaluates the model below `out` into the active MLflow run and writes the outputs below `out`."""
    import numpy as np
    import pandas as pd

    from pipeline import dataset, figures, lineage, metrics, models, tracking

    test, classes = dataset.load(TEST), description.classes
    model = models.load(out / MODEL)
    probabilities = model.predict(test.images, batch_size=BATCH, verbose=0)

    overall = metrics.overall(test.labels, probabilities, settings.calibration_bins)
    per_class = metrics.per_class(test.labels, probabilities, classes)
    calibration = metrics.calibration(test.labels, probabilities, settings.calibration_bins)
    matrix = metrics.confusion(test.labels, probabilities)
    names = np.array(classes)
    pairs = pd.DataFrame({"actual": names[test.labels], "predicted": names[probabilities.argmax(axis=1)]})
    history = pd.read_csv(out / HISTORY)
    best_epoch = json.loads((out / METRICS).read_text())["best_epoch"]

    reports = out / REPORTS
    files.write_text(reports / "test.json", json.dumps({"test": overall}, indent=2) + "\n")
    files.write_text(reports / "per_class.csv", per_class.to_csv(index=False))
    files.write_text(reports / "calibration.csv", calibration.to_csv(index=False))
    files.write_text(reports / "confusion.csv", pairs.to_csv(index=False))
    pictures = reports / "figures"
    figures.save(figures.learning_curves(history, best_epoch), pictures / "learning_curves.png")
    figures.save(figures.confusion(matrix, classes), pictures / "confusion_matrix.png")
    figures.save(figures.mistakes(test, probabilities, classes, settings.mistakes), pictures / "mistakes.png")
    shown = settings.showcase
    showcase = figures.showcase(test.images[shown], probabilities[shown], test.labels[shown], classes, shown)
    figures.save(showcase, pictures / "showcase.png")

    tags = lineage.tags({"test": TEST})
    tracking.log_data(f"{description.name} test", test, tags["data.test.sha256"], "evaluation")
    tracking.log_start({}, {key: value for key, value in tags.items() if key.startswith("data.")})
    tracking.log_metrics({"test": overall})
    tracking.log_metrics({"test_f1": dict(zip(classes, per_class["f1"], strict=True))})
    tracking.log_files([pictures])
    tracking.log_files(
        [reports / f"{name}.csv" for name in ("per_class", "calibration", "confusion")], "tables"
    )
    say(
        f"test accuracy {overall['accuracy']:.4f} on {overall['images']:,} images; figures are in {pictures}/"
    )


def main() -> None:
    description, settings = load("dataset", "evaluate")
    for path in (MODEL, RUN_ID, HISTORY, METRICS):
        if not path.is_file():
            raise UserError(f"{path} is missing; `dvc repro train` makes it")
    from pipeline import tracking

    model_sha256 = files.sha256(MODEL)
    trained = RUN_ID.read_text().strip()
    run_id = tracking.find_run(trained, model_sha256)
    with tracking.run(run_id, name="restored"):
        if run_id is None:
            restore(description, trained)
        evaluate(description, settings, Path())


def restore(description: Dataset, trained: str) -> None:
    """Fills the active run with what is known of a model that was trained into another store, under the id `trained`."""
    import pandas as pd

    from pipeline import tracking
    from pipeline.train import curves

    say(f"run {trained} is not in this MLflow store; a new one is made and tagged restored_from")
    tracking.log_start({"dataset": {"name": description.name}}, {"restored_from": trained})
    tracking.log_history([curves(epoch) for epoch in pd.read_csv(HISTORY).to_dict("records")])
    tracking.log_model(MODEL, description.image_shape, len(description.classes))


if __name__ == "__main__":
    console.run(main, __doc__)
