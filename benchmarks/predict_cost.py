"""How fast `python -m pipeline predict` answers, against the least that a Keras program needs.

    python -m benchmarks.predict_cost --rounds 5 --pictures 10000

Prints two ratios: the time to the first answer over the time of `import keras`, each in a process of its own and in
turns; and pictures a second of a folder of PNG files over those of a warm loop that decodes 32 files, one after the
other, and gives them to `model.predict`. Needs a champion, and the prepared test data.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np
from PIL import Image

from pipeline.core import cli, paths
from pipeline.data import arrays
from pipeline.provenance.lineage import tags

BATCH = 32


def predict(*arguments: str) -> tuple[float, float]:
    """Seconds from the start of the command to its first answer, and from there to its last."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "pipeline", "predict", "--json", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        first = time.perf_counter()
        process.stdout.read()
        last = time.perf_counter()
    assert process.returncode == 0, "predict failed"
    return first - started, last - first


def import_keras() -> float:
    """Seconds of a program that does nothing else."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import keras"], stderr=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def plain_loop(folder: Path) -> float:
    """Seconds that a plain program takes for all files in a folder, once its model is loaded and warm."""
    import keras

    model = keras.saving.load_model(paths.MODEL, compile=False)
    shape, found = model.input_shape[1:], sorted(folder.iterdir())
    model.predict(np.zeros((BATCH, *shape), np.uint8), verbose=0)
    started = time.perf_counter()
    for start in range(0, len(found), BATCH):
        images = []
        for path in found[start : start + BATCH]:
            with Image.open(path) as picture:
                images.append(np.asarray(picture).reshape(shape))
        model.predict(np.stack(images), verbose=0)
    return time.perf_counter() - started


def write_pictures(folder: Path, count: int) -> None:
    """Test images as PNG files, each as often as it takes."""
    images = arrays.load(paths.TEST).images
    for number in range(count):
        image = images[number % len(images)]
        Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image).save(folder / f"{number:06d}.png")


@cli.command(__doc__)
@click.option("--rounds", type=int, default=5, show_default=True)
@click.option("--pictures", type=int, default=10_000, show_default=True)
def main(rounds: int, pictures: int) -> None:
    print(tags({}).get("processor"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pictures(folder, pictures)
        one = str(next(folder.iterdir()))
        first, alone = zip(*((predict(one)[0], import_keras()) for _ in range(rounds)), strict=True)
        ours, theirs = statistics.median(first), statistics.median(alone)
        print(f"first answer {ours:.2f} s, import keras {theirs:.2f} s: {ours / theirs:.2f} times")
        all_ours, all_theirs = zip(*((predict(name)[1], plain_loop(folder)) for _ in range(rounds)), strict=True)
        ours, theirs = pictures / statistics.median(all_ours), pictures / statistics.median(all_theirs)
        print(f"{ours:,.0f} pictures a second, a warm loop of model.predict {theirs:,.0f}: {ours / theirs:.1f} times")


if __name__ == "__main__":
    main()
