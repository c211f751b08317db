import importlib
import inspect
import sys
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from helpers.data import SHIPPED

from pipeline.config import recipes
from pipeline.config.load import load
from pipeline.config.schema import Train, leaves
from pipeline.core import files
from pipeline.models import architectures, saving

LAYERS = [  # the tutorial's network: name, output shape, parameters
    ("Rescaling", (None, 28, 28, 1), 0),
    ("Conv2D", (None, 28, 28, 32), 320),
    ("MaxPooling2D", (None, 14, 14, 32), 0),
    ("Dropout", (None, 14, 14, 32), 0),
    ("Flatten", (None, 6272), 0),
    ("Dense", (None, 128), 802_944),
    ("Dropout", (None, 128), 0),
    ("Dense", (None, 10), 1_290),
]


@pytest.fixture(scope="module")
def defaults() -> Train:
    (train,) = load("train", path=SHIPPED)
    return train


def test_cnn_is_the_network_of_the_tutorial_layer_by_layer(defaults):
    model = architectures.build((28, 28, 1), 10, defaults)
    assert [(type(x).__name__, x.output.shape, x.count_params()) for x in model.layers] == LAYERS
    assert model.count_params() == 804_554
    convolution, pooling, dropout = model.layers[1:4]
    assert (convolution.kernel_size, convolution.padding, convolution.activation.__name__) == ((3, 3), "same", "relu")
    assert (pooling.pool_size, dropout.rate, model.layers[6].rate) == ((2, 2), 0.25, 0.25)
    assert model.layers[5].activation.__name__ == "relu" and model.layers[7].activation.__name__ == "softmax"


def test_every_parameter_has_its_effect(defaults):
    small = leaves.replace(defaults, {"filters": 3, "dense_units": 5, "dropout": 0.5})
    model = architectures.build((8, 6, 3), 4, small)
    assert model.output_shape == (None, 4) and model.input_shape == (None, 8, 6, 3)
    assert (model.layers[1].filters, model.layers[5].units, model.layers[3].rate) == (3, 5, 0.5)


def test_every_model_of_the_schema_has_its_file():
    for name in leaves.kinds(Train.model_fields["model"]):
        build = importlib.import_module(f"pipeline.models.{name}").build
        assert list(inspect.signature(build).parameters) == ["image_shape", "classes", "params"]


@pytest.mark.parametrize("name", recipes.names())
@pytest.mark.parametrize("shape", [(7, 10, 3)])
def test_the_model_of_each_recipe_takes_pictures_of_any_shape_and_can_be_saved(name, shape, tmp_path):
    (train,) = load("train", overrides={"train": recipes.read(name)}, path=SHIPPED)
    model = architectures.build(shape, 4, train)
    images = np.random.default_rng(0).integers(0, 256, (5, *shape), dtype=np.uint8)
    probabilities = model.predict(images, verbose=0)
    assert probabilities.shape == (5, 4) and probabilities.dtype == np.float32
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    saving.save(model, tmp_path / "model.keras")
    kept = saving.load(tmp_path / "model.keras", model)
    assert {type(layer).__module__.partition(".")[0] for layer in kept.layers} == {"keras"}
    assert np.array_equal(kept.predict(images, verbose=0), probabilities)


@pytest.mark.parametrize("name", recipes.names())
@pytest.mark.parametrize("shape", [(2, 2, 1), (128, 96, 3)])
def test_the_model_of_each_recipe_can_be_built_for_small_large_and_long_pictures(name, shape):
    (train,) = load("train", overrides={"train": recipes.read(name)}, path=SHIPPED)
    assert architectures.build(shape, 3, train).output_shape == (None, 3)


def test_another_model_is_found_by_its_name_and_gets_its_own_parameters(defaults, monkeypatch):
    def build(image_shape, classes, params):
        inputs = keras.layers.Input(image_shape)
        return keras.Sequential([inputs, keras.layers.Flatten(), keras.layers.Dense(classes, name=params.layer)])

    monkeypatch.setitem(sys.modules, "pipeline.models.other", SimpleNamespace(build=build))
    other = defaults.model_copy(update={"model": SimpleNamespace(name="other", layer="only")})
    assert architectures.build((8, 8, 1), 2, other).layers[-1].name == "only"


def test_the_seed_decides_the_weights(defaults):
    def weights(seed):
        return architectures.build((8, 8, 1), 4, defaults.model_copy(update={"seed": seed})).get_weights()[0]

    assert np.array_equal(weights(1), weights(1)) and not np.array_equal(weights(1), weights(2))


def test_a_saved_model_is_the_same_file_each_time_and_predicts_the_same(defaults, tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1), dtype=np.uint8)
    paths = [tmp_path / "one.keras", tmp_path / "two.keras"]
    for path in paths:
        model = architectures.build((8, 8, 1), 4, defaults)
        saving.save(model, path)
    assert files.sha256(paths[0]) == files.sha256(paths[1])
    loaded = saving.load(paths[0], architectures.build((8, 8, 1), 4, defaults))
    assert [type(x).__name__ for x in loaded.layers] == [name for name, _, _ in LAYERS]
    assert np.allclose(loaded.predict(images, verbose=0), model.predict(images, verbose=0), atol=1e-6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.keras", "two.keras"]
