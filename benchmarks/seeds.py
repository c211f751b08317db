"""What the default parameters reach: test accuracy over seeds, as a mean with its spread.

    python -m benchmarks.seeds 1 2 3

Each seed is one run of `python -m pipeline experiment`, in MLflow like any other.
"""

import argparse
import re
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_accuracy(seed: int) -> float:
    """Trains and evaluates with `seed`; returns the accuracy on the test images."""
    command = [sys.executable, "-m", "pipeline", "experiment", "--seed", str(seed)]
    shown = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return float(re.search(r"test accuracy ([\d.]+)", shown.stdout).group(1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("seeds", type=int, nargs="+", help="two or more, to see a spread")
    found = []
    for seed in parser.parse_args().seeds:
        found.append(test_accuracy(seed))
        print(f"seed {seed}: test accuracy {found[-1]:.4f}", flush=True)
    spread = statistics.stdev(found) if len(found) > 1 else 0.0
    print(f"mean {statistics.mean(found):.4f}, standard deviation {spread:.4f}, lowest {min(found):.4f}")


if __name__ == "__main__":
    main()
