"""How long `python -m pipeline verify --all` takes on this folder and a store of many runs.

    python -m benchmarks.verify_cost --runs 200

Makes the store in a temporary folder: each run has the tags, data sets, curves, files, checkpoints and the logged model
of the one that trained the model here, with bytes of its own. Prints wall and CPU seconds of the whole command, and
what the manifest added to a run.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import pandas as pd

from pipeline.config.load import load
from pipeline.config.schema import Dataset
from pipeline.core import cli, paths
from pipeline.core.paths import TRAINING_DATA
from pipeline.data import arrays
from pipeline.data.arrays import Split
from pipeline.evaluation.outputs import TABLES
from pipeline.provenance import dvc_files, lineage


def fill(runs_wanted: int) -> float:
    """Logs that many runs with a model each; returns the seconds that a manifest took."""
    from pipeline.tracking import manifest, runs

    (dataset_config,) = load("dataset")
    tags = lineage.tags(TRAINING_DATA)
    splits = {name: arrays.load(folder) for name, folder in TRAINING_DATA.items()}
    model, seconds = paths.MODEL.read_bytes(), 0.0
    for number in range(runs_wanted):
        with tempfile.TemporaryDirectory() as folder, runs.run() as run_id:
            path = Path(folder) / paths.MODEL.name
            path.write_bytes(model + f"{number}".encode())
            log_run(dataset_config, tags, splits, path)
            started = time.perf_counter()
            manifest.write(run_id)
            seconds += time.perf_counter() - started
    return seconds / runs_wanted


def log_run(dataset_config: Dataset, tags: dict[str, str], splits: dict[str, Split], model: Path) -> None:
    """Logs into the active run what a training and an evaluation log, with the model at this path."""
    from pipeline.tracking.logging import log_data, log_epoch, log_files, log_model, log_start, log_text

    log_start({"train": dvc_files.locked_params("train")}, tags)
    for name, images in splits.items():
        log_data(name, images, tags[f"data.{name}.sha256"], context=name)
    log_text(lineage.packages(), lineage.PACKAGES.as_posix())
    best = 0.0
    for row in pd.read_csv(paths.HISTORY).to_dict("records"):
        log_epoch(row)
        if row["validation_accuracy"] > best:
            best = row["validation_accuracy"]
            checkpoint = model.rename(model.with_name(f"epoch_{int(row['epoch']):03d}.keras"))
            log_files([checkpoint], "checkpoints")
            checkpoint.rename(model)
    log_files([paths.FIGURES])
    log_files([paths.HISTORY, *TABLES], "tables")
    log_model(model, dataset_config.image_shape, dataset_config.classes, splits["train"].images)


@cli.command(__doc__)
@click.option("--runs", type=int, default=200, show_default=True, help="Runs in the store.")
def main(runs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
        os.environ["DVC_ROOT"] = folder  # where the store puts its artifacts
        seconds = fill(runs)
        del os.environ["DVC_ROOT"]
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        shown = subprocess.run(
            [sys.executable, "-m", "pipeline", "verify", "--all"], check=False, stdout=subprocess.PIPE
        )
        wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(shown.stdout.decode())
        print(f"{wall:.1f} s, {cpu:.1f} CPU-seconds; a manifest took {seconds:.3f} s")


if __name__ == "__main__":
    main()
