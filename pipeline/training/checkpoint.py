"""Checkpoints of a training: weights, optimizer, state of dropout's random generators, history.

They lie in .state/training/FINGERPRINT/, outside DVC's outputs, since DVC deletes those before a stage runs. The same
training, started again after it was killed, continues after its last finished epoch.
"""

import contextlib
import hashlib
import io
import itertools
import json
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock, Timeout
from pydantic import ConfigDict, TypeAdapter

from pipeline.core import files
from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.core.untrusted import checked, matches
from pipeline.training.history import Epoch, TrainingState

if TYPE_CHECKING:
    import keras

STATE = "state.npz"  # with SHA256 bytes more at its end
SHA256 = 32
OUTBOX = "outbox"  # what the run has not got yet
HISTORY = TypeAdapter(list[Epoch], config=ConfigDict(allow_inf_nan=False))


@contextlib.contextmanager
def claim(name: str) -> Iterator[Path]:
    """Yields the folder for the checkpoint of the training `name`. No other process gets it during the block.

    The folder is called `name`, or `name`.2, .3 … if other processes run the same training now. It stays when the
    block ends; `discard` removes it.
    """
    for number in itertools.count(1):
        folder = folder_of(name if number == 1 else f"{name}.{number}")
        lock = FileLock(folder / "lock", timeout=0)  # the kernel frees it when its process dies
        with contextlib.suppress(Timeout):
            lock.acquire()
            break
    try:
        yield folder
    finally:
        lock.release()


def discard(name: str) -> None:
    """Removes the checkpoint of a complete training, unless another process runs the same training now.

    `name` may come from a store. Raises UserError where no training can have it: it becomes part of a path.
    """
    if folder_of(name).exists():
        with contextlib.suppress(Timeout), FileLock(folder_of(name) / "lock", timeout=0):
            shutil.rmtree(folder_of(name), ignore_errors=True)


def folder_of(name: str) -> Path:
    """Where the state of the training `name` is kept. Raises UserError where no training can have this name."""
    folder = files.project_root() / ".state" / "training" / checked(name, "training", "the name of a training")
    if folder.is_symlink():
        raise UserError(f"{folder}: is a link, and may lead anywhere; remove it")
    return folder


def exists(folder: Path) -> bool:
    """Whether the folder has a checkpoint to continue from."""
    return (folder / STATE).exists()


def identity(folder: Path) -> str:
    """Unique id of this checkpoint; its run carries it as a tag."""
    path = folder / "id"
    if not path.exists() or not matches(path.read_text(encoding="utf-8", errors="replace"), "run id"):
        files.write_text(path, uuid.uuid4().hex)  # 32 hexadecimal digits, as MLflow's ids
    return path.read_text(encoding="utf-8")


def empty(folder: Path) -> None:
    """Removes checkpoint, id and what was not delivered, so that the training starts again, in a new run."""
    shutil.rmtree(folder / OUTBOX, ignore_errors=True)
    (folder / "id").unlink(missing_ok=True)
    (folder / STATE).unlink(missing_ok=True)


def save(folder: Path, model: "keras.Model", progress: TrainingState) -> None:
    """Writes the checkpoint after a finished epoch, in place of the one before.

    `model` has the weights of the last epoch in `progress`. Raises OSError if the disk is full.
    """
    arrays = {f"variable_{i:03d}": variable.numpy() for i, variable in enumerate(_variables(model))}
    arrays |= {f"best_{i:03d}": weights for i, weights in enumerate(progress.best_weights)}
    with files.replacing(folder / STATE) as temporary, temporary.open("w+b") as file:
        np.savez(file, history=np.array(json.dumps(progress.history)), **arrays)
        file.seek(0)
        file.write(_sha256(folder, file))  # at its end, where the reading has stopped


def restore(folder: Path, model: "keras.Model") -> TrainingState:
    """Loads the checkpoint into a newly built `model`.

    Returns its history and best weights; both are empty, and the model is as it was, if there is none. One that is not
    as `save` wrote it for this training is set aside, with a line.
    """
    path = folder / STATE
    if not path.exists():
        return TrainingState([], [])
    variables = {f"variable_{i:03d}": variable for i, variable in enumerate(_variables(model))}
    best = {f"best_{i:03d}": weights for i, weights in enumerate(model.get_weights())}
    try:
        history, arrays = _read(path, {name: tuple(each.shape) for name, each in (variables | best).items()})
    except Exception:  # numpy and zipfile raise nearly anything for bytes that were tampered with
        path.replace(folder / "damaged.npz")
        say(f"{path}: is not as it was written; it is set aside, and the training starts afresh")
        return TrainingState([], [])
    for name, variable in variables.items():
        variable.assign(arrays[name])
    return TrainingState(history, [arrays[name] for name in best])


def _read(path: Path, shapes: dict[str, tuple[int, ...]]) -> tuple[list[Epoch], dict[str, np.ndarray]]:
    """The history and the arrays of a state. Raises nearly anything where it is not whole, or not of these shapes."""
    content = path.read_bytes()
    body = io.BytesIO(content[:-SHA256])
    if _sha256(path.parent, body) != content[-SHA256:]:
        raise ValueError("its sha256 is another")
    with np.load(body, allow_pickle=False) as archive:
        if any(member.compress_type for member in archive.zip.infolist()):
            raise ValueError("it is compressed, and may unpack to anything")
        arrays = dict(archive)
    history = HISTORY.validate_json(str(arrays.pop("history")))
    if [epoch.epoch for epoch in history] != list(range(1, len(history) + 1)):
        raise ValueError("its epochs are not numbered from 1")
    if {name: array.shape for name, array in arrays.items()} != shapes:
        raise ValueError("its weights are of another model")
    return history, arrays


def _sha256(folder: Path, file: io.BufferedIOBase) -> bytes:
    """sha256, 32 bytes, of the training that the folder is called after and of what follows in the file."""
    name, _, _ = folder.name.partition(".")
    return hashlib.file_digest(file, lambda: hashlib.sha256(name.encode())).digest()


def _variables(model: "keras.Model") -> list[Any]:
    """Weights, states of dropout's random generators, optimizer. Files that keras writes do not have the second."""
    return [*model.trainable_variables, *model.non_trainable_variables, *model.optimizer.variables]
