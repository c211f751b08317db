"""Mends what DVC leaves half written when it is killed in that instant: its lock file, and dvc.lock.

    python -m pipeline repair

`make repro` begins with it. dvc.lock comes back out of git, or goes where git has none; `dvc repro` then takes what
had been done since from DVC's cache. A dvc.lock in the middle of a merge is left alone, with exit code 1.
"""

from pipeline.core.cli import say
from pipeline.provenance.repair import repair


def main() -> None:
    for line in repair():
        say(line)
