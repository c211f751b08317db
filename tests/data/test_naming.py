import shutil

import numpy as np
import pytest
from helpers.drawn import dataset, draw, half

from pipeline.core import paths
from pipeline.data import decoding, expectations, raw

SHARE = {"format": "share", "of": 0.25, "seed": 1}


@pytest.fixture
def train(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = paths.RAW.absolute() / "train"
    draw(path, each=8, seed=1)
    return path


def test_the_names_are_in_the_order_of_the_images_also_of_those_that_are_cut(train):
    draw(train.with_name("other"), each=2, seed=2)
    for config in (dataset(half(train), SHARE), dataset(half(train), half(train.with_name("other")))):
        parts, names = raw.read(config), raw.names(config)
        for part, split in parts.items():
            folder = paths.RAW / config.halves.get(part, config.train).path
            again = decoding.decode(folder, names[part], config.image_shape, "fit")
            assert np.array_equal(again, split.images), part


def test_a_table_has_names_in_the_order_of_its_rows(train):
    table = "path,label\nsky blue/1.png,2\nred/3.png,0\n"
    (train / "labels.csv").write_text(table)
    config = dataset(half(train, format="csv", file="labels.csv"), SHARE)
    assert raw.names(config.model_copy(update={"test": config.train})) == {
        part: ["sky blue/1.png", "red/3.png"] for part in ("train", "test")
    }


def test_what_fails_a_check_is_told_by_its_file(train, params):
    limits = params.preprocess.checks.model_copy(update={"class_balance_tolerance": 0.5})
    shutil.copy(train / "red" / "1.png", train / "red" / "copy of 1.png")
    for seed in range(50):  # until the two are on both sides
        config = dataset(half(train), SHARE | {"seed": seed})
        result = expectations.check(raw.read(config), config, limits)
        if not result["passed"]:
            break
    (line,) = expectations.failures(result)
    assert line.startswith("image in one part only: ")
    assert "train/[red/1.png] is True" in line and "train/[red/copy of 1.png] is True" in line
