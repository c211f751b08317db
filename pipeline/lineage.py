"""Where a model comes from: the commit, whether it was clean, the DVC stage and experiment, the data."""

import hashlib
import os
import subprocess
from pathlib import Path

from ruamel.yaml import YAML

from pipeline import files, paths

SOURCES = [
    "pipeline",
    str(paths.PARAMS),
    "dvc.yaml",
    "requirements.lock",
]  # what decides about a model, besides the data


def tags(data: dict[str, Path]) -> dict[str, str]:
    """MLflow tags for what is about to be computed from the folders of arrays in `data` (name → folder).

    git.commit and git.dirty ("unknown" outside a repository), dvc.stage and dvc.exp_name where DVC started this
    process, and the tags of the data.
    """
    commit = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain", "--", *SOURCES)
    found = {
        "git.commit": commit or "unknown",
        "git.dirty": "unknown" if commit is None or changes is None else str(bool(changes)).lower(),
        "dvc.stage": os.environ.get("DVC_STAGE"),
        "dvc.exp_name": os.environ.get("DVC_EXP_NAME"),
    }
    return {key: value for key, value in found.items() if value} | data_tags(data)


def data_tags(data: dict[str, Path]) -> dict[str, str]:
    """For each folder data.NAME.sha256, of the bytes that are there, and data.NAME.dvc, what dvc.lock says."""
    locked = locked_hashes()
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


def locked_hashes() -> dict[str, str]:
    """Path → md5 of every output in dvc.lock; empty where there is none."""
    if not paths.LOCK.is_file():
        return {}
    stages = YAML(typ="safe", pure=True).load(paths.LOCK.read_text(encoding="utf-8"))["stages"]
    return {out["path"]: out["md5"] for stage in stages.values() for out in stage.get("outs", []) if "md5" in out}


def _git(*arguments: str) -> str | None:
    """What git prints, or None where it is missing, this is no repository, or there is no commit yet."""
    try:
        result = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return result.stdout.strip() if result.returncode == 0 else None
