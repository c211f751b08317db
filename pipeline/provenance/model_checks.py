"""Checks of the model in this folder, its data and its metrics against the MLflow run that trained it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.config.schema import leaves
from pipeline.core import files, paths, results
from pipeline.provenance import dvc_files, git, manifest_checks
from pipeline.provenance.check import TOLERANCE, Check

if TYPE_CHECKING:
    from pipeline.tracking.queries import Run

LIMITS = "preprocess.checks."  # parameters that judge the data and change none of it: for them, nothing trains again


def checks(run: "Run", has_git: bool) -> Iterator[Check]:
    """All checks of this file."""
    from pipeline.tracking.curves import logged_curves

    tags = run.data.tags
    yield from prepared_data(tags)
    yield from metrics(run.data.metrics)
    if paths.HISTORY.is_file():
        yield from manifest_checks.curves(str(paths.HISTORY), paths.HISTORY, logged_curves(run))
    yield from logged_parameters(run.data.params)
    is_named = paths.RUN_ID.read_text(encoding="utf-8", errors="replace").strip() == run.info.run_id
    if has_git and is_named and tags.get("git.dirty") == "false":
        yield from committed_code(tags.get("git.commit", "unknown"))
    same = files.sha256(paths.MODEL) == tags.get("model.sha256")
    yield Check("model", f"{paths.MODEL} = MLflow", same, "not the model that this run trained")


def prepared_data(tags: dict[str, str]) -> Iterator[Check]:
    """The arrays in data/prepared against the hashes that a run was tagged with."""
    for name, folder in {"train": paths.TRAIN, "validation": paths.VALIDATION, "test": paths.TEST}.items():
        if folder.is_dir() and f"data.{name}.sha256" in tags:
            same = files.folder_sha256(folder) == tags[f"data.{name}.sha256"]
            yield Check("prepared data", f"{folder} = MLflow", same, "not the data that this run saw")


def metrics(logged: dict[str, float]) -> Iterator[Check]:
    """The metrics in reports/*.json against those that MLflow has of the run."""
    known = results.logged(logged)
    for path, group in ((paths.TRAIN_METRICS, "best/"), (paths.TEST_METRICS, "test/")):
        if not path.is_file():
            continue
        try:
            written = results.read(path)
        except (*dvc_files.DAMAGE, AttributeError, OverflowError):
            yield Check("metrics", str(path), False, "not as it was written: edited by hand")
            continue
        for name in sorted({name for name in known if name.startswith(group)} | written.keys()):
            same = name in known and name in written and abs(known[name] - written[name]) < TOLERANCE
            yield Check("metrics", f"{path}, {name} = MLflow", same, "edited by hand, or of another run")


def logged_parameters(logged: dict[str, str]) -> Iterator[Check]:
    """The parameters in dvc.lock against those that MLflow has of the run."""
    for stage in ("preprocess", "train"):
        for key, value in leaves.flatten({stage: dvc_files.locked_params(stage)}):
            if key.startswith(LIMITS):
                continue
            same = key in logged and _number(logged[key]) == _number(str(value))
            hint = f"{paths.LOCK} names parameters that this run did not have, or MLflow lost them"
            yield Check("parameters", f"{key} of {paths.LOCK} = MLflow", same, hint)


def committed_code(commit: str) -> Iterator[Check]:
    """The code that dvc.lock says trained the model against that of the commit that the run says."""
    made = dvc_files.locked_hashes()
    for dep in dvc_files.locked().get("train", dvc_files.Locked()).deps:
        if dep.path not in made:
            hint = f"{paths.LOCK} names code that is not in the commit of this run"
            same = _committed_md5(commit, dep.path) == dep.md5
            yield Check("code", f"{dep.path} of {paths.LOCK} = commit {commit[:8]}", same, hint)


def _committed_md5(commit: str, path: str) -> str | None:
    """What DVC would call the md5 of a file, or of a folder, as a commit has it; None where it has none."""
    found = {name: dvc_files.content_md5(content) for name, content in git.committed_files(commit, path).items()}
    if not found or path in found:
        return found.get(path)
    return dvc_files.folder_md5(path, {name.removeprefix(f"{path}/"): md5 for name, md5 in found.items()})


def _number(text: str) -> float | str:
    """0 and 0.0 are the same value of a parameter."""
    try:
        return float(text)
    except ValueError:
        return text
