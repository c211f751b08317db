"""Checks of this folder alone: its files against params.yaml, dvc.yaml, dvc.lock, DVC's cache and git.

`dvc status` makes half of these comparisons too, but trusts a file whose size and time are as it noted them, and does
not see that a dependency was taken out of dvc.yaml (3.67).
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipeline.config.schema import Dataset
from pipeline.core import files, paths
from pipeline.core.process import dvc
from pipeline.provenance import dvc_files, git
from pipeline.provenance.check import Check, Level
from pipeline.provenance.dvc_files import Described, Locked
from pipeline.provenance.hashes import md5


def checks(dataset_config: Dataset) -> Iterator[Check]:
    """All checks of this file."""
    yield from committed()
    yield from raw_files(dataset_config)
    yield from stages()
    yield from cache()


def committed() -> Iterator[Check]:
    """Code, parameters and dvc.lock against the commit HEAD; nothing where git cannot tell."""
    changed = git.uncommitted_sources()
    if changed is not None:
        hint = f"not committed yet: git add {' '.join(changed)} && git commit"
        yield Check("commits", "code, parameters and dvc.lock = HEAD", not changed, hint, Level.UNCOMMITTED)


def raw_files(dataset_config: Dataset) -> Iterator[Check]:
    """The files in data/raw against the sha256 in params.yaml."""
    for name, sha256 in (dataset_config.train.sha256 | dataset_config.test.sha256).items():
        path = paths.RAW / name
        if path.is_file():
            same = files.sha256(path) == sha256
            yield Check("source files", f"{path} = params.yaml", same, "not the file that params.yaml describes")


def stages() -> Iterator[Check]:
    """What dvc.lock says about inputs, parameters and outputs of each stage, against what is there now."""
    params = YAML(typ="safe", pure=True).load(paths.PARAMS.read_text(encoding="utf-8"))
    described, locked = dvc_files.described(), dvc_files.locked()
    lost = "lost: nothing says what the stages made; `git checkout dvc.lock`"
    yield Check("stages", f"{paths.LOCK} is there", paths.LOCK.is_file(), lost)
    for stage in described.keys() - locked.keys():
        if any(Path(name).exists() for name in described[stage].names["outs"]):
            unknown = "nothing says what made its outputs; `dvc repro`"
            yield Check("stages", f"{stage} is in {paths.LOCK}", False, unknown)
    for stage, entry in locked.items():
        yield from _description(stage, entry, described.get(stage, Described()))
        yield from _inputs(stage, entry, params)
        yield from _outputs(stage, entry)


def missing() -> list[str]:
    """The outputs that dvc.lock names and that are not here."""
    outs = (out.path for entry in dvc_files.locked().values() for out in entry.outs)
    return [path for path in outs if not Path(path).exists()]


def cache() -> Iterator[Check]:
    """The objects in DVC's cache that dvc.lock names, against their names: DVC itself trusts read-only files.

    Raises UserError where DVC does not say where its cache is.
    """
    folder = Path(dvc("cache", "dir")) / "files" / "md5"
    for out, locked in dvc_files.locked_hashes().items():
        for name in _objects(folder, locked):
            path = folder / name[:2] / name[2:]
            if path.exists():
                hint = "damaged in the cache; delete it, then `dvc pull` or `dvc repro`"
                yield Check("DVC's cache", f"{path} of {out}", _is_object(path, name), hint)


def _description(stage: str, entry: Locked, now: Described) -> Iterator[Check]:
    yield Check("stages", f"command of {stage} = dvc.lock", now.cmd == entry.cmd, _edited(stage))
    for kind, names in entry.names.items():
        yield Check("stages", f"names of {kind} of {stage} = dvc.lock", now.names[kind] == names, _edited(stage))


def _inputs(stage: str, entry: Locked, params: dict[str, Any]) -> Iterator[Check]:
    made = dvc_files.locked_hashes()
    for dep in entry.deps:
        if dep.path in made:  # two lines of dvc.lock: an output is held against the disk by `_outputs`
            other = f"{stage} ran on another {dep.path} than there is now; `dvc repro` runs it again"
            yield Check("stages", f"{dep.path} of {stage} = its maker's", made[dep.path] == dep.md5, other)
        else:
            yield Check("code", f"{dep.path} = dvc.lock, {stage}", md5(Path(dep.path)) == dep.md5, _edited(stage))
    for name, value in entry.params.get(paths.PARAMS.name, {}).items():
        yield Check("parameters", f"{name} = dvc.lock, {stage}", params.get(name) == value, _edited(stage))


def _outputs(stage: str, entry: Locked) -> Iterator[Check]:
    for out in entry.outs:
        if Path(out.path).exists():
            same = md5(Path(out.path)) == out.md5
            yield Check("outputs", f"{out.path} = dvc.lock, {stage}", same, "changed by hand, or on a bad disk")


def _edited(stage: str) -> str:
    return f"edited since {stage} ran; `dvc repro` runs it again"


def _objects(folder: Path, name: str) -> list[str]:
    """An object and, if it is a folder's, those of its files."""
    listing = folder / name[:2] / name[2:]
    if not name.endswith(".dir") or not _is_object(listing, name):
        return [name]
    return [name, *(entry["md5"] for entry in json.loads(listing.read_text(encoding="utf-8")))]


def _is_object(path: Path, name: str) -> bool:
    return md5(path) == name.removesuffix(".dir")
