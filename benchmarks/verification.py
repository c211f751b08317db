"""How long `python -m pipeline verify --all` takes on a store of many runs."""

from statistics import median

from benchmarks.benchmark import Benchmark, Figure, Result, Settings
from benchmarks.pairs import alternate
from benchmarks.project import project

RUNS = 200


def verify_all(settings: Settings) -> Result:
    """Fills the store of a project with runs that have the files of a real one, and verifies all of it."""
    count = 3 if settings.quick else RUNS
    with project({"train": {"epochs": 1}}, settings.images, prepares=False) as this:
        this.with_all_results()
        filled = this.inside("fill_store.py", str(count))
        size = sum(path.stat().st_size for path in (this.folder / "mlruns").rglob("*") if path.is_file())
        runs = alternate(settings.rounds, {"verify --all": lambda: this.pipeline("verify", "--all")})
    cpu = median(run.cpu for run in runs["verify --all"])
    notes = {"runs": count, "GB": round(size / 1e9, 2), "seconds of a manifest": filled.number(r"manifest ([\d.]+)")}
    return Result([Figure("CPU", cpu, "s")], runs, notes)


BENCHMARKS = [
    Benchmark(
        "verify",
        f"`verify --all` on a folder and {RUNS} runs",
        "",
        "",
        "10 minutes, 4 GB of disk",
        verify_all,
        by_name_only=True,
    )
]
