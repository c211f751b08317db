"""What git says about the code: its commit, and what differs from it."""

import tempfile
from pathlib import Path

from pipeline.core import paths
from pipeline.core.process import git

SOURCES = [
    "pipeline",
    str(paths.PARAMS),
    "dvc.yaml",
    "requirements.lock",
]  # what decides about a model, besides the data


def uncommitted() -> bytes | None:
    """What `git apply` turns the commit into the present SOURCES with, new files too; empty where there is nothing.

    None where git cannot tell: outside a repository, before the first commit, where nothing may be written. Goes by
    the files themselves, by way of an index of its own: the user's may be told to overlook some of them, and git's
    settings to ignore new ones.
    """
    with tempfile.TemporaryDirectory() as folder:
        elsewhere = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        if git("read-tree", "HEAD", **elsewhere) is None:
            return None
        there = [source for source in SOURCES if Path(source).exists() or git("ls-files", "--", source, **elsewhere)]
        if there and git("add", "--all", "--", *there, **elsewhere) is None:
            return None
        git("add", "--force", "--", ":(glob)pipeline/**/*.py", **elsewhere)
        # diff-index, since what `git diff` writes depends on the user's settings: colours, prefixes, other programs
        plain = ("--patch", "--binary", "--no-ext-diff", "--no-textconv")
        return git("diff-index", "--cached", *plain, "HEAD", "--", *SOURCES, **elsewhere)
