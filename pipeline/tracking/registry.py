"""MLflow's model registry: versions of the models of a data set, which of them is the champion, and who decided so.

A registered model is named like its data set. The alias `champion` is the one that is served. Each move of the alias is
written down first, as a tag of the registered model, so that a move that was killed is finished by the next one.
"""

import contextlib
import getpass
import hashlib
import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import mlflow
from filelock import FileLock
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, RESOURCE_DOES_NOT_EXIST, ErrorCode
from pydantic import TypeAdapter

from pipeline.core import files
from pipeline.core.cli import say
from pipeline.core.errors import UserError

CHAMPION = "champion"
HOW = (  # to get one
    "`dvc repro --force --single-item evaluate` judges the model that is here, `python -m pipeline promote RUN "
    "--reason …` makes that of a run the champion"
)
NO_CHAMPION = {  # what MLflow says where there is no model, no alias; with basic-auth, no model
    "RESOURCE_DOES_NOT_EXIST",
    "INVALID_PARAMETER_VALUE",
    "PERMISSION_DENIED",
}
MOVE = "champion.move."  # a tag of the registered model, with a number behind it
GATE, ACCEPTED, REFUSED = "gate", "accepted", "refused by"  # tag of a run; a rule a line follows REFUSED


class Move(NamedTuple):
    """Why a version became the champion."""

    version: int
    run_id: str
    when: str  # UTC, ISO 8601
    who: str
    why: str
    overridden: list[str]  # rules that it does not keep, in words


@contextlib.contextmanager
def decision() -> Iterator[None]:
    """One process of this machine at a time decides about champions; a killed one loses the lock."""
    with FileLock(files.project_root() / "mlflow.db.champion.lock"):
        yield


def champion(name: str) -> ModelVersion | None:
    """The version that is the champion of a data set, or None."""
    try:
        return mlflow.MlflowClient().get_model_version_by_alias(name, CHAMPION)
    except MlflowException as error:
        if error.error_code in NO_CHAMPION:
            return None
        raise


def register(name: str, run_id: str, model_id: str, tags: dict[str, str]) -> ModelVersion:
    """The version of a logged model, with these tags. A try that was killed has perhaps made it already."""
    client, source = mlflow.MlflowClient(), f"models:/{model_id}"
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
            raise
    found = _versions(name, run_id, source)
    if not found:
        client.create_model_version(name, source, run_id, model_id=model_id, await_creation_for=0)
        found = _versions(name, run_id, source)
        for twin in found[1:]:  # the answer was lost, and MLflow has asked again
            client.delete_model_version(name, twin.version)
    version = found[0]
    for key, value in tags.items():
        client.set_model_version_tag(name, version.version, key, value[:5000])
    return version


def _versions(name: str, run_id: str, source: str) -> list[ModelVersion]:
    """The versions of a run's model, the oldest first."""
    found = mlflow.MlflowClient().search_model_versions(f"name = '{name}' and run_id = '{run_id}'")
    return sorted((each for each in found if each.source == source), key=lambda each: int(each.version))


def make_champion(name: str, version: ModelVersion, why: str, overridden: list[str]) -> Move:
    """Moves the alias, on the record. Hold `decision`. Does nothing more where this version is the champion already."""
    moves = history(name)
    current = champion(name)
    if moves and current and int(current.version) == moves[-1].version == int(version.version):
        return moves[-1]
    move = Move(int(version.version), version.run_id or "", _now(), _who(), why, overridden)
    client = mlflow.MlflowClient()
    client.set_registered_model_tag(name, f"{MOVE}{len(moves) + 1:06d}", _record([*moves, move]))
    client.set_registered_model_alias(name, CHAMPION, str(move.version))
    return move


def finish_move(name: str) -> None:
    """Puts the alias where the last move on the record has it: that move was killed, or somebody moved it by hand.

    Hold `decision`. Where that version was deleted, it says so, and there is no champion until the next move.
    """
    moves, current = history(name), champion(name)
    if not moves or (current and int(current.version) == moves[-1].version):
        return
    last = f"version {moves[-1].version} of {name}, the champion by the record"
    try:
        mlflow.MlflowClient().set_registered_model_alias(name, CHAMPION, str(moves[-1].version))
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            raise
        say(f"{last}, was deleted: there is none now")
    else:
        say(f"the alias {CHAMPION} is put back to {last}")


def history(name: str) -> list[Move]:
    """The moves of the alias, the oldest first. Raises UserError for a record that was changed afterwards."""
    try:
        tags = mlflow.MlflowClient().get_registered_model(name).tags
    except MlflowException as error:
        if error.error_code == ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            return []
        raise
    moves: list[Move] = []
    for key in sorted(key for key in tags if re.fullmatch(rf"{re.escape(MOVE)}\d+", key)):
        with contextlib.suppress(ValueError, TypeError, KeyError):
            moves.append(TypeAdapter(Move).validate_python(json.loads(tags[key])["move"]))
        if not moves or tags[key] != _record(moves):
            raise UserError(
                f"registered model {name}, tag {key}: the record of champions was changed by hand; in MLflow's UI, "
                "remove this tag and those of later moves, or the registered model, and promote again"
            )
    return moves


def _record(moves: list[Move]) -> str:
    """The last of some moves as text, with a hash of all of them: none can be changed or left out unnoticed."""
    sha256 = hashlib.sha256(json.dumps(moves).encode()).hexdigest()
    return json.dumps({"move": moves[-1]._asdict(), "sha256": sha256})


def previous(name: str) -> Move:
    """The move to the champion before this one; a step back undoes a move. Raises UserError where there was none."""
    line: list[Move] = []
    for move in history(name):
        if len(line) > 1 and line[-2].version == move.version:
            line.pop()
        elif not line or line[-1].version != move.version:
            line.append(move)
    if len(line) < 2:
        raise UserError(f"{name} has had no champion before this one")
    return line[-2]


def address(version: ModelVersion) -> str:
    """Where MLflow's own clients take the files of a version from."""
    return mlflow.MlflowClient().get_model_version_download_uri(version.name, version.version)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container, whose user has a number and no name
        return str(os.getuid())
