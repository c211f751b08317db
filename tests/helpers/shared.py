"""What is dear to make, made once for all the processes that pytest-xdist runs the tests in."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock


def made_once(tmp_path_factory, name: str, make: Callable[[Path], None]) -> Path:
    """The folder `name/a b é` that `make` has made, in this process or another one. Nobody may change it."""
    session = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        session = session.parent
    folder, mark = session / name / "a b é", session / name / "made"
    folder.parent.mkdir(exist_ok=True)
    with FileLock(folder.parent / "lock"):
        if not mark.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of one that failed
            make(folder)
            mark.touch()
    return folder
