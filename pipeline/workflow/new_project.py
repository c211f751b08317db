"""A project of somebody's own out of this one: the committed files, under another name, with a history that begins."""

import io
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.core.process import git, require_git

RESULTS = (paths.LOCK, paths.TRAIN_METRICS, paths.TEST_METRICS, Path("benchmarks/results"))  # of the data set here
NAMED = {  # file → the line that has the name of the project
    "pyproject.toml": r'(?m)^name = "(.*)"$',
    "MLproject": r"(?m)^name: (.*)$",
    "README.md": r"\A# (.*)$",
}
NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"  # of a Python project


def make(name: str, data: str | None) -> Path:
    """Makes the folder `name` beside this project; where `data` is given, its params.yaml describes that.

    Returns the folder. Raises UserError, and leaves nothing behind, where there is such a folder already, git knows no
    commit or no author, or the data cannot be described.
    """
    root = files.project_root()
    target = root.parent / name
    if not re.fullmatch(NAME, name):
        raise UserError(
            f"{name!r}: a name has letters, digits and . _ - between them (it is a folder and a Python project)"
        )
    if target.exists() or target.is_symlink():
        raise UserError(f"{target} is there already; take another name, or move it away")
    archive = require_git("archive", "--format=tar", "HEAD", folder=root)
    described = [str(Path(data).expanduser().resolve()), "--write"] if data else []
    with files.replacing(target) as temporary:
        with tarfile.open(fileobj=io.BytesIO(archive)) as content:
            content.extractall(temporary, filter="data")
        for path in RESULTS:
            _remove(temporary / path)
        for file, pattern in NAMED.items():
            rename(temporary / file, pattern, name)
        if described:
            _describe(temporary, described)
        require_git("init", "--quiet", "--initial-branch=main", folder=temporary)
        require_git("add", "--all", folder=temporary)
        if git("var", "GIT_COMMITTER_IDENT", folder=temporary) is None:
            raise UserError("git does not know who commits: git config --global user.name NAME, and user.email ADDRESS")
        require_git("commit", "--quiet", "--message", f"Begin {name}", folder=temporary)
    return target


def rename(path: Path, pattern: str, name: str) -> None:
    """Puts the name where the first group of `pattern` is in a file. Raises UserError where that is nowhere."""
    text = path.read_text(encoding="utf-8")
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise UserError(f"{path.name}: has no line with the name of the project ({pattern})")
    files.write_text(path, text[: found.start(1)] + name + text[found.end(1) :])


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _describe(folder: Path, arguments: list[str]) -> None:
    """Runs the command there, by the code there; what it prints is seen."""
    command = [sys.executable, "-m", "pipeline", "describe", *arguments]
    if subprocess.run(command, cwd=folder, check=False).returncode:
        raise UserError("nothing was made, since the data could not be described")
