"""Mends what DVC leaves half written when it is killed in that instant: its lock file, and dvc.lock.

    python -m pipeline repair

`make repro` begins with it. dvc.lock comes back out of git, or goes where git has none; `dvc repro` then takes what
had been done since from DVC's cache.
"""

import json
import subprocess
from pathlib import Path

from pipeline.core import paths
from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.provenance import dvc_files

RWLOCK = Path(".dvc/tmp/rwlock")


def repair() -> list[str]:
    """Mends both files where DVC 3.67 could not read them; returns a line for each that it changed."""
    mended = []
    if RWLOCK.is_file():
        try:
            json.loads(RWLOCK.read_bytes())
        except ValueError:
            RWLOCK.unlink()
            mended.append(f"{RWLOCK} was half written; it is removed")
    try:
        dvc_files.locked()
    except UserError:
        command = ["git", "checkout", "--quiet", "HEAD", "--", str(paths.LOCK)]
        from_git = subprocess.run(command, capture_output=True, check=False).returncode == 0
        if not from_git:
            paths.LOCK.unlink()
        mended.append(f"{paths.LOCK} was half written; {'the committed one is back' if from_git else 'it is removed'}")
    return mended


def main() -> None:
    for line in repair():
        say(line)
