import io
import json
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from pipeline.config.schema import Params
from pipeline.core.errors import UserError
from pipeline.models import architectures, saving


@pytest.fixture(scope="module")
def model(source):
    """Leave it as it is."""
    return architectures.build((8, 8, 1), 4, Params.model_validate(source[1]).train)


@pytest.fixture(scope="module")
def whole(model, tmp_path_factory) -> bytes:
    """The model as a file."""
    path = tmp_path_factory.mktemp("saved") / "model.keras"
    saving.save(model, path)
    return path.read_bytes()


@pytest.fixture
def saved(whole, tmp_path) -> Path:
    (tmp_path / "model.keras").write_bytes(whole)
    return tmp_path / "model.keras"


def replace(path: Path, compression=zipfile.ZIP_STORED, **parts: bytes | None) -> None:
    """Replaces or adds parts of an archive; None leaves one out. `config` stands for config.json, and so on."""
    names = {"config": "config.json", "weights": "model.weights.h5", "more": "assets/more"}
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content |= {names[part]: value for part, value in parts.items()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, value in content.items():
            if value is not None:
                archive.writestr(name, value)


def config_with(path: Path, **values) -> bytes:
    """The description of the layers in a file, with other values for its first convolution."""
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
    (convolution,) = [layer for layer in config["config"]["layers"] if layer["class_name"] == "Conv2D"]
    convolution["config"] |= values
    return json.dumps(config).encode()


def empty_array(size: int) -> bytes:
    """An HDF5 file that says it has `size` float32 and stores none of them."""
    file = io.BytesIO()
    with h5py.File(file, "w") as opened:
        opened.create_dataset("layers/dense/vars/0", shape=(size,), dtype="float32")
    return file.getvalue()


def with_code(path: Path) -> None:
    keras.Sequential([keras.layers.Input((8, 8, 1)), keras.layers.Lambda(lambda x: x)]).save(path)


LAYERS, SIZE = "its layers are not those that params.yaml describes", r"it takes more than the [\d,]+ bytes"
HOSTILE = {
    "layers of code": (with_code, LAYERS),
    "another activation": (lambda path: replace(path, config=config_with(path, activation="tanh")), LAYERS),
    "more filters": (lambda path: replace(path, config=config_with(path, filters=10**9)), LAYERS),
    "a description that is none": (lambda path: replace(path, config=b"7"), LAYERS),
    "a long description": (lambda path: replace(path, config=b"[" + b"0," * 10**5 + b"0]"), LAYERS),
    "a deep description": (lambda path: replace(path, config=b"[" * 3000 + b"]" * 3000), "maximum recursion depth"),
    "no description": (lambda path: replace(path, config=None), "config.json"),
    "no weights": (lambda path: replace(path, weights=None), "model.weights.h5"),
    "weights that are none": (lambda path: replace(path, weights=b"7"), ""),
    "compressed zeros": (
        lambda path: replace(path, zipfile.ZIP_DEFLATED, more=bytes(2**20)),
        "its parts are compressed",
    ),
    "much more than weights": (lambda path: replace(path, more=bytes(2**21)), SIZE),
    "4 GB that are not there": (lambda path: replace(path, weights=empty_array(2**30)), SIZE),
    "half of it": (lambda path: path.write_bytes(path.read_bytes()[:-500]), ""),
    "a picture": (lambda path: path.write_bytes(b"\x89PNG"), "not a zip file"),
}


@pytest.mark.parametrize("attack", HOSTILE)
def test_a_file_that_is_no_such_model_is_one_line(saved, model, attack):
    tamper, reason = HOSTILE[attack]
    tamper(saved)
    with pytest.raises(UserError, match=rf"model\.keras: is no model of this project: .*{reason}") as error:
        saving.load(saved, model)
    assert "\n" not in str(error.value) and "safe_mode" not in str(error.value)


@pytest.mark.parametrize("other", [((8, 8, 1), 5), ((6, 8, 1), 4), ((8, 8, 3), 4)])
def test_a_model_for_other_images_or_classes_is_refused(saved, params, other):
    with pytest.raises(UserError, match=LAYERS):
        saving.load(saved, architectures.build(*other, params.train))


def test_weights_that_are_no_numbers_are_refused(params, tmp_path):
    model = architectures.build((8, 8, 1), 4, params.train)
    model.set_weights([np.full_like(weights, np.nan) for weights in model.get_weights()])
    saving.save(model, tmp_path / "model.keras")
    with pytest.raises(UserError, match="some of its weights are no numbers"):
        saving.load(tmp_path / "model.keras", model)


def test_a_file_of_keras_with_its_optimizer_and_one_of_another_version_are_read(saved, model):
    expected = model.get_weights()
    replace(saved, config=config_with(saved, word_of_a_later_version=None))
    assert all(map(np.array_equal, saving.load(saved, model).get_weights(), expected))
    kept = saving.load(saved, model)
    kept.compile("adam")
    kept.optimizer.build(kept.trainable_variables)
    kept.save(saved)
    assert all(map(np.array_equal, saving.load(saved, model).get_weights(), expected))


def test_a_saved_model_has_no_date_of_its_own(saved):
    with zipfile.ZipFile(saved) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b'"date_saved": "1980-01-01@00:00:00"' in archive.read("metadata.json")


def test_the_summary_has_a_line_for_each_layer(model):
    lines = saving.summary(model).splitlines()
    assert all(any(layer.name in line for line in lines) for layer in model.layers)
    assert max(map(len, lines)) <= 80 and saving.summary(model).endswith("\n")
