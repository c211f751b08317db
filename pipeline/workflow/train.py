"""One training, recorded: trains, writes the outputs, logs everything into the active MLflow run."""

import json
import time
from pathlib import Path

import keras
import pandas as pd

from pipeline.config.schema import Dataset, Train
from pipeline.core import files, paths, results
from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.data import arrays, profile
from pipeline.data.arrays import Split
from pipeline.evaluation import plots
from pipeline.models import architectures, devices, saving
from pipeline.provenance import dvc_files, lineage
from pipeline.tracking import curves, logging
from pipeline.tracking.outbox import Outbox
from pipeline.training import checkpoint, history, loop, optimizers, precision
from pipeline.training.history import Epoch, TrainingState


def train(dataset_config: Dataset, params: Train, out: Path, resume: Path) -> None:
    """Trains into the active MLflow run and writes the outputs, other than the run's id, below `out`.

    Goes on from the state in the folder `resume`, if there is one, and keeps it there after each epoch. What the run
    has not got then, because its server is away, is in the outbox there; `deliver` logs that and the outputs.
    """
    splits = {name: arrays.load(folder) for name, folder in paths.TRAINING_DATA.items()}
    if params.batch_size > (images := len(splits["train"].labels)):  # params.yaml need not say how many there are
        raise UserError(f"train.batch_size: should be at most the {images} training images, not {params.batch_size}")
    log_inputs(dataset_config, params, splits)
    architectures.use_threads(params.threads)
    chosen, spread = precision.resolved(params), devices.strategy(params.devices)
    model = architectures.build(dataset_config.image_shape, len(dataset_config.classes), chosen, spread)
    logging.log_text(saving.summary(model), "model_summary.txt")
    say(f"training {params.model.name}, {model.count_params():,} parameters, on {len(splits['train'].labels):,} images")
    optimizers.compile_model(model, params, len(splits["train"].labels))
    restored = checkpoint.restore(resume, model)
    if restored.history:
        say(f"going on after epoch {len(restored.history)} of {params.epochs}")
    recorder = Recorder(model, params.epochs, resume, restored)
    epochs = loop.fit(model, splits["train"], splits["validation"], params, recorder.on_epoch, restored)
    write_outputs(model, epochs, out)


def deliver(dataset_config: Dataset, out: Path, resume: Path | None = None) -> None:
    """Logs what a training has left below `out`, and in the outbox of its state, into its run, the active one.

    May be called again. Points that neither the run nor the outbox has are those of history.csv.
    """
    if resume:
        Outbox(resume / checkpoint.OUTBOX).empty()
    logged = logging.logged_epochs()
    for row in pd.read_csv(out / paths.HISTORY).to_dict("records"):
        if row["epoch"] not in logged:
            logging.log_epoch(row)
    images = arrays.load(paths.TRAIN).images if paths.TRAIN.is_dir() else None
    logging.log_model(out / paths.MODEL, dataset_config.image_shape, dataset_config.classes, images)
    # once the model is there, whose results they are
    logging.log_training(results.read(out / paths.TRAIN_METRICS), out / paths.HISTORY)


def log_inputs(dataset_config: Dataset, params: Train, splits: dict[str, Split]) -> None:
    """Logs what goes into a training: parameters, data sets with samples, data checks, code and packages."""
    tags = lineage.tags(paths.TRAINING_DATA) | {"precision": precision.resolved(params).precision}
    logged = {"train": params.model_dump(), "dataset": {"name": dataset_config.name}}
    logging.log_start(logged | {"preprocess": dvc_files.locked_params("preprocess")}, tags)
    for name, images in splits.items():
        logging.log_data(f"{dataset_config.name} {name}", images, tags[f"data.{name}.sha256"], context=name)
    logging.log_files(paths.DATA_CHECKS, "data")
    reference = profile.profile(*splits["train"], len(dataset_config.classes))
    logging.log_text(profile.as_json(reference), paths.REFERENCE.as_posix())
    logging.log_text(lineage.packages(), lineage.PACKAGES.as_posix())
    lineage.log_uncommitted()
    logging.log_figure(plots.samples(splits["train"], dataset_config.classes), "data/samples.png")


class Recorder:
    """Prints and logs each epoch as it ends, and keeps the state from which a killed training goes on."""

    def __init__(self, model: keras.Model, epochs: int, resume: Path, restored: TrainingState) -> None:
        self.model, self.epochs, self.resume = model, epochs, resume
        self.outbox = Outbox(resume / checkpoint.OUTBOX)
        self.outbox.empty()
        self.logged, self.started = logging.logged_epochs(), time.monotonic()
        self.cpu_before = logging.cpu_seconds() - time.process_time()  # a training that was killed has its share
        for epoch in restored.history:
            self._log(epoch)

    def on_epoch(self, state: TrainingState) -> None:
        """Takes note of the last epoch in `state`, of which the model has the weights."""
        epoch = state.history[-1]
        seconds, self.started = time.monotonic() - self.started, time.monotonic()
        say(line(epoch, self.epochs, state.is_best, seconds))
        checkpointed = f"epoch_{epoch.epoch:03d}.keras" if state.is_best else None
        if checkpointed:
            saving.save(self.model, self.outbox.folder / checkpointed)
        cpu_seconds = self.cpu_before + time.process_time()
        self._log(epoch, checkpointed, epoch_seconds=seconds, cpu_seconds=cpu_seconds)
        checkpoint.save(self.resume, self.model, state)

    def _log(self, epoch: Epoch, checkpointed: str | None = None, **others: float) -> None:
        """Logs an epoch, unless the run has it: of a try that was killed before it could keep its state."""
        points = {} if epoch.epoch in self.logged else curves.named(epoch.row()) | others
        if points or checkpointed:
            self.outbox.put(epoch.epoch, points, checkpointed)
            self.outbox.deliver()


def write_outputs(model: keras.Model, epochs: list[Epoch], out: Path) -> None:
    """Writes the model, with the weights of the best epoch, history.csv and train.json below `out`."""
    best = history.best_epoch(epochs)
    files.write_text(out / paths.HISTORY, history.history_csv(epochs))
    files.write_text(out / paths.TRAIN_METRICS, json.dumps(history.summary(best), indent=2) + "\n")
    saving.save(model, out / paths.MODEL)
    say(f"best epoch {best.epoch}: validation accuracy {best.validation['accuracy']:.4f}")


def line(epoch: Epoch, epochs: int, is_best: bool, seconds: float) -> str:
    """The line printed after an epoch; a star marks the best so far."""
    return (
        f"epoch {epoch.epoch:>{len(str(epochs))}}/{epochs}  "
        f"loss {epoch.training['loss']:.4f}  accuracy {epoch.training['accuracy']:.4f}  "
        f"validation loss {epoch.validation['loss']:.4f}  accuracy {epoch.validation['accuracy']:.4f}"
        f"{' *' if is_best else '  '}  {seconds:.1f} s"
    )
