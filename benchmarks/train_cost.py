"""What tracking costs: whole-process CPU seconds of the train stage against a bare Keras script, in alternation.

    python -m benchmarks.train_cost --rounds 3

Both train the same network on the same rows, epochs and batch size, from start of the interpreter to its end, in a
temporary copy of the project with an MLflow store of its own. Prints each round and the median of the ratios.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
PROGRAMS = {"tracked": ["pipeline", "train"], "bare": ["benchmarks.bare_keras"]}


def copy_project(folder: Path, epochs: int | None) -> None:
    """Makes a folder in which both programs run as they do in the repository."""
    for name in ("pipeline", "benchmarks", "reports"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "data").symlink_to(ROOT / "data")
    params = YAML().load(ROOT / "params.yaml")
    if epochs:
        params["train"]["epochs"] = epochs
    YAML().dump(params, folder / "params.yaml")


def cpu_seconds(program: list[str], folder: Path) -> float:
    """User and system seconds of `python -m program` and all that it starts."""
    shutil.rmtree(folder / ".state", ignore_errors=True)  # else the next round goes on from where this one ended
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {
        "DVC_ROOT": str(folder),
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
    }
    subprocess.run(
        [sys.executable, "-m", *program],
        cwd=folder,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="pairs of runs (default 3)")
    parser.add_argument("--epochs", type=int, help="instead of the number in params.yaml")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        copy_project(Path(temporary), arguments.epochs)
        ratios = []
        for number in range(arguments.rounds):
            order = list(PROGRAMS) if number % 2 == 0 else list(PROGRAMS)[::-1]
            seconds = {name: cpu_seconds(PROGRAMS[name], Path(temporary)) for name in order}
            ratios.append(seconds["tracked"] / seconds["bare"])
            print(
                f"round {number + 1}: tracked {seconds['tracked']:.1f} CPU-seconds, bare {seconds['bare']:.1f}, "
                f"ratio {ratios[-1]:.3f}",
                flush=True,
            )
        print(f"tracked / bare: median {statistics.median(ratios):.3f}, {min(ratios):.3f} to {max(ratios):.3f}")


if __name__ == "__main__":
    main()
