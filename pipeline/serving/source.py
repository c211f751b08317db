"""Which model answers: the champion of the data set, or the model of a run. Its files are those that its run logged.

Nothing in MLflow's store is run: it is data. The files are copied, and the copies are checked and used.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.config.schema import Dataset
from pipeline.config.schema.section import Line
from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.core.untrusted import checked
from pipeline.data import arrays
from pipeline.data.appearance import Appearance
from pipeline.provenance import registry_checks

if TYPE_CHECKING:
    from pipeline.tracking.queries import LoggedModel, ModelVersion, Run


class Source(NamedTuple):
    """A trained model, not loaded yet."""

    data_set: str
    version: str | None  # in the registry; None for a run that was asked for by its id
    run_id: str
    params: dict[str, str]  # of its training, by leaf name
    model: Path
    classes: list[str]  # in the order of the outputs
    appearance: Appearance  # of its training images

    def describe(self) -> str:
        which = f"the champion, version {self.version} of" if self.version else "a model of"
        return f"{which} {self.data_set} (run {self.run_id[:8]})"


class Config(BaseModel):
    """What a logged model says of itself (see tracking/flavor.py)."""

    model_config = ConfigDict(strict=True)

    classes: list[Line] = Field(min_length=2, max_length=256)
    background: Literal["dark", "light"] | None = None
    fill: Annotated[float, Field(gt=0, le=1)] | None = None


def find(dataset_config: Dataset, asked: str | None, folder: Path) -> Source:
    """The model of the run `asked`, or the champion of the data set where that is None. `folder` takes its files.

    Raises UserError where there is none, it was trained on another data set, or its files are not those that its run
    logged.
    """
    from pipeline.tracking import flavor, queries, registry, store

    store.open_store()
    with store.errors():
        name, version = dataset_config.name, None
        if asked is None:
            version = registry.champion(name)
            if version is None:
                raise UserError(f"{name} has no champion yet: {registry.HOW}, `predict --run RUN` asks any other")
            asked = str(version.run_id)
        run = queries.resolve_run(asked)
        models = queries.models_of(run)
        if not models:
            raise queries.without_model(run)
        params = queries.trained_params(run.info.run_id)
        if (trained_on := run.data.params.get("dataset.name")) != name:
            raise UserError(f"run {asked} was trained on {trained_on}, not on {name}, as params.yaml says")
        try:
            copy_checked(run, place(version, run, models), folder)
            config = described(folder, dataset_config)
        except UserError as error:
            what = f"version {version.version} of {name}" if version else f"run {asked}"
            raise UserError(f"{what}: {error}; nothing was loaded") from None
    number, look = str(version.version) if version else None, Appearance(config.background, config.fill)
    return Source(name, number, run.info.run_id, params, folder / flavor.FILE, config.classes, look)


def place(version: "ModelVersion | None", run: "Run", models: list["LoggedModel"]) -> str:
    """The address of the files. Raises UserError for a version that names a model of another run."""
    from pipeline.tracking import registry

    if version is None:
        return models[0].artifact_location
    for check in registry_checks.versions(f"run {run.info.run_id[:8]}", models, [version]):
        if not check.passed:
            raise UserError(f"{check.what}: {check.hint}")
    return registry.address(version)


def copy_checked(run: "Run", address: str, folder: Path) -> None:
    """Copies the files of a run's model from an address. Raises UserError where the run did not log them so."""
    from pipeline.tracking import flavor, manifest

    with manifest.folder_at(run.info.artifact_uri, only=manifest.NAME) as artifacts:
        logged = manifest.model_files(run, artifacts)
    if logged is None or flavor.FILE not in logged:
        raise UserError("the manifest of its run is lost or was changed")
    with manifest.folder_at(address) as there:
        for path, sha256 in logged.items():
            original, copy = there / checked(path, "path", f"{manifest.NAME} of a run"), folder / path
            if original.is_file() and not original.is_symlink():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(original, copy)
            if not copy.is_file() or files.sha256(copy) != sha256:
                raise UserError(f"{path} of its model was changed or lost since the run logged it")


def described(folder: Path, dataset_config: Dataset) -> Config:
    """What the model in `folder` says of itself; for one of an older version, the data of this project does.

    Raises UserError for what no model of this project says.
    """
    from pipeline.tracking import flavor

    said = flavor.read_config(folder)
    if "fill" not in said:
        images = arrays.load(paths.TRAIN).images if paths.TRAIN.is_dir() else None
        said = flavor.config(said.get("classes", dataset_config.classes), images)
    try:
        return Config.model_validate(said)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise UserError(f"its MLmodel has no {where} that can be used") from None
