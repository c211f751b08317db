"""Trains the model on the prepared training data, under an MLflow run.

Writes models/model.keras, the best epoch by validation accuracy; models/run_id, the MLflow run, which evaluate
continues; reports/history.csv and reports/train.json. The same parameters, data, code and number of threads give the
same model, byte for byte, on one machine.
"""

import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import console, files, paths
from pipeline.console import say
from pipeline.params import Dataset, Train, load

if TYPE_CHECKING:
    from pipeline.fitting import Epoch


def train(description: Dataset, params: Train, out: Path) -> None:
    """Trains into the active MLflow run and writes the outputs, other than the run's id, below `out`."""
    import pandas as pd

    from pipeline import dataset, figures, fitting, lineage, models, tracking

    folders = {"train": paths.TRAIN, "validation": paths.VALIDATION}
    splits = {name: dataset.load(folder) for name, folder in folders.items()}
    tags = lineage.tags(folders)
    split = json.loads(paths.DATA_CHECKS[0].read_text(encoding="utf-8"))["split"]
    logged = {"train": params.model_dump(), "preprocess": split, "dataset": {"name": description.name}}
    tracking.log_start(logged, tags)
    for name, images in splits.items():
        tracking.log_data(f"{description.name} {name}", images, tags[f"data.{name}.sha256"], context=name)
    tracking.log_files(paths.DATA_CHECKS, "data")
    tracking.log_figure(figures.samples(splits["train"], description.classes), "data/samples.png")

    models.use_threads(params.threads)
    model = models.build(description.image_shape, len(description.classes), params)
    tracking.log_text(models.summary(model), "model_summary.txt")
    say(f"training {params.model}, {model.count_params():,} parameters, on {len(splits['train'].labels):,} images")

    with tempfile.TemporaryDirectory() as checkpoints:
        started = time.monotonic()

        def on_epoch(epoch: fitting.Epoch, is_best: bool) -> None:
            nonlocal started
            seconds, started = time.monotonic() - started, time.monotonic()
            say(progress(epoch, params.epochs, is_best, seconds))
            tracking.log_epoch(epoch._asdict(), epoch_seconds=seconds)
            if is_best:
                checkpoint = Path(checkpoints) / f"epoch_{epoch.epoch:03d}.keras"
                models.save(model, checkpoint)
                tracking.log_files([checkpoint], "checkpoints")

        history = fitting.fit(model, splits["train"], splits["validation"], params, on_epoch)

    best = fitting.best_epoch(history)
    summary = metrics(best)
    files.write_text(out / paths.HISTORY, pd.DataFrame(history).round(6).to_csv(index=False))
    files.write_text(out / paths.TRAIN_METRICS, json.dumps(summary, indent=2) + "\n")
    models.save(model, out / paths.MODEL)
    tracking.log_training(summary, out / paths.HISTORY)
    tracking.log_model(out / paths.MODEL, description.image_shape, len(description.classes))
    say(f"best epoch {best.epoch}: validation accuracy {best.validation_accuracy:.4f}")


def metrics(best: "Epoch") -> dict[str, Any]:
    """What reports/train.json holds: the figures of the best epoch."""
    return {
        "best_epoch": best.epoch,
        "train": {"accuracy": round(best.accuracy, 6), "loss": round(best.loss, 6)},
        "validation": {"accuracy": round(best.validation_accuracy, 6), "loss": round(best.validation_loss, 6)},
    }


def progress(epoch: "Epoch", epochs: int, is_best: bool, seconds: float) -> str:
    """The line printed after an epoch; a star marks the best so far."""
    return (
        f"epoch {epoch.epoch:>{len(str(epochs))}}/{epochs}  "
        f"loss {epoch.loss:.4f}  accuracy {epoch.accuracy:.4f}  "
        f"validation loss {epoch.validation_loss:.4f}  accuracy {epoch.validation_accuracy:.4f}"
        f"{' *' if is_best else '  '}  {seconds:.1f} s"
    )


def main() -> None:
    description, params = load("dataset", "train")
    from pipeline import tracking

    with tracking.run() as run_id:
        train(description, params, Path())
    files.write_text(paths.RUN_ID, run_id + "\n")


if __name__ == "__main__":
    console.run(main, __doc__)
