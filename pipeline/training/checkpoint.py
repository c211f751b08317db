"""What a training needs to go on after it was killed: weights, optimizer, dropout's random numbers, history.

Kept in .state/training/, outside DVC's outputs (DVC deletes those before a stage runs), under the fingerprint of the
training. Whoever asks for the same training again goes on from the last finished epoch.
"""

import contextlib
import itertools
import json
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock, Timeout

from pipeline.core import files
from pipeline.training.loop import Epoch, TrainingState

if TYPE_CHECKING:
    import keras

LATEST, PREVIOUS = "latest.npz", "previous.npz"


@contextlib.contextmanager
def claim(name: str) -> Iterator[Path]:
    """Yields the folder for the state of the training `name`, which is this process's alone for the block.

    It is called `name`; or `name`.2, .3 … where the same training is under way in another process. The folder stays
    when the block ends; `discard` removes it.
    """
    for number in itertools.count(1):
        folder = _folder(name if number == 1 else f"{name}.{number}")
        lock = FileLock(folder / "lock", timeout=0)  # the kernel frees it when its process dies
        with contextlib.suppress(Timeout):
            lock.acquire()
            break
    try:
        yield folder
    finally:
        lock.release()


def discard(name: str) -> None:
    """Removes a state whose training is complete, unless another process is at the same training now."""
    if _folder(name).exists():
        with contextlib.suppress(Timeout), FileLock(_folder(name) / "lock", timeout=0):
            shutil.rmtree(_folder(name), ignore_errors=True)


def exists(folder: Path) -> bool:
    """Whether there is anything to go on from."""
    return (folder / LATEST).exists() or (folder / PREVIOUS).exists()


def identity(folder: Path) -> str:
    """A name for this state, as long as there is one: the run tagged with it is its own, not another folder's."""
    path = folder / "id"
    if not path.exists():
        files.write_text(path, uuid.uuid4().hex)
    return path.read_text(encoding="utf-8")


def empty(folder: Path) -> None:
    """Forgets a state, so that training starts afresh, in a run of its own."""
    (folder / "id").unlink(missing_ok=True)
    (folder / LATEST).unlink(missing_ok=True)
    (folder / PREVIOUS).unlink(missing_ok=True)


def _folder(name: str) -> Path:
    return files.project_root() / ".state" / "training" / name


def save(folder: Path, model: "keras.Model", progress: TrainingState) -> None:
    """Writes the state after a finished epoch; the one before it stays as `previous.npz`, should this one be torn.

    `model` has the weights of the last epoch in `progress`.
    """
    arrays = {f"variable_{i:03d}": variable.numpy() for i, variable in enumerate(_variables(model))}
    arrays |= {f"best_{i:03d}": weights for i, weights in enumerate(progress.best_weights)}
    latest = folder / LATEST
    with files.replacing(latest) as temporary:
        with temporary.open("wb") as file:
            np.savez(file, history=np.array(json.dumps(progress.history)), **arrays)
        if latest.exists():
            latest.replace(folder / PREVIOUS)


def restore(folder: Path, model: "keras.Model") -> TrainingState:
    """Brings a newly built `model` to where the state left it; returns how far that is, which may be nowhere."""
    for path in (folder / LATEST, folder / PREVIOUS):
        arrays = _read(path)
        variables = _variables(model)
        expected = {f"variable_{i:03d}" for i in range(len(variables))} | {"history"}
        expected |= {f"best_{i:03d}" for i in range(len(model.get_weights()))}
        if arrays.keys() == expected:
            for i, variable in enumerate(variables):
                variable.assign(arrays[f"variable_{i:03d}"])
            history = [Epoch(*epoch) for epoch in json.loads(str(arrays["history"]))]
            return TrainingState(history, [arrays[f"best_{i:03d}"] for i in range(len(model.get_weights()))])
    return TrainingState([], [])


def _read(path: Path) -> dict[str, Any]:
    """All arrays of a state file; none where it is missing or torn (zip keeps a checksum of each array).

    Damage to the directory of a zip file can raise nearly anything: that a member is encrypted, for one.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return dict(archive)
    except Exception:
        return {}


def _variables(model: "keras.Model") -> list[Any]:
    """Weights, state of the dropout layers' random generators, optimizer: keras' own files leave out the second."""
    model.optimizer.build(model.trainable_variables)
    return [*model.trainable_variables, *model.non_trainable_variables, *model.optimizer.variables]
