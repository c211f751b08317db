"""What crash safety costs: the share of a training's CPU seconds that goes into keeping its state after each epoch.

    python -m benchmarks.state_cost --epochs 3

Trains as the train stage does, with the parameters of params.yaml on the prepared images, in this process; states go to
a temporary folder. Counted are the fingerprint of parameters, data and code, and every write of a state.
"""

import argparse
import tempfile
import time
from pathlib import Path

from pipeline.config.load import load
from pipeline.core import cli, files
from pipeline.core.paths import TRAINING_DATA


class Stopwatch:
    """CPU and wall seconds of all blocks that were entered."""

    def __init__(self) -> None:
        self.cpu = self.wall = 0.0

    def __enter__(self) -> None:
        self.started = time.process_time(), time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.cpu += time.process_time() - self.started[0]
        self.wall += time.perf_counter() - self.started[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--epochs", type=int, default=3, help="epochs (default 3)")
    arguments = parser.parse_args()
    description, params = load("dataset", "train", overrides={"train": {"epochs": arguments.epochs}})
    with cli.suppress_stderr():
        from pipeline.data import arrays
        from pipeline.models import architectures
        from pipeline.training import checkpoint, fingerprint, history, loop

    whole, safety = Stopwatch(), Stopwatch()
    with tempfile.TemporaryDirectory() as folder, whole:
        splits = {name: arrays.load(images) for name, images in TRAINING_DATA.items()}
        architectures.use_threads(params.threads)
        model = architectures.build(description.image_shape, len(description.classes), params)
        with safety:
            hashes = {name: files.folder_sha256(images) for name, images in TRAINING_DATA.items()}
            fingerprint.fingerprint(params, hashes)

        def on_epoch(progress: history.TrainingState) -> None:
            with safety:
                checkpoint.save(Path(folder), model, progress)

        loop.fit(model, splits["train"], splits["validation"], params, on_epoch, history.TrainingState([], []))
    for name, watch in (("training", whole), ("crash safety", safety)):
        print(f"{name:<13}{watch.cpu:8.2f} CPU-seconds {watch.wall:8.2f} s")
    print(f"share        {safety.cpu / whole.cpu:8.4f}             {safety.wall / whole.wall:8.4f}")


if __name__ == "__main__":
    main()
