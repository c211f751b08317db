"""What a team's store costs when it has many runs: PostgreSQL behind MLflow's server, on this machine."""

import contextlib
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from statistics import median

from benchmarks.benchmark import Benchmark, Figure, Result, Settings
from benchmarks.pairs import alternate
from benchmarks.project import Project, project
from pipeline.core.errors import UserError

RUNS = 1000
COMPARED = 5
LIST = """
import mlflow, time
mlflow.search_runs(search_all_experiments=True, max_results=1)
started = time.perf_counter()
mlflow.search_runs(search_all_experiments=True, max_results=100, output_format="list")
print("seconds", time.perf_counter() - started)
"""


def many_runs(settings: Settings) -> Result:
    """Fills the store with copies of a run, trains as many real ones as are compared, and asks for them."""
    count = 10 if settings.quick else RUNS
    with project(settings.train(epochs=1), 4200) as this, server(this) as (address, database):
        where = {"MLFLOW_TRACKING_URI": address}
        this.run("dvc", "repro", others=where)
        run_id = (this.folder / "models/run_id").read_text().strip()
        filled = this.inside("fill_runs.py", database, run_id, str(count))
        for seed in range(2, COMPARED + 1):
            this.run(sys.executable, "-m", "pipeline", "experiment", "--seed", str(seed), others=where)
        compare = (sys.executable, "-m", "pipeline", "compare", "--last", str(COMPARED))
        runs = alternate(
            settings.rounds,
            {
                "compare": lambda: this.run(*compare, others=where),
                "list": lambda: this.run(sys.executable, "-c", LIST, others=where),
            },
        )
    figures = [
        Figure(f"compare --last {COMPARED}", median(run.wall for run in runs["compare"]), "s"),
        Figure("the newest 100 listed", median(run.number(r"seconds ([\d.]+)") for run in runs["list"]), "s"),
    ]
    return Result(figures, runs, {"runs": count, "seconds to write a run": filled.number(r"seconds ([\d.]+)")})


@contextlib.contextmanager
def server(this: Project) -> Iterator[tuple[str, str]]:
    """(address of MLflow's server, address of its database), for the block; all is kept beside the project."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "pipeline", "server", "--port", port, "--folder", str(this.folder.parent / "kept")]
    this.folder.parent.chmod(0o755)  # PostgreSQL's own user has to reach it
    process = subprocess.Popen(command, cwd=this.folder, stdout=subprocess.PIPE, text=True)
    try:
        shown = ""
        for line in process.stdout or ():
            shown += line
            if "Ctrl-C" in line:
                break
        found = re.search(r"MLFLOW_TRACKING_URI=(\S+)\s+export OPTUNA_STORAGE='(\S+)'", shown)
        if not found:
            raise UserError(f"the server did not start: {shown.strip().splitlines()[-1:]}")
        yield found[1], found[2].replace("/optuna?", "/mlflow?")
    finally:
        process.terminate()  # Ctrl-C would be ignored in the background of a shell
        process.wait()


BENCHMARKS = [
    Benchmark(
        "team",
        f"{RUNS:,} runs in PostgreSQL behind MLflow's server: `compare --last {COMPARED}`, and the newest 100 listed",
        "",
        "",
        "5 minutes",
        many_runs,
        by_name_only=True,
    )
]
