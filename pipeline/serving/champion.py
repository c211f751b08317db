"""The champion of a data set, taken from MLflow's store to be asked. Nothing in the store is run: it is data."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.config.load import load
from pipeline.config.schema import Dataset
from pipeline.core import cli, paths
from pipeline.core.errors import UserError
from pipeline.core.untrusted import checked
from pipeline.data import arrays
from pipeline.provenance import manifest_checks, registry_checks
from pipeline.provenance.check import Check
from pipeline.serving import pictures

if TYPE_CHECKING:
    from pipeline.tracking.manifest import Manifest
    from pipeline.tracking.queries import ModelVersion, Run
    from pipeline.tracking.served_model import ServedModel


class Champion(NamedTuple):
    """A model that can be asked, and what a person may want to know of it."""

    model: "ServedModel"
    background: int | None  # see tracking/flavor.py
    name: str  # of the registered model
    version: str
    run_id: str
    fill: float | None = None  # see pictures.py


def fetch(dataset_config: Dataset, folder: Path) -> Champion:
    """Copies the files of the champion into `folder`, checks them, and loads the model.

    Raises UserError where there is no champion, or its files are not those that its run logged.
    """
    from pipeline.tracking import queries, registry, scoring

    version = registry.champion(registry.model_name(dataset_config.name))
    if version is None:
        raise UserError(f"{dataset_config.name} has no champion yet: {registry.HOW}")
    run = queries.get_run(version.run_id)
    if run is None:
        raise UserError(f"{_name(version)}: the MLflow store has no run {version.run_id}; nothing was loaded")
    copy_checked(version, run, folder)
    said = scoring.config(folder) or unsaid(dataset_config)
    try:
        classes, background = [str(name) for name in said["classes"]], said["background"]
    except (KeyError, TypeError):
        raise UserError(f"{_name(version)}: its MLmodel does not name its classes; nothing was loaded") from None
    model = served(dataset_config, classes, run.info.run_id, folder)
    fill = pictures.fill(arrays.load(paths.TRAIN).images) if paths.TRAIN.is_dir() else None
    return Champion(model, background, version.name, str(version.version), run.info.run_id, fill)


def unsaid(dataset_config: Dataset) -> dict[str, Any]:
    """What a model of an older version does not say of itself: from params.yaml and the data in this folder."""
    from pipeline.tracking import flavor

    images = arrays.load(paths.TRAIN).images if paths.TRAIN.is_dir() else None
    return flavor.config(dataset_config.classes, images)


def copy_checked(version: "ModelVersion", run: "Run", folder: Path) -> None:
    """Copies the files of a version into `folder`. Raises UserError where its run did not log them so."""
    from pipeline.tracking import manifest, queries, registry

    name = f"run {run.info.run_id[:8]}"
    refuse(version, registry_checks.versions(name, queries.logged_models().get(run.info.run_id, []), [version]))
    with manifest.folder_at(run.info.artifact_uri, only=manifest.NAME) as place:
        written = manifest.read(run, place)
    if written is None:
        raise UserError(f"{_name(version)}: the manifest of its run is lost or was changed; nothing was loaded")
    with manifest.folder_at(registry.address(version)) as place:
        wanted = copy_files(written, place, folder)
    refuse(version, manifest_checks.artifacts(name, wanted, {manifest.MODEL: folder}))


def refuse(version: "ModelVersion", checks: Iterable[Check]) -> None:
    """Raises UserError for the first check that failed."""
    for check in checks:
        if not check.passed:
            raise UserError(f"{_name(version)}: {check.what}: {check.hint}; nothing was loaded")


def copy_files(written: "Manifest", place: Path, folder: Path) -> "Manifest":
    """Copies the model's files that a manifest names from `place`. Returns the manifest of these alone."""
    from pipeline.tracking import manifest

    hashes = {path: sha256 for path, sha256 in written.files.items() if path.startswith(manifest.MODEL)}
    for path in hashes:
        name = checked(path.removeprefix(manifest.MODEL), "path", f"{manifest.NAME} of a run")
        if (place / name).is_file() and not (place / name).is_symlink():  # others are missed by the check
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place / name, folder / name)
    return written.model_copy(update={"files": hashes})


def served(dataset_config: Dataset, classes: list[str], run_id: str, folder: Path) -> "ServedModel":
    """The model in `folder`, with the layers that its run's parameters describe."""
    with cli.suppress_stderr():
        from pipeline.models import architectures, saving
        from pipeline.tracking import flavor, queries
        from pipeline.tracking.served_model import ServedModel

    (params,) = load("train", overrides={"train": queries.trained_params(run_id)})
    model = architectures.build(dataset_config.image_shape, len(classes), params)
    return ServedModel(saving.load(folder / flavor.FILE, model), classes)


def _name(version: "ModelVersion") -> str:
    return f"version {version.version} of {version.name}"
