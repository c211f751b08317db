"""Trains the model on the prepared training data, under an MLflow run.

Writes models/model.keras, the best epoch by validation accuracy; models/run_id, the MLflow run, which evaluate
continues; reports/history.csv and reports/train.json. The same parameters, data, code and number of threads give the
same model, byte for byte, on one machine. Killed, it goes on from the last finished epoch, in the same run.
"""

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from pipeline import console, edits, files, paths
from pipeline.console import say
from pipeline.sections import Dataset, Train

if TYPE_CHECKING:
    from pipeline.fitting import Epoch

SHELLS = ("sh", "ash", "dash", "bash", "zsh", "ksh", "fish")
DATA = {"train": paths.TRAIN, "validation": paths.VALIDATION}


@contextlib.contextmanager
def training_run(description: Dataset, params: Train) -> Iterator[tuple[str, Path]]:
    """Opens the run of this training: one that was killed goes on. Yields its id and the folder of its state."""
    with console.hushed():
        from pipeline import lineage, lookup, runs, state, store
        from pipeline.fingerprint import fingerprint

    store.open_store()
    hashes = {name: lineage.folder_sha256(folder) for name, folder in DATA.items()}
    training = fingerprint(params, hashes | {"dataset": description.name})
    with state.claim(training) as folder:
        earlier, status = lookup.find_tagged("training.state", state.identity(folder)) or (None, None)
        is_over = status == "FINISHED" and not state.exists(folder)
        if earlier and (is_over or is_committed(earlier)):
            state.empty(folder)
            earlier = None
        begun = None
        if earlier and "MLFLOW_RUN_ID" in os.environ:  # `mlflow run` has opened a run of its own
            if status != "FINISHED":
                runs.end(earlier, "KILLED")
            begun, earlier = earlier, None
        tags = {"training": folder.name, "training.state": state.identity(folder)}
        with runs.run(earlier, tags=tags) as run_id:
            if begun:
                take_checkpoints(begun)
            yield run_id, folder


def take_checkpoints(run_id: str) -> None:
    """Logs into the active run the checkpoints of the run in which its training began."""
    from pipeline import lookup, tracking

    with tempfile.TemporaryDirectory() as folder:
        if taken := lookup.download(run_id, Path("checkpoints"), Path(folder)):
            tracking.log_files([taken])


def is_committed(run_id: str) -> bool:
    """Whether DVC knows the outputs of this run: then to train again is what somebody wants, not a second try."""
    from pipeline import dvcfiles

    md5 = hashlib.md5(f"{run_id}\n".encode(), usedforsecurity=False).hexdigest()
    return dvcfiles.locked_hashes().get(paths.RUN_ID.as_posix()) == md5


def train(description: Dataset, params: Train, out: Path, resume: Path) -> None:
    """Trains into the active MLflow run and writes the outputs, other than the run's id, below `out`.

    Goes on from the state in the folder `resume`, if there is one, and keeps it there after each epoch.
    """
    with console.hushed():
        import pandas as pd

        from pipeline import dataset, figures, fitting, lineage, models, state, tracking

    splits = {name: dataset.load(folder) for name, folder in DATA.items()}
    tags = lineage.tags(DATA)
    split = json.loads(paths.DATA_CHECKS[0].read_text(encoding="utf-8"))["split"]
    logged = {"train": params.model_dump(), "preprocess": split, "dataset": {"name": description.name}}
    tracking.log_start(logged, tags)
    for name, images in splits.items():
        tracking.log_data(f"{description.name} {name}", images, tags[f"data.{name}.sha256"], context=name)
    tracking.log_files(paths.DATA_CHECKS, "data")
    tracking.log_text(lineage.packages(), "environment/requirements.txt")
    if difference := lineage.uncommitted():
        tracking.log_bytes(difference, "environment/uncommitted.diff")
    tracking.log_figure(figures.samples(splits["train"], description.classes), "data/samples.png")

    models.use_threads(params.threads)
    model = models.build(description.image_shape, len(description.classes), params)
    tracking.log_text(models.summary(model), "model_summary.txt")
    say(f"training {params.model}, {model.count_params():,} parameters, on {len(splits['train'].labels):,} images")
    restored, logged = state.restore(resume, model), tracking.logged_epochs()
    for epoch in restored.history:
        if epoch.epoch not in logged:
            tracking.log_epoch(epoch._asdict())
    if restored.history:
        say(f"going on after epoch {len(restored.history)} of {params.epochs}")

    started_by = starter()
    with tempfile.TemporaryDirectory(dir=resume) as checkpoints:  # killed, they go when the state does
        started = time.monotonic()

        def on_epoch(progress: fitting.Progress) -> None:
            nonlocal started
            epoch = progress.history[-1]
            seconds, started = time.monotonic() - started, time.monotonic()
            say(line(epoch, params.epochs, progress.is_best, seconds))
            if epoch.epoch not in logged:  # one that was killed before its state was kept may be
                tracking.log_epoch(epoch._asdict(), epoch_seconds=seconds)
            if progress.is_best:
                checkpoint = Path(checkpoints) / f"epoch_{epoch.epoch:03d}.keras"
                models.save(model, checkpoint)
                tracking.log_files([checkpoint], "checkpoints")
            state.save(resume, model, progress)
            if starter() != started_by:
                raise KeyboardInterrupt  # DVC was killed: nobody would note what came out

        history = fitting.fit(model, splits["train"], splits["validation"], params, on_epoch, restored)

    best = fitting.best_epoch(history)
    summary = metrics(best)
    files.write_text(out / paths.HISTORY, pd.DataFrame(history).round(6).to_csv(index=False))
    files.write_text(out / paths.TRAIN_METRICS, json.dumps(summary, indent=2) + "\n")
    models.save(model, out / paths.MODEL)
    tracking.log_training(summary, out / paths.HISTORY)
    tracking.log_model(out / paths.MODEL, description.image_shape, len(description.classes))
    say(f"best epoch {best.epoch}: validation accuracy {best.validation_accuracy:.4f}")


def starter() -> int | None:
    """The number of the DVC process that runs this stage, past the shell between them; None where there is none."""
    if "DVC_STAGE" not in os.environ:
        return None
    try:
        parent = psutil.Process(os.getppid())
        return parent.ppid() if parent.name() in SHELLS else parent.pid
    except psutil.NoSuchProcess:  # this very moment
        return None


def metrics(best: "Epoch") -> dict[str, Any]:
    """What reports/train.json holds: the figures of the best epoch."""
    return {
        "best_epoch": best.epoch,
        "train": {"accuracy": round(best.accuracy, 6), "loss": round(best.loss, 6)},
        "validation": {"accuracy": round(best.validation_accuracy, 6), "loss": round(best.validation_loss, 6)},
    }


def line(epoch: "Epoch", epochs: int, is_best: bool, seconds: float) -> str:
    """The line printed after an epoch; a star marks the best so far."""
    return (
        f"epoch {epoch.epoch:>{len(str(epochs))}}/{epochs}  "
        f"loss {epoch.loss:.4f}  accuracy {epoch.accuracy:.4f}  "
        f"validation loss {epoch.validation_loss:.4f}  accuracy {epoch.validation_accuracy:.4f}"
        f"{' *' if is_best else '  '}  {seconds:.1f} s"
    )


def main() -> None:
    begun = edits.begin("dataset", "train")
    description, params = begun.params
    with edits.outputs(), training_run(description, params) as (run_id, resume):
        train(description, params, Path(), resume)
        edits.refuse(begun)
        files.write_text(paths.RUN_ID, run_id + "\n")


if __name__ == "__main__":
    console.run(main, __doc__)
