"""What git says about the code: its commit, what differs from it, whether a commit is part of the history."""

import contextlib
import functools
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipeline.core import paths
from pipeline.core.process import git
from pipeline.core.untrusted import matches

# what decides about a model, besides the data
SOURCES = ["pipeline", str(paths.PARAMS), str(paths.PIPELINE), "requirements.lock"]
NEW = ":(glob)pipeline/**/*.py"  # of what is in pipeline/ and git does not know yet: a run carries nothing else of it
LIMIT = 1_000_000  # bytes of a difference that a run carries
NAMED = 5  # files that are no sources; more are counted


def uncommitted() -> bytes | None:
    """What `git apply` turns the commit into the present SOURCES with, new .py files too; empty where there is nothing.

    None where git cannot tell: outside a repository, before the first commit, where nothing may be written.
    """
    return _difference(SOURCES, "--patch", "--binary")


def carried() -> tuple[bytes, list[str]]:
    """What of `uncommitted` a run carries, all or nothing; and a line for each thing that it does not carry."""
    difference, lines = uncommitted() or b"", []
    others = (git("ls-files", "--others", "--exclude-standard", "-z", "--", "pipeline") or b"").decode().split("\0")
    if strange := sorted(name for name in others if name and not name.endswith(".py")):
        more = f" and {len(strange) - NAMED} more" if len(strange) > NAMED else ""
        lines.append(f"note: no source files, so the run does not carry them: {', '.join(strange[:NAMED])}{more}")
    if len(difference) > LIMIT:
        size = f"{len(difference):,} bytes, more than {LIMIT:,}"
        lines.append(f"note: the uncommitted changes are {size}, so the run does not carry them; commit them")
        difference = b""
    return difference, lines


def uncommitted_sources() -> list[str] | None:
    """Which of SOURCES and dvc.lock are not as in the commit HEAD; None where git cannot tell."""
    names = _difference([*SOURCES, str(paths.LOCK)], "--name-only", "--relative", "-z")
    return None if names is None else sorted({name.partition("/")[0] for name in names.decode().split("\0") if name})


def is_committed_now(commit: str, difference: bytes) -> bool:
    """Whether a commit, changed by what `uncommitted` returned then, has the SOURCES of the commit HEAD."""
    if not matches(commit, "commit"):
        return False
    with tempfile.NamedTemporaryFile() as patch, _index(commit) as index:
        patch.write(difference)
        patch.flush()
        if index is None or git("apply", "--cached", "--whitespace=nowarn", patch.name, extra=index) is None:
            return False
        return git("diff-index", "--cached", "--quiet", "HEAD", "--", *SOURCES, extra=index) is not None


@functools.cache  # many runs have the same one
def is_in_history(commit: str) -> bool:
    """Whether HEAD, a branch or a tag leads to a commit: one that was amended away stays for a while, then is gone."""
    if not matches(commit, "commit"):  # a branch, say, which leads elsewhere tomorrow, or an option of git
        return False
    places = ("refs/heads", "refs/remotes", "refs/tags")
    return git("merge-base", "--is-ancestor", commit, "HEAD") is not None or bool(
        git("for-each-ref", "--count=1", "--contains", commit, *places)
    )


def is_shallow() -> bool:
    """Whether the history of this repository was cut short by `git clone --depth`."""
    return (git("rev-parse", "--is-shallow-repository") or b"").strip() == b"true"


def committed_files(commit: str, path: str) -> dict[str, bytes]:
    """Name → content, as git would check it out, of the file `path` in a commit, or of all files in that folder."""
    if not matches(commit, "commit"):
        return {}
    names = (git("ls-tree", "-r", "-z", "--name-only", commit, "--", path) or b"").decode().split("\0")
    return {name: git("cat-file", "--filters", f"{commit}:./{name}") or b"" for name in names if name}


def _difference(sources: list[str], *form: str) -> bytes | None:
    """What differs from HEAD, in a form of `git diff-index`.

    Goes by the files themselves, by way of an index of its own: the user's may be told to overlook some of them, and
    git's settings to ignore new ones.
    """
    with _index("HEAD") as index:
        if index is None:
            return None
        there = [source for source in sources if Path(source).exists() or git("ls-files", "--", source, extra=index)]
        if there and git("add", "--update", "--", *there, extra=index) is None:
            return None
        for new in (*(source for source in there if Path(source).is_file()), NEW):
            git("add", "--force", "--", new, extra=index)
        # diff-index, since what `git diff` writes depends on the user's settings: colours, prefixes, other programs
        return git(
            "diff-index", "--cached", "--no-ext-diff", "--no-textconv", *form, "HEAD", "--", *sources, extra=index
        )


@contextlib.contextmanager
def _index(commit: str) -> Iterator[dict[str, str] | None]:
    """A temporary index that holds a commit, as the environment in which git uses it; None where git cannot."""
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        yield index if git("read-tree", commit, extra=index) is not None else None
