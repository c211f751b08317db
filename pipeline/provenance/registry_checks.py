"""Checks of MLflow's model registry: registered versions against their runs, the champion against the record."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.core.errors import UserError
from pipeline.provenance.check import Check

if TYPE_CHECKING:
    from pipeline.tracking.queries import LoggedModel, ModelVersion


def versions(run: str, models: list["LoggedModel"], registered: list["ModelVersion"]) -> Iterator[Check]:
    """The versions that name a run, which is called `run` in what is shown, against the models that it logged."""
    from pipeline.tracking import registry

    known = {place for model in models for place in (model.model_id, f"models:/{model.model_id}")}
    known |= {model.artifact_location for model in models}
    for version in registered:
        named = {version.source, registry.address(version), version.model_id or version.source}
        hint = "names a model not of this run"
        yield Check("registry", f"{version.name} {version.version} = {run}", named <= known, hint)


def champion(name: str) -> Iterator[Check]:
    """The alias of a data set's champion, and each move on the record, against its versions. Nothing without a move."""
    from pipeline.tracking import queries, registry

    current = registry.champion(name)
    try:
        moves = registry.history(name)
    except UserError as error:
        yield Check("champion", f"the record of {name}", False, str(error))
        return
    runs = {
        int(version.version): run
        for run, found in queries.model_versions().items()
        for version in found
        if version.name == name
    }
    for number, move in enumerate(moves, 1):
        hint = f"the registry has no version {move.version} of run {move.run_id[:8]}"
        yield Check("champion", f"{name}, move {number}", runs.get(move.version) == move.run_id, hint)
    if moves or current:
        same = bool(moves) and current is not None and int(current.version) == moves[-1].version
        hint = "the alias was moved without a record; `python -m pipeline promote` says who was champion, and moves it"
        yield Check("champion", f"{name}@{registry.CHAMPION} = the last move on the record", same, hint)
