"""Checks of all that a run has in MLflow against the manifest that it wrote last."""

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core import files
from pipeline.core.untrusted import matches
from pipeline.provenance.check import TOLERANCE, Check, Level

if TYPE_CHECKING:
    from pipeline.tracking.manifest import Manifest
    from pipeline.tracking.queries import LoggedModel, Run

HISTORY = "tables/history.csv"


def checks(run: "Run", models: list["LoggedModel"], folder: Path) -> Iterator[Check]:
    """All checks of this file. `folder` has the artifacts of the run, `models` are those that it logged."""
    from pipeline.tracking import manifest
    from pipeline.tracking.curves import logged_curves

    name, tagged = f"run {run.info.run_id[:8]}", manifest.TAG in run.data.tags
    has_file = (folder / manifest.NAME).exists()
    if not tagged and not has_file and run.info.status != "FINISHED":
        return  # killed before it could write one, or still at work
    written = manifest.read(run, folder)
    is_older = not tagged and not has_file
    hint = "lost or changed, or the address of the artifacts was"
    older = "an older version logged it, and noted no hashes; train it again, or restore it into another store"
    level = Level.UNCOMMITTED if is_older else Level.BROKEN
    yield Check("manifests", f"{name}: {manifest.NAME}", written is not None, older if is_older else hint, level)
    if written is None:
        return
    yield from records(name, written, manifest.records(run))
    with ExitStack() as stack:
        places = {"": folder}
        for model in models:
            places[manifest.MODEL] = stack.enter_context(manifest.folder_at(model.artifact_location))
        yield from artifacts(name, written, places)
    if HISTORY in written.files and (folder / HISTORY).is_file():
        yield from curves(f"{name}, {HISTORY}", folder / HISTORY, logged_curves(run))


def records(name: str, written: "Manifest", now: dict[str, dict[str, str]]) -> Iterator[Check]:
    """The parameters, tags, last values of metrics and data sets of a run (kind → name → text), others added or not."""
    for kind, values in now.items():
        other = [key for key, value in getattr(written, kind).items() if values.get(key) != value]
        yield Check("manifests", f"{name}: {kind}", not other, f"changed or lost in MLflow: {', '.join(other)}")


def artifacts(name: str, written: "Manifest", places: dict[str, Path]) -> Iterator[Check]:
    """Each file that a run logged. `places`: how a path in the manifest begins → the folder that the rest is in."""
    for path, sha256 in written.files.items():
        begin = max((begin for begin in places if path.startswith(begin)), key=len)
        file = places[begin] / path.removeprefix(begin)
        same = matches(path, "path") and file.is_file() and files.sha256(file) == sha256
        yield Check("artifacts", f"{name}: {path}", same, "changed or lost since the run logged it")


def curves(name: str, path: Path, logged: dict[str, dict[int, float]]) -> Iterator[Check]:
    """The curves that MLflow has of a run (column → epoch → value) against a history.csv."""
    rows = list(csv.DictReader(path.read_text(encoding="utf-8", errors="replace").splitlines()))
    columns = {column for row in rows for column in row if column} - {"epoch"}
    for column in sorted(columns | logged.keys()):
        curve = logged.get(column, {})
        try:
            values = {int(row["epoch"]): float(row[column]) for row in rows}
        except (ValueError, TypeError, KeyError):
            values = {}
        same = values.keys() == curve.keys() and all(abs(values[n] - curve[n]) < TOLERANCE for n in values)
        yield Check("curves", f"{name}: {column} = MLflow", same, "edited by hand, or MLflow's curve has a gap")
