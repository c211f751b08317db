"""B8: data checks and preprocessing, from a tenth of the images to ten times as many."""

import contextlib
from statistics import median

from benchmarks.benchmark import Benchmark, Figure, Result, Settings
from benchmarks.pairs import alternate
from benchmarks.project import project

SIZES = (7_000, 70_000, 700_000)
QUICK = (1_400, 14_000, 28_000)


def scaling(settings: Settings) -> Result:
    """How seconds and memory grow. The cost of a further image is compared, since most of the start is imports.

    Memory is what the system cannot take back, in one more run of each: that watches itself, which takes CPU.
    """
    sizes = QUICK if settings.quick else SIZES
    with contextlib.ExitStack() as stack:
        projects = {size: stack.enter_context(project({}, size, prepares=False)) for size in sizes}
        for this in projects.values():
            this.run("dvc", "repro", "download")
        programs = {
            f"{size:,} images": lambda this=this: this.pipeline("preprocess") for size, this in projects.items()
        }
        runs = alternate(settings.rounds, programs)
        kept = [int(each.inside("kept_memory.py").number(r"kept (\d+) bytes")) for each in projects.values()]
        raw = sum(path.stat().st_size for path in (projects[sizes[-1]].folder / "data" / "raw").iterdir())
    found = list(runs.values())
    more = (kept[2] - kept[1]) / (sizes[2] - sizes[1])  # bytes for an image
    figures = [
        Figure("CPU", further(sizes, [median(run.cpu for run in each) for each in found])),
        Figure("wall", further(sizes, [median(run.wall for run in each) for each in found])),
        Figure("memory", kept[-1] / raw),
        Figure("of a further image", more / (raw / sizes[-1])),
    ]
    return Result(figures, runs, {"bytes of the largest raw arrays": raw, "bytes kept": kept})


def further(sizes: tuple[int, ...], seconds: list[float]) -> float:
    """Seconds for one more image in the second step from size to size / those in the first; 1 is linear."""
    first, second = ((seconds[n + 1] - seconds[n]) / (sizes[n + 1] - sizes[n]) for n in (0, 1))
    return second / first


BENCHMARKS = [
    Benchmark(
        "B8",
        "data checks and preprocessing: seconds for a further image, 70,000 → 700,000; memory kept",
        "7,000 → 70,000; the raw arrays",
        "1.0 (linear), memory ≤ 2, of a further image ≤ 0.3",
        "4 minutes",
        scaling,
    )
]
