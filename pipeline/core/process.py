"""git and DVC, asked as programs: the one place that starts them."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from pipeline.core.errors import UserError

HERE = Path()
DVC = (sys.executable, "-m", "dvc")


def git(*arguments: str, folder: Path = HERE, extra: Mapping[str, str] | None = None) -> bytes | None:
    """What git prints, with `extra` in its environment; None where it is missing, knows no repository, or refuses."""
    with contextlib.suppress(UserError):
        return require_git(*arguments, folder=folder, extra=extra)
    return None


def require_git(*arguments: str, folder: Path = HERE, extra: Mapping[str, str] | None = None) -> bytes:
    """What git prints. Raises UserError, with the first line of git's own message, where `git` returns None."""
    return _ask("git", ["git", *arguments], folder, os.environ | dict(extra or {}))


def dvc(*arguments: str, folder: Path = HERE) -> str:
    """What DVC prints, stripped. Raises UserError with the first line of DVC's own message where it refuses."""
    return _ask("dvc", [*DVC, *arguments], folder, _with_our_python()).decode().strip()


def run_dvc(*arguments: str, folder: Path = HERE, is_isolated: bool = False) -> int:
    """Runs DVC with its output on the terminal; returns its exit code.

    An isolated one, and its stages, are told nothing of the DVC and the MLflow store that this process works with.
    """
    ours = ("DVC_", "MLFLOW_") if is_isolated else ()
    environment = {name: value for name, value in _with_our_python().items() if not name.startswith(ours)}
    return subprocess.run([*DVC, *arguments], cwd=folder, env=environment, check=False).returncode


def _with_our_python() -> dict[str, str]:
    """The environment in which `python`, as in dvc.yaml, is the one that runs this program."""
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def _ask(name: str, command: list[str], folder: Path, environment: dict[str, str]) -> bytes:
    try:
        answer = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise UserError(f"{error.filename}: is not there, or not on PATH") from None
    if answer.returncode:
        said, _, _ = answer.stderr.decode(errors="replace").strip().partition("\n")  # advice, or a traceback, follows
        raise UserError(f"{name}: {said.removeprefix('fatal: ').removeprefix('ERROR: ')}")
    return answer.stdout
