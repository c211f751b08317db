"""Trains the model on the prepared training data, under an MLflow run.

Writes models/model.keras, the best epoch by validation accuracy; models/run_id, the MLflow run, which evaluate
continues; reports/history.csv and reports/train.json. The same parameters, data, code and number of threads give the
same model, byte for byte, on one machine.
"""

import json
import tempfile
import time
from pathlib import Path

from pipeline import console, files
from pipeline.console import say
from pipeline.params import Dataset, Train, load

PREPARED = Path("data/prepared")
CHECKS = [Path("reports/data_checks.json"), Path("reports/data_checks.html")]
MODEL = Path("models/model.keras")
RUN_ID = Path("models/run_id")
HISTORY = Path("reports/history.csv")
METRICS = Path("reports/train.json")


def train(description: Dataset, params: Train, out: Path) -> None:
    """Trains into the active MLflow run and writes the outputs, other than the run's id, below `out`."""
    import pandas as pd

    from pipeline import dataset, figures, fitting, lineage, models, tracking

    folders = {"train": PREPARED / "train", "validation": PREPARED / "validation"}
    splits = {name: dataset.load(folder) for name, folder in folders.items()}
    tags = lineage.tags(folders)
    tracking.log_start({"train": params.model_dump(), "dataset": {"name": description.name}}, tags)
    for name, context in (("train", "training"), ("validation", "validation")):
        tracking.log_data(f"{description.name} {name}", splits[name], tags[f"data.{name}.sha256"], context)
    tracking.log_files(CHECKS, "data")
    tracking.log_figure(figures.samples(splits["train"], description.classes), "data/samples.png")

    models.use_threads(params.threads)
    model = models.build(description.image_shape, len(description.classes), params)
    summary: list[str] = []
    model.summary(print_fn=lambda line, **_: summary.append(line), line_length=80)
    tracking.log_text("\n".join(summary), "model_summary.txt")
    say(
        f"training {params.model}, {model.count_params():,} parameters, on {len(splits['train'].labels):,} images"
    )

    with tempfile.TemporaryDirectory() as checkpoints:
        started = time.monotonic()

        def on_epoch(epoch: fitting.Epoch, is_best: bool) -> None:
            nonlocal started
            seconds, started = time.monotonic() - started, time.monotonic()
            say(_progress(epoch, params.epochs, is_best, seconds))
            tracking.log_epoch(curves(epoch._asdict()) | {"epoch_seconds": seconds}, epoch.epoch)
            if is_best:
                checkpoint = Path(checkpoints) / f"epoch_{epoch.epoch:03d}.keras"
                models.save(model, checkpoint)
                tracking.log_files([checkpoint], "checkpoints")

        history = fitting.fit(model, splits["train"], splits["validation"], params, on_epoch)

    best = fitting.best_epoch(history)
    metrics = {"best_epoch": best.epoch, "train": {}, "validation": {}}
    for name in ("accuracy", "loss"):
        metrics["train"][name] = round(getattr(best, name), 6)
        metrics["validation"][name] = round(getattr(best, f"validation_{name}"), 6)
    files.write_text(out / HISTORY, pd.DataFrame(history).round(6).to_csv(index=False))
    files.write_text(out / METRICS, json.dumps(metrics, indent=2) + "\n")
    models.save(model, out / MODEL)
    tracking.log_metrics({"best_epoch": best.epoch, "best": metrics["validation"]})
    tracking.log_files([out / HISTORY], "tables")
    tracking.log_model(out / MODEL, description.image_shape, len(description.classes))
    say(f"best epoch {best.epoch}: validation accuracy {best.validation_accuracy:.4f}")


def curves(epoch: dict[str, float]) -> dict[str, float]:
    """The metric names of one row of the history; the slash makes MLflow's UI group them."""
    return {
        f"{part}/{name}": epoch[prefix + name]
        for part, prefix in (("train", ""), ("validation", "validation_"))
        for name in ("loss", "accuracy")
    }


def _progress(epoch, epochs: int, is_best: bool, seconds: float) -> str:
    return (
        f"epoch {epoch.epoch:>{len(str(epochs))}}/{epochs}  loss {epoch.loss:.4f}  accuracy {epoch.accuracy:.4f}  "
        f"validation loss {epoch.validation_loss:.4f}  accuracy {epoch.validation_accuracy:.4f}"
        f"{' *' if is_best else '  '}  {seconds:.1f} s"
    )


def main() -> None:
    description, params = load("dataset", "train")
    from pipeline import tracking

    with tracking.run(name="train") as run_id:
        train(description, params, Path())
    files.write_text(RUN_ID, run_id + "\n")


if __name__ == "__main__":
    console.run(main, __doc__)
