"""Checkpoints of a training: weights, optimizer, state of dropout's random generators, history.

They lie in .state/training/FINGERPRINT/, outside DVC's outputs, since DVC deletes those before a stage runs. The same
training, started again after it was killed, continues after its last finished epoch.
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
from pipeline.training.history import Epoch, TrainingState

if TYPE_CHECKING:
    import keras

STATE = "state.npz"


@contextlib.contextmanager
def claim(name: str) -> Iterator[Path]:
    """Yields the folder for the checkpoint of the training `name`. No other process gets it during the block.

    The folder is called `name`, or `name`.2, .3 … if other processes run the same training now. It stays when the
    block ends; `discard` removes it.
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
    """Removes the checkpoint of a complete training, unless another process runs the same training now."""
    if _folder(name).exists():
        with contextlib.suppress(Timeout), FileLock(_folder(name) / "lock", timeout=0):
            shutil.rmtree(_folder(name), ignore_errors=True)


def exists(folder: Path) -> bool:
    """Whether the folder has a checkpoint to continue from."""
    return (folder / STATE).exists()


def identity(folder: Path) -> str:
    """Unique id of this checkpoint; its run carries it as a tag."""
    path = folder / "id"
    if not path.exists():
        files.write_text(path, uuid.uuid4().hex)
    return path.read_text(encoding="utf-8")


def empty(folder: Path) -> None:
    """Removes checkpoint and id, so that the training starts again, in a new run."""
    (folder / "id").unlink(missing_ok=True)
    (folder / STATE).unlink(missing_ok=True)


def _folder(name: str) -> Path:
    return files.project_root() / ".state" / "training" / name


def save(folder: Path, model: "keras.Model", progress: TrainingState) -> None:
    """Writes the checkpoint after a finished epoch, in place of the one before.

    `model` has the weights of the last epoch in `progress`. Raises OSError if the disk is full.
    """
    arrays = {f"variable_{i:03d}": variable.numpy() for i, variable in enumerate(_variables(model))}
    arrays |= {f"best_{i:03d}": weights for i, weights in enumerate(progress.best_weights)}
    with files.replacing(folder / STATE) as temporary, temporary.open("wb") as file:
        np.savez(file, history=np.array(json.dumps(progress.history)), **arrays)


def restore(folder: Path, model: "keras.Model") -> TrainingState:
    """Loads the checkpoint into a newly built `model`.

    Returns its history and best weights; both are empty, and the model is as it was, if it is missing or damaged.
    """
    arrays, variables = _read(folder / STATE), _variables(model)
    names = [f"variable_{i:03d}" for i in range(len(variables))]
    best = [f"best_{i:03d}" for i in range(len(model.get_weights()))]
    if arrays.keys() != {"history", *names, *best}:
        return TrainingState([], [])
    for name, variable in zip(names, variables, strict=True):
        variable.assign(arrays[name])
    history = [Epoch(*epoch) for epoch in json.loads(str(arrays["history"]))]
    return TrainingState(history, [arrays[name] for name in best])


def _read(path: Path) -> dict[str, Any]:
    """All arrays of a checkpoint file; none if it is missing or damaged (zip keeps a checksum of each array).

    A damaged zip directory can raise nearly any exception, for example that a member is encrypted.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return dict(archive)
    except Exception:
        return {}


def _variables(model: "keras.Model") -> list[Any]:
    """Weights, states of dropout's random generators, optimizer. Files that keras writes do not have the second."""
    model.optimizer.build(model.trainable_variables)
    return [*model.trainable_variables, *model.non_trainable_variables, *model.optimizer.variables]
