"""One training, recorded: trains, writes the outputs, logs everything into the active MLflow run."""

import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config.schema import Dataset, Train
from pipeline.core import cli, files, paths
from pipeline.core.cli import say

if TYPE_CHECKING:
    import keras

    from pipeline.data.arrays import Split
    from pipeline.training.loop import Epoch, TrainingState


def train(dataset_config: Dataset, params: Train, out: Path, resume: Path) -> None:
    """Trains into the active MLflow run and writes the outputs, other than the run's id, below `out`.

    Goes on from the state in the folder `resume`, if there is one, and keeps it there after each epoch.
    """
    with cli.suppress_stderr():
        from pipeline.data import arrays
        from pipeline.models import architectures, saving
        from pipeline.tracking.logging import log_text
        from pipeline.training import checkpoint, loop

    splits = {name: arrays.load(folder) for name, folder in paths.TRAINING_DATA.items()}
    log_inputs(dataset_config, params, splits)
    architectures.use_threads(params.threads)
    model = architectures.build(dataset_config.image_shape, len(dataset_config.classes), params)
    log_text(saving.summary(model), "model_summary.txt")
    say(f"training {params.model.name}, {model.count_params():,} parameters, on {len(splits['train'].labels):,} images")
    restored = checkpoint.restore(resume, model)
    if restored.history:
        say(f"going on after epoch {len(restored.history)} of {params.epochs}")
    with tempfile.TemporaryDirectory(dir=resume) as checkpoints:  # killed, they go when the state does
        recorder = Recorder(model, params.epochs, resume, Path(checkpoints), restored)
        history = loop.fit(model, splits["train"], splits["validation"], params, recorder.on_epoch, restored)
    write_outputs(dataset_config, model, history, out)


def log_inputs(dataset_config: Dataset, params: Train, splits: dict[str, "Split"]) -> None:
    """Logs what goes into a training: parameters, data sets with samples, data checks, code and packages."""
    from pipeline.evaluation import plots
    from pipeline.provenance import dvc_files, git, lineage
    from pipeline.tracking.logging import log_data, log_difference, log_figure, log_files, log_start, log_text

    tags = lineage.tags(paths.TRAINING_DATA)
    logged = {"train": params.model_dump(), "dataset": {"name": dataset_config.name}}
    log_start(logged | {"preprocess": dvc_files.locked_params("preprocess")}, tags)
    for name, images in splits.items():
        log_data(f"{dataset_config.name} {name}", images, tags[f"data.{name}.sha256"], context=name)
    log_files(paths.DATA_CHECKS, "data")
    log_text(lineage.packages(), lineage.PACKAGES.as_posix())
    difference, left_out = git.carried()
    for line in left_out:
        say(line)
    if difference:
        log_difference(difference, lineage.DIFFERENCE.as_posix())
    log_figure(plots.samples(splits["train"], dataset_config.classes), "data/samples.png")


class Recorder:
    """Prints and logs each epoch as it ends, and keeps the state from which a killed training goes on."""

    def __init__(
        self, model: "keras.Model", epochs: int, resume: Path, checkpoints: Path, restored: "TrainingState"
    ) -> None:
        from pipeline.tracking.logging import log_epoch, logged_epochs

        self.model, self.epochs, self.resume, self.checkpoints = model, epochs, resume, checkpoints
        self.logged, self.started = logged_epochs(), time.monotonic()
        for epoch in restored.history:
            if epoch.epoch not in self.logged:
                log_epoch(epoch.row())

    def on_epoch(self, state: "TrainingState") -> None:
        """Takes note of the last epoch in `state`, of which the model has the weights."""
        from pipeline.models import saving
        from pipeline.tracking.logging import log_epoch, log_files
        from pipeline.training import checkpoint

        epoch = state.history[-1]
        seconds, self.started = time.monotonic() - self.started, time.monotonic()
        say(line(epoch, self.epochs, state.is_best, seconds))
        if epoch.epoch not in self.logged:  # one that was killed before its state was kept may be
            log_epoch(epoch.row(), epoch_seconds=seconds)
        if state.is_best:
            path = self.checkpoints / f"epoch_{epoch.epoch:03d}.keras"
            saving.save(self.model, path)
            log_files([path], "checkpoints")
        checkpoint.save(self.resume, self.model, state)


def write_outputs(dataset_config: Dataset, model: "keras.Model", history: list["Epoch"], out: Path) -> None:
    """Writes the model, with the weights of the best epoch, history.csv and train.json below `out`, and logs them."""
    from pipeline.models import saving
    from pipeline.tracking.logging import log_model, log_training
    from pipeline.training import loop, results

    best = loop.best_epoch(history)
    summary = results.summary(best)
    files.write_text(out / paths.HISTORY, results.history_csv(history))
    files.write_text(out / paths.TRAIN_METRICS, json.dumps(summary, indent=2) + "\n")
    saving.save(model, out / paths.MODEL)
    log_training(summary, out / paths.HISTORY)
    log_model(out / paths.MODEL, dataset_config.image_shape, len(dataset_config.classes))
    say(f"best epoch {best.epoch}: validation accuracy {best.validation['accuracy']:.4f}")


def line(epoch: "Epoch", epochs: int, is_best: bool, seconds: float) -> str:
    """The line printed after an epoch; a star marks the best so far."""
    return (
        f"epoch {epoch.epoch:>{len(str(epochs))}}/{epochs}  "
        f"loss {epoch.training['loss']:.4f}  accuracy {epoch.training['accuracy']:.4f}  "
        f"validation loss {epoch.validation['loss']:.4f}  accuracy {epoch.validation['accuracy']:.4f}"
        f"{' *' if is_best else '  '}  {seconds:.1f} s"
    )
