"""Answers come in the order of the files, from the model as it is, and few pictures are in memory at a time."""

import threading

import keras
import numpy as np
import pytest
from helpers.data import CLASSES, SIDE, TEST, make_split
from PIL import Image

from pipeline.config.load import parse
from pipeline.core.errors import UserError
from pipeline.data.appearance import Appearance
from pipeline.models import architectures, saving
from pipeline.serving import classifier, inputs
from pipeline.serving.classifier import Classifier, open_model
from pipeline.serving.source import Source

SHAPE = (SIDE, SIDE, 1)
IMAGES = make_split(TEST, 3).images


@pytest.fixture
def model(params) -> keras.Model:
    return architectures.build(SHAPE, CLASSES, params.train)


@pytest.fixture
def folder(tmp_path):
    for number, image in enumerate(IMAGES):
        Image.fromarray(image[..., 0]).save(tmp_path / f"{number:03d}.png")
    (tmp_path / "007.png").write_text("no picture")
    return tmp_path


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_each_file_has_its_answer_in_order_and_a_bad_one_its_error(model, folder, monkeypatch, batch):
    monkeypatch.setattr(classifier, "BATCH", batch)
    found = list(Classifier(model, SHAPE, Appearance("dark")).answers(inputs.find([str(folder)])))
    assert [answer.file for answer in found] == [str(folder / f"{number:03d}.png") for number in range(TEST)]
    assert [answer.file for answer in found if answer.error] == [str(folder / "007.png")]
    expected = model.predict(IMAGES, verbose=0)
    for answer, image, probabilities in zip(found, IMAGES, expected, strict=True):
        if not answer.error:
            assert np.array_equal(answer.image, image)
            assert np.allclose(answer.probabilities, probabilities, atol=1e-6)


def test_no_file_is_no_answer(model):
    assert list(Classifier(model, SHAPE, Appearance()).answers([])) == []


def test_only_two_batches_are_read_before_the_first_is_asked_for(model, folder, monkeypatch):
    read = []
    monkeypatch.setattr(classifier, "BATCH", 4)
    real = Classifier._read_one
    monkeypatch.setattr(Classifier, "_read_one", lambda self, file: read.append(file) or real(self, file))
    given = Classifier(model, SHAPE, Appearance("dark")).answers(inputs.find([str(folder)]))
    next(given)
    assert len(read) <= 8
    given.close()
    assert threading.active_count() < 20 and len(read) <= 8, "nothing goes on behind the back of who has seen enough"


def test_a_batch_of_large_pictures_is_smaller(model, monkeypatch):
    sizes = []
    monkeypatch.setattr(Classifier, "_answered", lambda self, read: sizes.append(len(read)) or [])
    monkeypatch.setattr(Classifier, "_read_one", lambda *_: None)
    list(Classifier(model, (512, 1024, 1), Appearance()).answers([inputs.Input("x")] * 5))
    assert sizes == [0, 2, 2, 1], "nothing has been read before the first"


def test_a_model_is_built_of_the_parameters_of_its_run(params, source, tmp_path, monkeypatch):
    from ruamel.yaml import YAML

    monkeypatch.chdir(tmp_path)
    YAML().dump(source[1], tmp_path / "params.yaml")
    other = {"filters": "3", "dense_units": "5"}
    trained = parse((tmp_path / "params.yaml").read_bytes(), "params.yaml")
    wider = trained.train.model_copy(
        update={"model": trained.train.model.model_copy(update={"filters": 3, "dense_units": 5})}
    )
    built = architectures.build(SHAPE, CLASSES, wider)
    saving.save(built, tmp_path / "model.keras")
    names = list("ABCD")
    found = Source("quadrants", "1", "0" * 32, other, tmp_path / "model.keras", names, Appearance())
    opened = open_model(found, params.dataset)
    assert np.allclose(opened.predict(IMAGES, verbose=0), built.predict(IMAGES, verbose=0))
    name = r"^the champion, version 1 of quadrants \(run 00000000\): "
    for wrong in (found._replace(params={"filters": "4"}), found._replace(classes=[*names, "E"])):
        with pytest.raises(UserError, match=f"{name}is no model of this project"):
            open_model(wrong, params.dataset)
    with pytest.raises(UserError, match=f"{name}.*filters"):
        open_model(found._replace(params={"filters": "__import__"}), params.dataset)
