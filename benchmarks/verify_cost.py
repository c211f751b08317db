"""How long `python -m pipeline verify --all` takes on this folder and a store of many runs.

    python -m benchmarks.verify_cost --runs 200

Makes the store in a temporary folder: each run has the tags, data sets and the logged model of a real one, with bytes
of its own. Prints wall and CPU seconds of the whole command.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from pipeline.config.load import load
from pipeline.core import cli, paths
from pipeline.core.paths import TRAINING_DATA
from pipeline.data import arrays
from pipeline.provenance import lineage


def fill(runs_wanted: int) -> None:
    """Logs that many runs with a model each."""
    from pipeline.tracking import runs
    from pipeline.tracking.logging import log_data, log_model, log_start

    (dataset_config,) = load("dataset")
    tags = lineage.tags(TRAINING_DATA)
    splits = {name: arrays.load(folder) for name, folder in TRAINING_DATA.items()}
    model = paths.MODEL.read_bytes()
    for number in range(runs_wanted):
        with tempfile.TemporaryDirectory() as folder, runs.run():
            log_start({}, tags)
            for name, images in splits.items():
                log_data(name, images, tags[f"data.{name}.sha256"], context=name)
            path = Path(folder) / paths.MODEL.name
            path.write_bytes(model + f"{number}".encode())
            log_model(path, dataset_config.image_shape, len(dataset_config.classes))


@cli.command(__doc__)
@click.option("--runs", type=int, default=200, show_default=True, help="Runs in the store.")
def main(runs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
        os.environ["DVC_ROOT"] = folder  # where the store puts its artifacts
        fill(runs)
        del os.environ["DVC_ROOT"]
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        shown = subprocess.run(
            [sys.executable, "-m", "pipeline", "verify", "--all"], check=False, stdout=subprocess.PIPE
        )
        wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(shown.stdout.decode())
        print(f"{wall:.1f} s, {cpu:.1f} CPU-seconds")


if __name__ == "__main__":
    main()
