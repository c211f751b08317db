"""git and dvc, asked as programs."""

import os
import subprocess
import sys
from pathlib import Path


def git(*arguments: str, **environment: str) -> bytes | None:
    """What git prints, or None where it is missing, this is no repository, or it refuses."""
    try:
        result = subprocess.run(["git", *arguments], capture_output=True, check=False, env=os.environ | environment)
    except FileNotFoundError:
        return None
    return result.stdout if result.returncode == 0 else None


def dvc(*arguments: str) -> list[str]:
    """The command line of dvc for this Python."""
    return [sys.executable, "-m", "dvc", *arguments]


def with_our_python() -> dict[str, str]:
    """The environment in which `python`, as in dvc.yaml, is the one that runs this program."""
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
