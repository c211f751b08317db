"""The chain of hashes from the source files to the logged model, link by link, from what lies on this disk."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ruamel.yaml import YAML

from pipeline import files, lineage, paths
from pipeline.sections import Dataset


class Link(NamedTuple):
    """One comparison: of which kind, what was compared, whether it agrees, and what it means if not."""

    kind: str
    what: str
    agrees: bool
    meaning: str


def raw_files(description: Dataset) -> Iterator[Link]:
    """The files in data/raw against the sha256 in params.yaml."""
    for name, sha256 in (description.train.sha256 | description.test.sha256).items():
        path = paths.RAW / name
        if path.is_file():
            same = files.sha256(path) == sha256
            yield Link("source files", f"{path} = params.yaml", same, "not the file that params.yaml describes")


def stages() -> Iterator[Link]:
    """What dvc.lock says about inputs, parameters and outputs of each stage, against what is there now."""
    params, pipeline = (
        YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")) for path in (paths.PARAMS, paths.PIPELINE)
    )
    lost = "lost: nothing says what the stages made; `git checkout dvc.lock`"
    yield Link("stages", f"{paths.LOCK} is there", paths.LOCK.is_file(), lost)
    made = lineage.locked_hashes()
    for stage, entry in lineage.locked().items():
        after = f"edited since {stage} ran; `dvc repro` runs it again"
        command = pipeline["stages"].get(stage, {}).get("cmd")
        yield Link("stages", f"command of {stage} = dvc.lock", command == entry.get("cmd"), after)
        for dep in entry.get("deps", []):
            name = dep["path"]
            if name in made:  # two lines of dvc.lock: an output is held against the disk below
                other = f"{stage} ran on another {name} than there is now; `dvc repro` runs it again"
                yield Link("stages", f"{name} of {stage} = its maker's", made[name] == dep.get("md5"), other)
            else:
                yield Link("code", f"{name} = dvc.lock, {stage}", md5(Path(name)) == dep.get("md5"), after)
        for name, value in entry.get("params", {}).get(paths.PARAMS.name, {}).items():
            yield Link("parameters", f"{name} = dvc.lock, {stage}", params.get(name) == value, after)
        for out in entry.get("outs", []):
            path = Path(out["path"])
            if path.exists():
                yield Link(
                    "outputs",
                    f"{path} = dvc.lock, {stage}",
                    md5(path) == out.get("md5"),
                    "changed by hand, or on a bad disk",
                )


def missing() -> list[str]:
    """The outputs that dvc.lock names and that are not here."""
    outs = (out["path"] for entry in lineage.locked().values() for out in entry.get("outs", []))
    return [path for path in outs if not Path(path).exists()]


def cache() -> Iterator[Link]:
    """The objects in DVC's cache that dvc.lock names, against their names: DVC itself trusts read-only files."""
    command = [sys.executable, "-m", "dvc", "cache", "dir"]
    folder = Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()) / "files" / "md5"
    for entry in lineage.locked().values():
        for out in entry.get("outs", []):
            for name in _objects(folder, out["md5"]) if out.get("md5") else ():
                path = folder / name[:2] / name[2:]
                if path.exists():
                    meaning = "damaged in the cache; delete it, then `dvc pull` or `dvc repro`"
                    yield Link("DVC's cache", f"{path} of {out['path']}", _is_object(path, name), meaning)


def metrics(logged: dict[str, float]) -> Iterator[Link]:
    """The figures in reports/*.json against those that MLflow has of the run."""
    for path, part, group in ((paths.TRAIN_METRICS, "validation", "best"), (paths.TEST_METRICS, "test", "test")):
        if not path.is_file():
            continue
        try:
            figures = {name: float(value) for name, value in json.loads(path.read_text(encoding="utf-8"))[part].items()}
        except (ValueError, TypeError, KeyError, AttributeError):
            yield Link("metrics", str(path), False, "not as it was written: edited by hand")
            continue
        for name, value in figures.items():
            if f"{group}/{name}" in logged:
                same = abs(logged[f"{group}/{name}"] - value) < 1e-6
                yield Link("metrics", f"{path}, {part} {name} = MLflow", same, "edited by hand, or of another run")


def prepared_data(tags: dict[str, str]) -> Iterator[Link]:
    """The arrays in data/prepared against the hashes that a run was tagged with."""
    for name, folder in {"train": paths.TRAIN, "validation": paths.VALIDATION, "test": paths.TEST}.items():
        if folder.is_dir() and f"data.{name}.sha256" in tags:
            same = lineage.folder_sha256(folder) == tags[f"data.{name}.sha256"]
            yield Link("prepared data", f"{folder} = MLflow", same, "not the data that this run saw")


def md5(path: Path) -> str | None:
    """What DVC calls the md5 of a file, or of a folder (that of the list of its files, and .dir); None if missing."""
    if path.is_dir():
        inside = sorted(file for file in path.rglob("*") if file.is_file())
        entries = [{"md5": md5(file), "relpath": file.relative_to(path).as_posix()} for file in inside]
        listing = json.dumps(sorted(entries, key=lambda entry: entry["relpath"]), sort_keys=True)
        return hashlib.md5(listing.encode(), usedforsecurity=False).hexdigest() + ".dir"
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _objects(folder: Path, name: str) -> list[str]:
    """An object and, if it is a folder's, those of its files."""
    listing = folder / name[:2] / name[2:]
    if not name.endswith(".dir") or not _is_object(listing, name):
        return [name]
    return [name, *(entry["md5"] for entry in json.loads(listing.read_text(encoding="utf-8")))]


def _is_object(path: Path, name: str) -> bool:
    return md5(path) == name.removesuffix(".dir")
