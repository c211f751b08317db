"""This folder as it was in a commit, in a temporary place."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from pipeline.core.errors import UserError
from pipeline.core.process import dvc, git, require_git

PREFIX = "seamline-reproduce-"  # of the temporary folder; the number of the process follows


@contextlib.contextmanager
def worktree(commit: str) -> Iterator[Path]:
    """A git worktree of a commit, for the block, sharing DVC's cache. Raises UserError without such a commit."""
    if git("rev-parse", "--quiet", "--verify", f"{commit}^{{commit}}") is None:
        raise UserError(f"commit {commit} is not in this repository")
    remove_left()
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-") as temporary:
        folder = Path(temporary) / "worktree"
        no_hooks = ("-c", f"core.hooksPath={os.devnull}")  # `dvc install` has one, which would want the data already
        try:
            require_git(*no_hooks, "worktree", "add", "--quiet", "--detach", str(folder), commit)
            inside = folder / require_git("rev-parse", "--show-prefix").decode().strip()
            dvc("cache", "dir", "--local", str(Path(dvc("cache", "dir")).resolve()), folder=inside)
            dvc("config", "--local", "core.autostage", "true", folder=inside)  # else it says what to `git add` here
            yield inside
        finally:
            git("worktree", "remove", "--force", str(folder))


def remove_left() -> None:
    """Removes the worktrees of processes that were killed."""
    for line in require_git("worktree", "list", "--porcelain").decode().splitlines():
        above = Path(line.removeprefix("worktree ")).parent
        number = above.name.removeprefix(PREFIX).partition("-")[0]
        if line.startswith("worktree ") and above.name.startswith(PREFIX) and not psutil.pid_exists(int(number)):
            git("worktree", "remove", "--force", str(above / "worktree"))
            shutil.rmtree(above, ignore_errors=True)
