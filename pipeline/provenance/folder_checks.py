"""Checks of this folder alone: its files against params.yaml, dvc.yaml, dvc.lock, DVC's cache and git.

What `dvc status` (3.67) does not notice is compared here: an output or an object of the cache that changed while its
size and time did not, and a dependency that was taken out of dvc.yaml.
"""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipeline.config.schema import Dataset
from pipeline.core import folders, paths
from pipeline.core.process import dvc
from pipeline.core.untrusted import checked
from pipeline.provenance import dvc_files, git
from pipeline.provenance.check import Check, Level


def checks(dataset_config: Dataset) -> Iterator[Check]:
    """All checks of this file."""
    yield from committed()
    yield from raw_files(dataset_config)
    yield from cache()  # before `dvc status`, which may delete a damaged object
    yield from stages()
    yield from outputs()


def committed() -> Iterator[Check]:
    """Code, parameters and dvc.lock against the commit HEAD; nothing where git cannot tell."""
    changed = git.uncommitted_sources()
    if changed is not None:
        hint = f"not committed yet: git add {' '.join(changed)} && git commit"
        yield Check("work tree", "code, parameters and dvc.lock = HEAD", not changed, hint, Level.UNCOMMITTED)


def raw_files(dataset_config: Dataset) -> Iterator[Check]:
    """The files in data/raw against the sha256 in params.yaml."""
    for name, sha256 in dataset_config.sha256.items():
        if folders.exists(paths.RAW, name):
            same = folders.sha256(paths.RAW, name) == sha256
            hint = f"not the {'folder' if name.endswith('/') else 'file'} that params.yaml describes"
            yield Check("source files", f"{paths.RAW / name} = params.yaml", same, hint)


def stages() -> Iterator[Check]:
    """Command, code, data and parameters of each stage against what dvc.lock says that it ran with.

    Raises UserError for a dvc.yaml or a dvc.lock that is damaged.
    """
    locked, status = dvc_files.locked(), json.loads(dvc("status", "--json"))
    described = YAML(typ="safe", pure=True).load(paths.PIPELINE.read_text(encoding="utf-8"))["stages"]
    lost = "lost: nothing says what the stages made; `git checkout dvc.lock`"
    yield Check("stages", f"{paths.LOCK} is there", paths.LOCK.is_file(), lost)
    for stage in status.keys() - locked.keys():
        made = [path for path in _changes(status[stage], "changed outs") if Path(path).exists()]
        unknown = f"nothing says what made {', '.join(made)}; `dvc repro`"
        yield Check("stages", f"{stage} is in {paths.LOCK}", not made, unknown)
    gone = missing()
    for stage, entry in locked.items():
        found = status.get(stage, [])
        changed = [name for name in _changes(found, "changed deps") if name not in gone]
        changed += ["its command"] if "changed command" in found else []
        removed = {dep.path for dep in entry.deps} - set(described.get(stage, {}).get("deps", []))
        changed += [f"the list of its dependencies, by {path}" for path in sorted(removed)]
        hint = f"changed since {stage} ran: {', '.join(changed)}; `dvc repro` runs it again"
        yield Check("stages", f"{stage} = {paths.LOCK}", not changed, hint)


def outputs() -> Iterator[Check]:
    """The outputs that are here against dvc.lock."""
    for path, md5 in dvc_files.locked_hashes().items():
        if Path(path).exists():
            same = dvc_files.md5(Path(path)) == md5
            command = f"dvc checkout --force {shlex.quote(path)}"
            hint = f"changed by hand, or on a bad disk; `{command}` puts it back, or `dvc repro`"
            yield Check("outputs", f"{path} = {paths.LOCK}", same, hint)


def missing() -> list[str]:
    """The outputs that dvc.lock names and that are not here."""
    return [path for path in dvc_files.locked_hashes() if not Path(path).exists()]


def cache() -> Iterator[Check]:
    """The objects in DVC's cache that dvc.lock names, against their names: DVC itself trusts read-only files.

    Raises UserError where DVC does not say where its cache is.
    """
    folder = Path(dvc("cache", "dir")) / "files" / "md5"
    for out, locked in dvc_files.locked_hashes().items():
        for name in _objects(folder, locked):
            path = folder / name[:2] / name[2:]
            if path.exists():
                command = f"rm -f {shlex.quote(str(path))}"
                hint = f"damaged, and `dvc checkout` would bring it back: `{command}`, then `dvc pull` or `dvc repro`"
                yield Check("DVC's cache", f"{path} of {out}", _is_object(path, name), hint)


def _changes(found: list[Any], kind: str) -> list[str]:
    """The paths that changed, of what `dvc status --json` says of a stage; that of parameters with their sections."""
    states = [item for change in found if isinstance(change, dict) for item in change.get(kind, {}).items()]
    return [f"{path} ({', '.join(state)})" if isinstance(state, dict) else path for path, state in states]


def _objects(folder: Path, name: str) -> list[str]:
    """An object and, if it is a folder's, those of its files."""
    listing = folder / name[:2] / name[2:]
    if not name.endswith(".dir") or not _is_object(listing, name):
        return [name]
    inside = json.loads(listing.read_text(encoding="utf-8"))
    for entry in inside:  # `dvc checkout` writes to whatever place is named here
        checked(entry.get("relpath"), "path", str(listing))
    return [name, *(checked(entry.get("md5"), "md5", str(listing)) for entry in inside)]


def _is_object(path: Path, name: str) -> bool:
    return dvc_files.md5(path) == name.removesuffix(".dir")
