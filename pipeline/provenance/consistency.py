"""The chain of hashes from the source files to the logged model, link by link, from what lies on this disk."""

import csv
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ruamel.yaml import YAML

from pipeline.config.schema import Dataset
from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.provenance import dvc_files

RESTORES = "dvc repro --force --single-item evaluate"


class Check(NamedTuple):
    """One comparison: of which kind, what was compared, whether it agrees, and what it means if not."""

    kind: str
    what: str
    agrees: bool
    meaning: str


def raw_files(dataset_config: Dataset) -> Iterator[Check]:
    """The files in data/raw against the sha256 in params.yaml."""
    for name, sha256 in (dataset_config.train.sha256 | dataset_config.test.sha256).items():
        path = paths.RAW / name
        if path.is_file():
            same = files.sha256(path) == sha256
            yield Check("source files", f"{path} = params.yaml", same, "not the file that params.yaml describes")


def stages() -> Iterator[Check]:
    """What dvc.lock says about inputs, parameters and outputs of each stage, against what is there now."""
    params, described = (
        YAML(typ="safe", pure=True).load(paths.PARAMS.read_text(encoding="utf-8")),
        dvc_files.described(),
    )
    lost = "lost: nothing says what the stages made; `git checkout dvc.lock`"
    yield Check("stages", f"{paths.LOCK} is there", paths.LOCK.is_file(), lost)
    made, locked = dvc_files.locked_hashes(), dvc_files.locked()
    for stage, entry in described.items():
        if stage not in locked and any(Path(name).exists() for name in entry.names["outs"]):
            unknown = "nothing says what made its outputs; `dvc repro`"
            yield Check("stages", f"{stage} is in {paths.LOCK}", False, unknown)
    for stage, entry in locked.items():
        after = f"edited since {stage} ran; `dvc repro` runs it again"
        now = described.get(stage, dvc_files.Described())
        yield Check("stages", f"command of {stage} = dvc.lock", now.cmd == entry.cmd, after)
        for kind, names in entry.names.items():
            yield Check("stages", f"names of {kind} of {stage} = dvc.lock", now.names[kind] == names, after)
        for dep in entry.deps:
            if dep.path in made:  # two lines of dvc.lock: an output is held against the disk below
                other = f"{stage} ran on another {dep.path} than there is now; `dvc repro` runs it again"
                yield Check("stages", f"{dep.path} of {stage} = its maker's", made[dep.path] == dep.md5, other)
            else:
                yield Check("code", f"{dep.path} = dvc.lock, {stage}", md5(Path(dep.path)) == dep.md5, after)
        for name, value in entry.params.get(paths.PARAMS.name, {}).items():
            yield Check("parameters", f"{name} = dvc.lock, {stage}", params.get(name) == value, after)
        for out in entry.outs:
            if Path(out.path).exists():
                by_hand = "changed by hand, or on a bad disk"
                yield Check("outputs", f"{out.path} = dvc.lock, {stage}", md5(Path(out.path)) == out.md5, by_hand)


def missing() -> list[str]:
    """The outputs that dvc.lock names and that are not here."""
    outs = (out.path for entry in dvc_files.locked().values() for out in entry.outs)
    return [path for path in outs if not Path(path).exists()]


def cache() -> Iterator[Check]:
    """The objects in DVC's cache that dvc.lock names, against their names: DVC itself trusts read-only files."""
    command = [sys.executable, "-m", "dvc", "cache", "dir"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        said = answer.stderr.strip().partition("\n")[0]  # more may follow: advice, a traceback
        raise UserError(f"DVC does not say where its cache is: {said}")
    folder = Path(answer.stdout.strip()) / "files" / "md5"
    for out, md5 in dvc_files.locked_hashes().items():
        for name in _objects(folder, md5):
            path = folder / name[:2] / name[2:]
            if path.exists():
                meaning = "damaged in the cache; delete it, then `dvc pull` or `dvc repro`"
                yield Check("DVC's cache", f"{path} of {out}", _is_object(path, name), meaning)


def metrics(logged: dict[str, float]) -> Iterator[Check]:
    """The figures in reports/*.json against those that MLflow has of the run."""
    for path, part, group in ((paths.TRAIN_METRICS, "validation", "best"), (paths.TEST_METRICS, "test", "test")):
        if not path.is_file():
            continue
        try:
            figures = {name: float(value) for name, value in json.loads(path.read_text(encoding="utf-8"))[part].items()}
        except (*dvc_files.DAMAGE, AttributeError, OverflowError):
            yield Check("metrics", str(path), False, "not as it was written: edited by hand")
            continue
        known = {key.removeprefix(f"{group}/"): value for key, value in logged.items() if key.startswith(f"{group}/")}
        for name in sorted(known.keys() | figures.keys()):
            same = name in known and name in figures and abs(known[name] - figures[name]) < 1e-6
            yield Check("metrics", f"{path}, {part} {name} = MLflow", same, "edited by hand, or of another run")


def history(curves: dict[str, dict[int, float]]) -> Iterator[Check]:
    """reports/history.csv against the curves that MLflow has of the run (column → epoch → value)."""
    if not paths.HISTORY.is_file():
        return
    rows = list(csv.DictReader(paths.HISTORY.read_text(encoding="utf-8", errors="replace").splitlines()))
    columns = {name for row in rows for name in row} - {"epoch"}
    for name in sorted(columns | curves.keys()):
        curve = curves.get(name, {})
        try:
            column = {int(row["epoch"]): float(row[name]) for row in rows}
        except (ValueError, TypeError, KeyError):
            column = {}
        same = column.keys() == curve.keys() and all(abs(column[n] - curve[n]) < 1e-6 for n in column)
        yield Check("metrics", f"{paths.HISTORY}, {name} = MLflow", same, "edited by hand, or MLflow's curve has a gap")


def logged_parameters(logged: dict[str, str]) -> Iterator[Check]:
    """The parameters in dvc.lock against those that MLflow has of the run."""
    for stage in ("preprocess", "train"):
        for name, value in dvc_files.locked_params(stage).items():
            if not isinstance(value, dict):  # the limits of the data checks: their result is logged
                key = f"{stage}.{name}"
                same = key in logged and _number(logged[key]) == _number(str(value))
                other = f"{paths.LOCK} names parameters that this run did not have, or MLflow lost them"
                yield Check("parameters", f"{key} of {paths.LOCK} = MLflow", same, other)


def committed_code(commit: str) -> Iterator[Check]:
    """The code that dvc.lock says trained the model against that of the commit that the run says."""
    made = dvc_files.locked_hashes()
    for dep in dvc_files.locked().get("train", dvc_files.Locked()).deps:
        if dep.path not in made:
            command = ["git", "cat-file", "--filters", f"{commit}:./{dep.path}"]  # as git would check it out
            answer = subprocess.run(command, capture_output=True, check=False)
            md5 = hashlib.md5(answer.stdout, usedforsecurity=False).hexdigest() if answer.returncode == 0 else None
            other = f"{paths.LOCK} names code that is not in the commit of this run"
            yield Check("code", f"{dep.path} of {paths.LOCK} = commit {commit[:8]}", md5 == dep.md5, other)


def prepared_data(tags: dict[str, str]) -> Iterator[Check]:
    """The arrays in data/prepared against the hashes that a run was tagged with."""
    for name, folder in {"train": paths.TRAIN, "validation": paths.VALIDATION, "test": paths.TEST}.items():
        if folder.is_dir() and f"data.{name}.sha256" in tags:
            same = files.folder_sha256(folder) == tags[f"data.{name}.sha256"]
            yield Check("prepared data", f"{folder} = MLflow", same, "not the data that this run saw")


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


def _number(text: str) -> float | str:
    """0 and 0.0 are the same value of a parameter."""
    try:
        return float(text)
    except ValueError:
        return text


def _objects(folder: Path, name: str) -> list[str]:
    """An object and, if it is a folder's, those of its files."""
    listing = folder / name[:2] / name[2:]
    if not name.endswith(".dir") or not _is_object(listing, name):
        return [name]
    return [name, *(entry["md5"] for entry in json.loads(listing.read_text(encoding="utf-8")))]


def _is_object(path: Path, name: str) -> bool:
    return md5(path) == name.removesuffix(".dir")
