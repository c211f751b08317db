"""`pipeline tune --ray` with two workers against one, on a cluster of two nodes of one core each on this machine."""

import contextlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.benchmark import Benchmark, Figure, Result, Settings
from benchmarks.measure import Run
from benchmarks.pairs import alternate, ratio, ratios
from benchmarks.project import project
from pipeline.core.errors import UserError
from pipeline.serving import postgres

TWO, ONE = "2 Ray workers", "1 Ray worker"
TRIALS, EPOCHS, IMAGES = 12, 2, 28_000
SPACE = {"dropout": {"low": 0.1, "high": 0.6}}  # all trials take the same time, and none is like another


def sweep(settings: Settings) -> Result:
    """Both train as many trials of the same length, one thread each. Aimed at: 1.6 times as many trials an hour."""
    trials, images = (2, settings.images) if settings.quick else (TRIALS, IMAGES)
    tune = {"trials": trials, "epochs": EPOCHS, "pruner": "none", "sampler": "random", "space": SPACE}
    rates: dict[str, list[float]] = {TWO: [], ONE: []}
    with database() as address, cluster() as head, project({"tune": tune}, images) as this:

        def run(name: str, workers: int) -> Run:
            study = f"benchmark-{uuid.uuid4().hex[:8]}"
            command = ("tune", "--ray", head, "--workers", str(workers), "--study", study, "--storage", address)
            done = this.pipeline(*command)
            rates[name].append(trials_per_hour(address, study))
            return done

        runs = alternate(settings.rounds, {TWO: lambda: run(TWO, 2), ONE: lambda: run(ONE, 1)})
    figures = [Figure("trials/hour", ratio(rates[TWO], rates[ONE])), *ratios(runs, TWO, ONE)]
    shown = {name: round(median(values)) for name, values in rates.items()}
    return Result(figures, runs, {"trials": trials, "epochs": EPOCHS, "images": images, "trials per hour": shown})


def trials_per_hour(address: str, study: str) -> float:
    """How many trials were trained in an hour, from the beginning of the first to the end of the last."""
    import optuna

    found = optuna.load_study(study_name=study, storage=address).get_trials(deepcopy=False)
    ended = [trial.datetime_complete for trial in found if trial.datetime_complete]
    begun = [trial.datetime_start for trial in found if trial.datetime_start]
    return len(ended) / (max(ended) - min(begun)).total_seconds() * 3600


@contextlib.contextmanager
def database() -> Iterator[str]:
    """The address of a new PostgreSQL database."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # PostgreSQL's own user has to reach it
        with postgres.running(Path(folder) / "studies", "optuna") as databases:
            yield databases["optuna"]


@contextlib.contextmanager
def cluster() -> Iterator[str]:
    """The address of a new cluster: a head without cores, and two nodes of one core each."""
    folder = tempfile.mkdtemp(prefix="ray-")  # a short name: sockets are in it
    os.environ |= {"RAY_TMPDIR": folder, "RAY_USAGE_STATS_ENABLED": "0"}
    try:
        from ray.cluster_utils import Cluster
    except ImportError:
        raise UserError("this needs Ray: pip install 'ray>=2.50,<3'") from None
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        for _ in range(2):
            made.add_node(num_cpus=1)
        yield made.address
    finally:
        made.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


BENCHMARKS = [
    Benchmark(
        "ray-sweep",
        "trials per hour of `tune --ray` with two workers, one thread each",
        "with one",
        "",
        "10 minutes",
        sweep,
        by_name_only=True,
    )
]
