"""B11: how long each command takes from its start to its first useful line."""

import contextlib
import sys
from collections.abc import Callable
from functools import partial
from statistics import median

from benchmarks.benchmark import Benchmark, Figure, Result, Settings
from benchmarks.measure import Run
from benchmarks.pairs import alternate, ratio
from benchmarks.prediction import write_pictures
from benchmarks.project import Changes, project

IMPORT = "import tensorflow"
STAGES = {"train": "^training ", "evaluate": "^test accuracy", "preprocess": "^checking"}  # name → line waited for
COMMANDS = {
    "verify": "✓",
    "summary": "validation accuracy",
    "adopt RUN": ".",
    "compare --last 2": ".",
    "predict PICTURE --run RUN --json": "label",
    "experiment --help": ".",
    "tune --help": ".",
}
HEADLINE = ["verify", "summary", "adopt", "tune --help"]  # for which seconds are aimed for


def starts(settings: Settings) -> Result:
    """Each command in a project with two runs, up to its first useful line; then it is ended, the stages elsewhere."""
    with contextlib.ExitStack() as stack:
        changes: Changes = {"train": {"epochs": 1}}
        this, other = (stack.enter_context(project(changes, settings.images, prepares=False)) for _ in range(2))
        for each in (this, other):
            each.with_all_results()
        this.pipeline("experiment", "--seed", "2")
        run_id = (this.folder / "models" / "run_id").read_text().strip()
        picture = str(next(write_pictures(this.folder, 1).iterdir()))
        programs: dict[str, Callable[[], Run]] = {
            IMPORT: lambda: this.run(sys.executable, "-c", "import tensorflow"),
        }
        for name, line in STAGES.items():
            start = other.train if name == "train" else partial(other.pipeline, name)
            programs[name] = partial(start, mark=line, stops=True)
        for arguments, line in COMMANDS.items():
            words = arguments.replace("RUN", run_id).replace("PICTURE", picture).split()
            programs[shown(arguments)] = partial(this.pipeline, *words, mark=line, stops=True)
        for program in programs.values():
            program()
        runs = alternate(settings.rounds, programs)
    wall = {name: [run.wall for run in found] for name, found in runs.items()}
    figures = [Figure("train", ratio(wall["train"], wall[IMPORT]))]
    figures += [Figure(name, median(wall[name]), "s") for name in HEADLINE]
    return Result(figures, runs)


def shown(arguments: str) -> str:
    """A command as the tables name it: `tune --help`, `adopt`."""
    name, *rest = arguments.split()
    return arguments if rest == ["--help"] else name


BENCHMARKS = [
    Benchmark(
        "B11",
        "start of each command until its first useful line",
        "`import tensorflow`",
        "train ≤ 1.3; verify, summary, adopt, tune --help ≤ 1 s",
        "4 minutes",
        starts,
    )
]
