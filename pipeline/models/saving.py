"""How a model becomes a file, and a file a model."""

import json
import tempfile
import zipfile
from pathlib import Path

import keras

from pipeline.core import files
from pipeline.core.errors import UserError

EPOCH_OF_ZIP = (1980, 1, 1, 0, 0, 0)


def save(model: keras.Model, path: Path) -> None:
    """Writes architecture and weights as a .keras file, atomically; equal models give equal bytes.

    Keras stamps its archive with the date and with memory addresses of the compiled optimizer. What is written here
    is a bare copy of the model, under a fixed date.
    """
    bare = type(model).from_config(model.get_config())
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


def load(path: Path) -> keras.Model:
    """Loads a .keras file. Raises UserError for a damaged one, and for one that carries code (Keras' safe mode)."""
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, OSError, KeyError) as error:
        raise UserError(f"{path}: is no model that can be loaded ({str(error).splitlines()[0]})") from None


def summary(model: keras.Model) -> str:
    """The table of layers, shapes and parameters."""
    lines: list[str] = []
    model.summary(print_fn=lambda line, **_: lines.append(line), line_length=80)
    return "\n".join(lines) + "\n"
