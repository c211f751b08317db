"""Mends the two files that DVC (3.67) leaves half written when it is killed in that instant."""

import json
from pathlib import Path

from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.core.process import git
from pipeline.provenance import dvc_files

RWLOCK = Path(".dvc/tmp/rwlock")


def repair() -> list[str]:
    """Mends DVC's lock file and dvc.lock where DVC could not read them; returns a line for each that it changed.

    Raises UserError for a dvc.lock in the middle of a merge: what is in it, nobody else can decide.
    """
    repaired = []
    try:
        if RWLOCK.is_file():
            json.loads(RWLOCK.read_bytes())
    except ValueError:
        RWLOCK.unlink()
        repaired.append(f"{RWLOCK} was half written; it is removed")
    try:
        dvc_files.locked()
    except UserError:
        # git has noted a conflict until the file is added, then the two sides are still in it
        if git("ls-files", "--unmerged", "--", str(paths.LOCK)) or b"\n<<<<<<< " in b"\n" + paths.LOCK.read_bytes():
            raise UserError(
                f"{paths.LOCK}: a merge left conflicts in it; take one side, "
                f"`git checkout --ours {paths.LOCK}` or --theirs, then `dvc repro` and `git add {paths.LOCK}`"
            ) from None
        is_back = git("checkout", "--quiet", "HEAD", "--", str(paths.LOCK)) is not None
        if not is_back:
            paths.LOCK.unlink()
        repaired.append(f"{paths.LOCK} was half written; {'the committed one is back' if is_back else 'it is removed'}")
    return repaired
