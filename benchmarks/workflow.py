"""B5, B6, B10: `dvc repro` from raw files, with nothing to do, and `make repro` in an empty clone."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.benchmark import Benchmark, Figure, Result, Settings
from benchmarks.measure import Run, run
from benchmarks.pairs import alternate, ratios
from benchmarks.project import ROOT, Project, project

REPRO, TUTORIAL, VERSION, MAKE = "dvc repro", "bare program", "dvc version", "make repro"
BEFORE = 222  # seconds that `make repro` took in an empty clone on the Intel machine where it was first measured
NO_OP_ROUNDS = 10  # they take less than a second


def from_raw_files(settings: Settings) -> Result:
    """B5: the whole `dvc repro` in a fresh copy, from raw files in a folder, against the least that gives a model."""

    def repro() -> Run:
        with project(settings.train(), settings.images, prepares=False) as fresh:
            return fresh.run("dvc", "repro")

    with project(settings.train(), settings.images, prepares=False) as this:
        source, epochs = this.params()["download"]["sources"][0], str(this.params()["train"]["epochs"])
        this.peer("tutorial.py", source, "--epochs", "1")  # brings all that is read into memory
        programs = {REPRO: repro, TUTORIAL: lambda: this.peer("tutorial.py", source, "--epochs", epochs)}
        runs = alternate(settings.rounds, programs)
    tested = {name: [each.number(r"test accuracy (0\.\d+)") for each in found] for name, found in runs.items()}
    return Result(ratios(runs, REPRO, TUTORIAL), runs, {"epochs": epochs, "test accuracy": tested})


def nothing_to_do(settings: Settings) -> Result:
    """B6: `dvc repro` where all is up to date, against the least that DVC does."""
    with project({"train": {"epochs": 1}}, settings.images, prepares=False) as this:
        this.with_all_results()
        programs = {REPRO: lambda: this.run("dvc", "repro"), VERSION: lambda: this.run("dvc", "version")}
        for program in programs.values():
            program()
        runs = alternate(settings.rounds if settings.quick else max(settings.rounds, NO_OP_ROUNDS), programs)
    return Result(ratios(runs, REPRO, VERSION), runs)


def empty_clone(settings: Settings) -> Result:
    """B10: `make repro` in a clone of the last commit, with nothing in the caches of uv and pip."""

    def make() -> Run:
        with tempfile.TemporaryDirectory(prefix="seamline-") as name:
            clone = Project(Path(name) / "clone")
            subprocess.run(["git", "clone", "-q", str(ROOT), str(clone.folder)], check=True)
            clone.change(settings.train())
            outside = [
                part for part in os.environ["PATH"].split(os.pathsep) if part != str(Path(sys.executable).parent)
            ]
            path = os.pathsep.join([f"{sys.base_prefix}/bin", *outside])
            caches = {f"{tool}_CACHE_DIR": f"{name}/cache" for tool in ("UV", "PIP")}
            return run(["make", "repro"], clone.folder, others={"PATH": path} | caches)

    runs = alternate(settings.rounds, {MAKE: make})
    wall = median(each.wall for each in runs[MAKE])
    return Result([Figure("wall", wall, "s"), Figure("ratio", wall / BEFORE)], runs)


BENCHMARKS = [
    Benchmark(
        "B5",
        "the whole `dvc repro` from raw files",
        "the tutorial's program",
        "CPU ≤ 1.1, wall ≤ 0.9",
        "12 minutes",
        from_raw_files,
    ),
    Benchmark("B6", "`dvc repro` with nothing to do", "`dvc version`", "≤ 1.5", "1 minute", nothing_to_do),
    Benchmark(
        "B10",
        "`make repro` in an empty clone, installation included",
        f"{BEFORE} s, on an Intel with AMX",
        "≤ 0.5",
        "10 minutes, downloads 1 GB each time",
        empty_clone,
        by_name_only=True,
    ),
]
