"""What a sweep costs: whole-process CPU seconds of `pipeline tune` against a plain script, one process a trial.

    python -m benchmarks.sweep_cost --images 10000 --trials 20

Both train the same network with the same parameters, as many as `tune` in params.yaml chooses, on the same images; the
plain script prunes nothing and records nothing. Prints the CPU seconds of both, their ratio, and the best validation
accuracy of both.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import optuna
from ruamel.yaml import YAML

from pipeline.config.load import load
from pipeline.data import arrays
from pipeline.tuning.storage import open_storage
from pipeline.tuning.study import load_existing_study, silence_optuna
from pipeline.tuning.trials import best_trial

ROOT = Path(__file__).parents[1]


def make_project(folder: Path, images: int) -> None:
    """A project with `images` training and 5,000 validation images, taken from the prepared training images."""
    for name in ("pipeline", "benchmarks", "dvc.yaml", ".git", ".dvc"):
        (folder / name).symlink_to(ROOT / name)
    whole = arrays.load(ROOT / "data/prepared/train")
    rows = np.random.default_rng(1).permutation(len(whole.labels))[: images + 5000]
    for name, part in (("train", rows[:images]), ("validation", rows[images:])):
        arrays.save(folder / "data/prepared" / name, arrays.Split(whole.images[part], whole.labels[part]))
    params = YAML().load(ROOT / "params.yaml")
    params["dataset"]["train"]["count"] = images + 5000
    YAML().dump(params, folder / "params.yaml")


def cpu_seconds(folder: Path, *command: str) -> float:
    """User and system seconds of a Python program and all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"DVC_ROOT": str(folder), "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
    subprocess.run([sys.executable, *command], cwd=folder, env=environment, check=True, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--images", type=int, default=10_000, help="training images (default 10,000)")
    parser.add_argument("--trials", type=int, default=20, help="trials (default 20)")
    arguments = parser.parse_args()
    (tune,) = load("tune")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_project(folder, arguments.images)
        code = (
            "from pipeline.workflow import prepare; prepare.bring_up_to_date = lambda: None; "
            "from pipeline.commands import tune; tune.main()"
        )
        ours = cpu_seconds(folder, "-c", code, "--trials", str(arguments.trials))
        silence_optuna()
        swept = load_existing_study(open_storage(str(folder / "sweeps/optuna.journal")), tune.study)
        journal = str(folder / "plain.journal")
        plain = optuna.create_study(storage=open_storage(journal), study_name="plain", direction="maximize")
        for trial in swept.trials:
            plain.enqueue_trial(trial.params)
        theirs = sum(cpu_seconds(folder, "-m", "benchmarks.plain_sweep", journal) for _ in swept.trials)
        epochs = sum(len(trial.intermediate_values) for trial in swept.trials)
        plain = optuna.load_study(study_name="plain", storage=open_storage(journal))
        print(f"pipeline tune  {ours:7.1f} CPU-seconds, best {best_trial(swept).value:.4f}, {epochs} epochs")
        all_epochs = len(plain.trials) * tune.epochs
        print(f"plain script   {theirs:7.1f} CPU-seconds, best {plain.best_value:.4f}, {all_epochs} epochs")
        print(f"ratio          {ours / theirs:7.3f}")


if __name__ == "__main__":
    main()
