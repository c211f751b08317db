"""B9: pictures a second from files on disk, `python -m pipeline predict` against `model.predict`."""

from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from benchmarks.benchmark import Benchmark, Figure, Result, Settings
from benchmarks.measure import Run
from benchmarks.pairs import alternate
from benchmarks.project import project

OURS, THEIRS = "predict", "model.predict"
PICTURES = 10_000


def from_files(settings: Settings) -> Result:
    """Both are warm: the clock runs from the first answer to the last, or from when the model is ready to the end."""
    count = 300 if settings.quick else PICTURES
    with project({"train": {"epochs": 1}}, settings.images) as this:
        this.train()  # how good the model is does not matter here
        folder = write_pictures(this.folder, count)
        run_id = (this.folder / "models" / "run_id").read_text().strip()
        first, last = (path.name for path in (min(folder.iterdir()), max(folder.iterdir())))

        def ours() -> Run:
            return this.pipeline("predict", str(folder), "--run", run_id, "--json", mark=f"{first}|{last}").between()

        def theirs() -> Run:
            return this.peer("predict_files.py", "models/model.keras", str(folder), mark="^(begin|end)").between()

        theirs()
        runs = alternate(settings.rounds, {OURS: ours, THEIRS: theirs})
    pace = {name: count / median(run.wall for run in found) for name, found in runs.items()}
    pairs = list(zip(runs[OURS], runs[THEIRS], strict=True))
    figures = [
        Figure("images/s", median(theirs.wall / ours.wall for ours, theirs in pairs)),
        Figure("images/CPU-s", median(theirs.cpu / ours.cpu for ours, theirs in pairs)),
    ]
    return Result(figures, runs, {"pictures": count, "pictures a second": {name: round(x) for name, x in pace.items()}})


def write_pictures(folder: Path, count: int) -> Path:
    """Writes test images as PNG files, each as often as it takes. Returns their folder."""
    images = np.load(folder / "data" / "prepared" / "test" / "images.npy", mmap_mode="r")
    pictures = folder.parent / "pictures"
    pictures.mkdir()
    for number in range(count):
        image = images[number % len(images)]
        Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image).save(pictures / f"{number:06d}.png")
    return pictures


BENCHMARKS = [
    Benchmark(
        "B9",
        f"batch prediction, {PICTURES:,} PNG files",
        "decoding them and `model.predict` in a warm process",
        "images/s ≥ 1.5",
        "3 minutes",
        from_files,
    )
]
