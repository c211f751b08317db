"""What DVC's files say: dvc.yaml, which stages there are; dvc.lock, what each last ran on and what it made."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter
from ruamel.yaml import YAML, YAMLError

from pipeline.core import paths
from pipeline.core.errors import UserError

DAMAGE = (YAMLError, ValueError, TypeError, KeyError, RecursionError)  # what damaged text raises, pydantic's included


class Item(BaseModel):
    """A dependency or an output, with its md5 where it has one."""

    path: str
    md5: str | None = None


class Locked(BaseModel):
    """A stage in dvc.lock."""

    cmd: str | list[str] | None = None
    deps: list[Item] = []
    params: dict[str, dict[str, Any]] = {}
    outs: list[Item] = []

    @property
    def names(self) -> dict[str, set[str]]:
        """The names of its dependencies, outputs, and parameters in params.yaml, as `Described.names` has them."""
        params = set(self.params.get(paths.PARAMS.name, {}))
        return {"deps": {dep.path for dep in self.deps}, "params": params, "outs": {out.path for out in self.outs}}


class Described(BaseModel):
    """A stage in dvc.yaml."""

    cmd: str | list[str] | None = None
    deps: list[str] = []
    params: list[str | dict[str, list[str] | None]] = []
    outs: list[str | dict[str, Any]] = []
    metrics: list[str | dict[str, Any]] = []
    plots: list[str | dict[str, Any]] = []

    @property
    def names(self) -> dict[str, set[str]]:
        """The names of its dependencies, outputs, and parameters in params.yaml."""
        named = [{paths.PARAMS.name: [entry]} if isinstance(entry, str) else entry for entry in self.params]
        params = {name for entry in named for name in entry.get(paths.PARAMS.name) or ()}
        listed = (*self.outs, *self.metrics, *self.plots)
        outs = {name for out in listed for name in ([out] if isinstance(out, str) else out)}
        return {"deps": set(self.deps), "params": params, "outs": outs}


def locked() -> dict[str, Locked]:
    """Stage → what dvc.lock says about it; empty where there is none. Raises UserError for a damaged one."""
    if not paths.LOCK.is_file():
        return {}
    try:
        return TypeAdapter(dict[str, Locked]).validate_python(_stages(paths.LOCK), strict=True)
    except DAMAGE:
        raise UserError(f"{paths.LOCK}: is damaged; `git checkout {paths.LOCK}` puts back the last one") from None


def locked_hashes() -> dict[str, str]:
    """Path → md5 of every output in dvc.lock; empty where there is none."""
    return {out.path: out.md5 for entry in locked().values() for out in entry.outs if out.md5}


def locked_params(stage: str) -> dict[str, Any]:
    """The values of the section of params.yaml that is called like a stage, as it last ran; empty where it has none."""
    entry = locked().get(stage, Locked())
    values = entry.params.get(paths.PARAMS.name, {}).get(stage, {})
    return values if isinstance(values, dict) else {}


def described() -> dict[str, Described]:
    """Stage → what dvc.yaml says about it. Raises UserError for a damaged one, OSError where there is none."""
    try:
        return TypeAdapter(dict[str, Described]).validate_python(_stages(paths.PIPELINE), strict=True)
    except DAMAGE:
        raise UserError(f"{paths.PIPELINE}: describes no stages; `git checkout {paths.PIPELINE}`") from None


def _stages(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))["stages"]
