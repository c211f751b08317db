"""Where a model comes from: the commit, whether it was clean, the DVC stage and experiment, the data."""

import contextlib
import hashlib
import os
import platform
import subprocess
import tempfile
from importlib.metadata import distributions
from pathlib import Path

from pipeline import dvcfiles, files, paths

SOURCES = [
    "pipeline",
    str(paths.PARAMS),
    "dvc.yaml",
    "requirements.lock",
]  # what decides about a model, besides the data


def tags(data: dict[str, Path]) -> dict[str, str]:
    """MLflow tags for what is about to be computed from the folders of arrays in `data` (name → folder).

    git.commit and git.dirty ("unknown" outside a repository), dvc.stage and dvc.exp_name where DVC started this
    process, python.version and processor, on which the last bits depend, and the tags of the data.
    """
    commit = (_git("rev-parse", "HEAD") or b"unknown").decode().strip()
    difference = uncommitted()
    found = {
        "git.commit": commit,
        "git.dirty": "unknown" if difference is None else str(bool(difference)).lower(),
        "dvc.stage": os.environ.get("DVC_STAGE"),
        "dvc.exp_name": os.environ.get("DVC_EXP_NAME"),
        "python.version": platform.python_version(),
        "processor": _processor(),
    }
    return {key: value for key, value in found.items() if value} | data_tags(data)


def packages() -> str:
    """Every installed package with its version, a line each, as pip writes it."""
    found = {dist.metadata["Name"].lower(): dist.version for dist in distributions()}
    return "".join(f"{name}=={version}\n" for name, version in sorted(found.items()))


def uncommitted() -> bytes | None:
    """What `git apply` turns the commit into the present SOURCES with, new files too; empty where there is nothing.

    None where git cannot tell: outside a repository, before the first commit, where nothing may be written. Goes by
    the files themselves, by way of an index of its own: the user's may be told to overlook some of them, and git's
    settings to ignore new ones.
    """
    with tempfile.TemporaryDirectory() as folder:
        elsewhere = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        if _git("read-tree", "HEAD", **elsewhere) is None:
            return None
        there = [source for source in SOURCES if Path(source).exists() or _git("ls-files", "--", source, **elsewhere)]
        if there and _git("add", "--all", "--", *there, **elsewhere) is None:
            return None
        _git("add", "--force", "--", "pipeline/*.py", **elsewhere)
        # diff-index, since what `git diff` writes depends on the user's settings: colours, prefixes, other programs
        plain = ("--patch", "--binary", "--no-ext-diff", "--no-textconv")
        return _git("diff-index", "--cached", *plain, "HEAD", "--", *SOURCES, **elsewhere)


def _processor() -> str:
    """The name of the processor, as far as the system tells."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def data_tags(data: dict[str, Path]) -> dict[str, str]:
    """For each folder data.NAME.sha256, of the bytes that are there, and data.NAME.dvc, what dvc.lock says."""
    locked = dvcfiles.locked_hashes()
    found = {}
    for name, folder in data.items():
        found[f"data.{name}.sha256"] = folder_sha256(folder)
        if folder.as_posix() in locked:
            found[f"data.{name}.dvc"] = locked[folder.as_posix()]
    return found


def folder_sha256(folder: Path) -> str:
    """One sha256 for the files right in a folder: of their names and their sha256, in order of name."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(f"{path.name} {files.sha256(path)}\n".encode())
    return digest.hexdigest()


def _git(*arguments: str, **environment: str) -> bytes | None:
    """What git prints, or None where it is missing, this is no repository, or there is no commit yet."""
    try:
        result = subprocess.run(["git", *arguments], capture_output=True, check=False, env=os.environ | environment)
    except FileNotFoundError:
        return None
    return result.stdout if result.returncode == 0 else None
