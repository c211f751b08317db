import shutil
import unicodedata

import numpy as np
import pytest
from helpers.drawn import COLOURS, SHAPE, dataset, draw, half
from PIL import Image

from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data import raw
from pipeline.data.formats import folder

CLASSES = list(COLOURS)


@pytest.fixture
def train(tmp_path, monkeypatch):
    """data/raw/pets/train in a folder in which the process stands."""
    monkeypatch.chdir(tmp_path)
    path = paths.RAW.absolute() / "pets" / "train"
    draw(path, each=3, seed=1)
    return path


def described(train, **others):
    """A data set of which only the half `train` is read here."""
    return dataset(half(train, **others), {"format": "share", "of": 0.3, "seed": 1})


def problems(train, **others) -> list[str]:
    with pytest.raises(UserError) as error:
        config = described(train, **others)
        folder.read(config.train, config)
    return [line.removeprefix("data/raw/pets/train/") for line in str(error.value).splitlines()]


def test_pictures_are_read_with_the_labels_of_their_folders(train):
    config = described(train)
    found = folder.read(config.train, config)
    assert found.images.shape == (9, *SHAPE) and found.images.dtype == found.labels.dtype == np.uint8
    assert found.labels.tolist() == [1, 1, 1, 0, 0, 0, 2, 2, 2], "in the order of the names, numbered as in params.yaml"
    assert np.array_equal(found.images[3], np.asarray(Image.open(train / "red" / "0.png")))


def test_folders_in_the_folder_of_a_class_belong_to_it(train):
    (train / "red" / "more").mkdir()
    (train / "red" / "0.png").rename(train / "red" / "more" / "x.PNG")
    (train / "red" / "more" / "Thumbs.db").write_text("of Windows")
    config = described(train)
    assert np.bincount(folder.read(config.train, config).labels).tolist() == [3, 3, 3]


def test_accents_may_be_letters_of_their_own(train):
    (train / "grün").rename(train / unicodedata.normalize("NFD", "grün"))
    config = described(train)
    assert np.bincount(folder.read(config.train, config).labels).tolist() == [3, 3, 3]
    assert {name: len(files) for name, files in folder.by_class(train).items()} == dict.fromkeys(COLOURS, 3)


def test_all_that_is_not_as_described_is_said_at_once(train):
    shutil.rmtree(train / "red")
    (train / "sky blue" / "notes.txt").write_text("x")
    (train / "green").mkdir()
    (train / "README.md").write_text("may lie here")
    for name in ("green/a.png", "a.png"):
        Image.new("RGB", (2, 2)).save(train / name)
    assert problems(train) == [
        "green/ is no class; dataset.classes has red, grün, sky blue",
        "red/ has no pictures of the class red",
        "a.png lies in no folder of a class",
        "sky blue/notes.txt is no picture by its name (.png, .jpg, .jpeg, .webp, .bmp, .gif)",
    ]


def test_all_broken_pictures_are_named_at_once(train):
    (train / "red" / "0.png").write_bytes((train / "red" / "0.png").read_bytes()[:-200])
    (train / "grün" / "1.png").write_text("text")
    (train / "grün" / "2.png").write_bytes(b"")
    first, second, third = problems(train)
    assert first == "grün/1.png: is no PNG, JPEG, WebP, BMP or GIF picture" and second == "grün/2.png: is empty"
    assert third.startswith("red/0.png: cannot be decoded: ")


def test_a_folder_that_is_missing_or_has_a_link_out_of_it_is_told(train):
    (train / "red" / "4.png").symlink_to("/etc/passwd")
    config = described(train.parent.parent / "pets" / "train" / "grün")
    assert folder.by_class(train / "grün") == {"": ["0.png", "1.png", "2.png"]}
    assert config.train.path == "pets/train/grün"
    elsewhere = config.train.model_copy(update={"path": "pets/train"})
    with pytest.raises(UserError, match=r"red/4\.png: a link that leads out of the folder, to /etc/passwd"):
        folder.read(elsewhere, config)
    with pytest.raises(UserError, match="data/raw/pets/test/ is missing"):
        folder.read(config.train.model_copy(update={"path": "pets/test"}), config)


def test_a_wrong_count_is_told_with_what_was_found(train):
    with pytest.raises(UserError) as error:
        raw.read(described(train, count=10))
    assert str(error.value) == "dataset.train.count is 10; there are 9 images in pets/train/"


def test_names_of_all_kinds_work(train):
    names = ["with space.png", "ü.png", "👢.png", 246 * "n" + ".png", "-x.png", "a'b\"c.png", "a\\b.png"]
    for name in names:
        shutil.copy(train / "red" / "0.png", train / "red" / name)
    config = described(train)
    found = folder.read(config.train, config)
    assert len(found.images) == 9 + len(names)
    assert sum(np.array_equal(image, found.images[-4]) for image in found.images) == 1 + len(names)


def test_all_parts_are_read_and_their_problems_told_together(train):
    test, validation = (train.with_name(name) for name in ("test", "validation"))
    draw(test, each=2, seed=2)
    draw(validation, each=1, seed=3)
    config = dataset(half(train), half(test), validation=half(validation))
    assert {part: len(split.labels) for part, split in raw.read(config).items()} == {
        "train": 9,
        "validation": 3,
        "test": 6,
    }
    for folder_of_part in (test, validation):
        (folder_of_part / "red" / "0.png").write_text("text")
    with pytest.raises(UserError) as error:
        raw.read(config)
    assert [line.partition(":")[0] for line in str(error.value).splitlines()] == [
        "data/raw/pets/validation/red/0.png",
        "data/raw/pets/test/red/0.png",
    ]
