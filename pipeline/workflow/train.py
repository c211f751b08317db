"""One training, recorded: trains, writes the outputs, logs everything into the active MLflow run."""

import json
import tempfile
import time
from pathlib import Path

import keras

from pipeline.config.schema import Dataset, Train
from pipeline.core import files, paths
from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.data import arrays, profile
from pipeline.data.arrays import Split
from pipeline.evaluation import plots
from pipeline.models import architectures, saving
from pipeline.provenance import dvc_files, lineage
from pipeline.tracking import logging
from pipeline.training import checkpoint, history, loop, optimizers, precision
from pipeline.training.history import Epoch, TrainingState


def train(dataset_config: Dataset, params: Train, out: Path, resume: Path) -> None:
    """Trains into the active MLflow run and writes the outputs, other than the run's id, below `out`.

    Goes on from the state in the folder `resume`, if there is one, and keeps it there after each epoch.
    """
    splits = {name: arrays.load(folder) for name, folder in paths.TRAINING_DATA.items()}
    if params.batch_size > (images := len(splits["train"].labels)):  # params.yaml need not say how many there are
        raise UserError(f"train.batch_size: should be at most the {images} training images, not {params.batch_size}")
    log_inputs(dataset_config, params, splits)
    architectures.use_threads(params.threads)
    chosen = precision.resolved(params)
    model = architectures.build(dataset_config.image_shape, len(dataset_config.classes), chosen)
    logging.log_text(saving.summary(model), "model_summary.txt")
    say(f"training {params.model.name}, {model.count_params():,} parameters, on {len(splits['train'].labels):,} images")
    optimizers.compile_model(model, params, len(splits["train"].labels))
    restored = checkpoint.restore(resume, model)
    if restored.history:
        say(f"going on after epoch {len(restored.history)} of {params.epochs}")
    recorder = Recorder(model, params.epochs, resume, restored)
    epochs = loop.fit(model, splits["train"], splits["validation"], params, recorder.on_epoch, restored)
    write_outputs(dataset_config, model, epochs, out)


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
        self.logged, self.started = logging.logged_epochs(), time.monotonic()
        self.cpu_before = logging.cpu_seconds() - time.process_time()  # a training that was killed has its share
        for epoch in restored.history:
            self._log(epoch)

    def on_epoch(self, state: TrainingState) -> None:
        """Takes note of the last epoch in `state`, of which the model has the weights."""
        epoch = state.history[-1]
        seconds, self.started = time.monotonic() - self.started, time.monotonic()
        say(line(epoch, self.epochs, state.is_best, seconds))
        self._log(epoch, epoch_seconds=seconds, cpu_seconds=self.cpu_before + time.process_time())
        if state.is_best:
            with tempfile.TemporaryDirectory(dir=self.resume) as folder:  # killed, it goes when the state does
                path = Path(folder) / f"epoch_{epoch.epoch:03d}.keras"
                saving.save(self.model, path)
                logging.log_files([path], "checkpoints")
        checkpoint.save(self.resume, self.model, state)

    def _log(self, epoch: Epoch, **others: float) -> None:
        """Logs an epoch, unless the run has it: of a try that was killed before it could keep its state."""
        if epoch.epoch not in self.logged:
            logging.log_epoch(epoch.row(), **others)


def write_outputs(dataset_config: Dataset, model: keras.Model, epochs: list[Epoch], out: Path) -> None:
    """Writes the model, with the weights of the best epoch, history.csv and train.json below `out`, and logs them."""
    best = history.best_epoch(epochs)
    summary = history.summary(best)
    files.write_text(out / paths.HISTORY, history.history_csv(epochs))
    files.write_text(out / paths.TRAIN_METRICS, json.dumps(summary, indent=2) + "\n")
    saving.save(model, out / paths.MODEL)
    images = arrays.load(paths.TRAIN).images
    logging.log_model(out / paths.MODEL, dataset_config.image_shape, dataset_config.classes, images)
    logging.log_training(summary, out / paths.HISTORY)  # once the model is there, whose results they are
    say(f"best epoch {best.epoch}: validation accuracy {best.validation['accuracy']:.4f}")


def line(epoch: Epoch, epochs: int, is_best: bool, seconds: float) -> str:
    """The line printed after an epoch; a star marks the best so far."""
    return (
        f"epoch {epoch.epoch:>{len(str(epochs))}}/{epochs}  "
        f"loss {epoch.training['loss']:.4f}  accuracy {epoch.training['accuracy']:.4f}  "
        f"validation loss {epoch.validation['loss']:.4f}  accuracy {epoch.validation['accuracy']:.4f}"
        f"{' *' if is_best else '  '}  {seconds:.1f} s"
    )
