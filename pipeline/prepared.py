"""Has DVC bring the prepared data up to date, for programs that are not stages themselves."""

import os
import subprocess
import sys
from pathlib import Path

from pipeline import dvcfiles
from pipeline.console import UserError, say


def bring_up_to_date() -> None:
    """Runs `dvc repro` for download and preprocess, where they are not up to date with params.yaml.

    Raises UserError where that fails; DVC has said why by then.
    """
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}

    def dvc(*arguments: str) -> int:
        return subprocess.run([sys.executable, "-m", "dvc", *arguments], env=environment, check=False).returncode

    stages = ["params", "download", "preprocess"]
    if dvc("status", "--quiet", *stages) == 0:
        return
    before = dvcfiles.locked().get("preprocess")
    if dvc("repro", "--single-item", *stages):
        raise UserError("the data could not be prepared; DVC says why above")
    if before is not None and dvcfiles.locked()["preprocess"] != before:
        say("note: the prepared data was out of date with params.yaml; it and dvc.lock were brought up to date")
