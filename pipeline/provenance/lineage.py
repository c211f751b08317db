"""Where a model comes from: the commit, whether it was clean, the DVC stage and experiment, the data."""

import contextlib
import os
import platform
import re
from importlib.metadata import distributions
from pathlib import Path

from pipeline.core import files
from pipeline.core.cli import say
from pipeline.core.process import git
from pipeline.provenance import dvc_files
from pipeline.provenance.git import carried, uncommitted

DIFFERENCE = Path("environment/uncommitted.diff")  # artifacts of a run: for `git apply` on its commit, and
PACKAGES = Path("environment/requirements.txt")  # what was installed


def log_uncommitted() -> None:
    """Logs what is not committed into the active MLflow run, and prints what of it a run does not carry."""
    from pipeline.tracking import logging

    difference, left_out = carried()
    for line in left_out:
        say(line)
    if difference:
        logging.log_difference(difference, DIFFERENCE.as_posix())


def tags(data: dict[str, Path]) -> dict[str, str]:
    """MLflow tags for what is about to be computed from the folders of arrays in `data` (name → folder).

    git.commit and git.dirty ("unknown" outside a repository), dvc.stage and dvc.exp_name where DVC started this
    process, python.version and processor, on which the last bits depend, and the tags of the data.
    """
    commit = (git("rev-parse", "HEAD") or b"unknown").decode().strip()
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
    texts = (dist.read_text("METADATA") or dist.read_text("PKG-INFO") or "" for dist in distributions())
    found = dict(_name_and_version(text) for text in texts)
    return "".join(f"{name}=={version}\n" for name, version in sorted(found.items()) if name)


def _name_and_version(metadata: str) -> tuple[str, str]:
    """Of a package, or empty. Python parses the whole text for them: a twelfth of the start of a training."""
    fields = dict(re.findall(r"^(Name|Version): *(.+?) *$", metadata.partition("\n\n")[0], re.MULTILINE))
    return fields.get("Name", "").lower(), fields.get("Version", "")


def _processor() -> str:
    """The name of the processor, as far as the system tells."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def data_tags(data: dict[str, Path]) -> dict[str, str]:
    """For each folder data.NAME.sha256, of the bytes that are there, and data.NAME.dvc, what dvc.lock says."""
    locked = dvc_files.locked_hashes()
    found = {}
    for name, folder in data.items():
        found[f"data.{name}.sha256"] = files.folder_sha256(folder)
        if folder.as_posix() in locked:
            found[f"data.{name}.dvc"] = locked[folder.as_posix()]
    return found
