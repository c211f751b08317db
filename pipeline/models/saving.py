"""How a model becomes a file, and a file a model."""

import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from pipeline.core import files
from pipeline.core.errors import UserError
from pipeline.core.paths import PARAMS

EPOCH_OF_ZIP = (1980, 1, 1, 0, 0, 0)
WITH_OPTIMIZER = 4  # times the bytes of the weights: Adam has two numbers for each of them
OVERHEAD = 2**20  # bytes of a .keras file beside its weights: the description of the layers, HDF5's own


def save(model: keras.Model, path: Path) -> None:
    """Writes architecture and weights as a .keras file, atomically; equal models give equal bytes.

    Keras stamps its archive with the date and with memory addresses of the compiled optimizer. What is written here
    is a bare copy of the model, under a fixed date.
    """
    bare = _bare(model)
    bare.set_weights(model.get_weights())
    with tempfile.TemporaryDirectory() as folder, files.replacing(path) as temporary:
        bare.save(Path(folder) / "model.keras")
        _rewrite(Path(folder) / "model.keras", temporary)


def _rewrite(stamped: Path, target: Path) -> None:
    with zipfile.ZipFile(stamped) as source, zipfile.ZipFile(target, "w") as archive:
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name == "metadata.json":
                content = json.dumps(json.loads(content) | {"date_saved": "1980-01-01@00:00:00"}).encode()
            archive.writestr(zipfile.ZipInfo(name, EPOCH_OF_ZIP), content)


def load(path: Path, model: keras.Model) -> keras.Model:
    """A bare copy of `model` with the weights in a .keras file of the same architecture.

    The file is data: no layer is made as it says, no code in it runs, and no more memory is used than this architecture
    may need. Raises UserError for a damaged file, one of another architecture, and one with a weight that is no number.
    """
    bare = _bare(model)
    try:
        _check(path, bare)
        bare.load_weights(path)
        if not all(np.isfinite(weights).all() for weights in bare.get_weights()):
            raise ValueError("some of its weights are no numbers")
    except Exception as error:  # zipfile, json, h5py and Keras raise nearly anything for bytes that were tampered with
        reason, _, _ = (str(error) or type(error).__name__).partition("\n")
        raise UserError(f"{path}: is no model of this project: {reason}") from None
    return bare


def _bare(model: keras.Model) -> keras.Model:
    """The same architecture in Keras' own layers, not compiled, with weights of its own.

    It computes with 32 bits, whatever was trained with: what a model answers does not depend on the processor.
    """
    config = json.loads(json.dumps(model.get_config()).replace('"mixed_bfloat16"', '"float32"'))
    with keras.saving.custom_object_scope({"Dropout": keras.layers.Dropout}):  # in place of models/dropout.py
        return type(model).from_config(config)


def _check(path: Path, model: keras.Model) -> None:
    """Raises ValueError where a .keras file would take more memory than `model` may need, or describes other layers."""
    limit = OVERHEAD + WITH_OPTIMIZER * sum(weights.nbytes for weights in model.get_weights())
    ours = json.dumps(keras.saving.serialize_keras_object(model))
    with zipfile.ZipFile(path) as archive:
        if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
            raise ValueError("its parts are compressed, which neither Keras nor this project does")
        size = sum(member.file_size for member in archive.infolist())
        if size > limit or _array_bytes(archive.read("model.weights.h5")) > limit:
            raise ValueError(f"it takes more than the {limit:,} bytes that the layers in {PARAMS} may need")
        config = archive.read("config.json")
    if len(config) > 2 * len(ours) or not _agree(json.loads(ours), json.loads(config)):
        raise ValueError(f"its layers are not those that {PARAMS} describes")


def _array_bytes(content: bytes) -> int:
    """What all arrays of an HDF5 file take in memory: a file of a few bytes may promise any number of zeros."""
    sizes: list[int] = []
    with h5py.File(io.BytesIO(content)) as file:
        file.visititems(lambda _, item: sizes.append(item.nbytes) if isinstance(item, h5py.Dataset) else None)
    return sum(sizes)


def _agree(ours: Any, theirs: Any) -> bool:
    """Whether two descriptions of layers say the same, as far as both versions of Keras have a word for it."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return all(_agree(ours[key], theirs[key]) for key in ours.keys() & theirs.keys())
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(_agree, ours, theirs))
    return ours == theirs


def summary(model: keras.Model) -> str:
    """The table of layers, shapes and parameters."""
    lines: list[str] = []
    model.summary(print_fn=lambda line, **_: lines.append(line), line_length=80)
    return "\n".join(lines) + "\n"
