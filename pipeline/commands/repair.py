"""Mends what DVC leaves half written when it is killed in that instant: its lock file, and dvc.lock.

    python -m pipeline repair

`make repro` begins with it. dvc.lock comes back out of git, or goes where git has none; `dvc repro` then takes what
had been done since from DVC's cache. Exit code 1 where dvc.lock is in the middle of a merge, which it leaves alone, and
where an MLflow server does not answer: `dvc repro` would remove the outputs of a stage before that asks.
"""

import os

from pipeline.core.cli import say
from pipeline.provenance.repair import repair


def main() -> None:
    for line in repair():
        say(line)
    if os.environ.get("MLFLOW_TRACKING_URI"):  # not the store in this folder
        from pipeline.tracking import store

        store.open_store()
