"""Folders, tables and archives of pictures: what describe says of them."""

import csv
import shutil
import unicodedata

import numpy as np
import pytest
from helpers.drawn import COLOURS, SHAPE, draw
from PIL import Image

from pipeline.core import folders
from pipeline.core.errors import UserError
from pipeline.description import layout, pictures, settings
from pipeline.description.found import Wanted, in_order

NOTHING = Wanted()


def picture(path, size=(8, 8), seed=0, mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    Image.fromarray(random.integers(0, 255, (*size, 3), dtype=np.uint8)).convert(mode).save(path)


def test_class_folders(tmp_path):
    draw(tmp_path / "my pets", 12, seed=1)
    found = layout.look(str(tmp_path / "my pets"), NOTHING)
    assert (found.name, found.source, found.shape) == ("my pets", str(tmp_path), SHAPE)
    assert found.classes == ["grün", "red", "sky blue"] and found.problems == found.notes == []
    (part,) = found.parts.values()
    sha256 = folders.tree_sha256(tmp_path / "my pets")
    assert part.half == {"format": "folder", "count": 36, "path": "my pets", "sha256": sha256, "resize": "fit"}
    assert part.counts == dict.fromkeys(COLOURS, 12) and found.sizes == {SHAPE[:2]: 36}


@pytest.mark.parametrize("validation", ["val", "valid", "Validation"])
def test_parts_are_known_by_their_names(tmp_path, validation):
    for number, part in enumerate(("train", validation, "test")):
        draw(tmp_path / "pets" / part, 12, seed=number)
    (tmp_path / "pets" / "extra").mkdir()
    found = layout.look(str(tmp_path / "pets"), NOTHING)
    assert {part: each.half["path"] for part, each in found.parts.items()} == {
        "train": "train",
        "validation": validation,
        "test": "test",
    }
    assert found.source == str(tmp_path / "pets") and found.notes == ["extra/ is no part, and left out"]
    assert settings.others(found, {})["preprocess.validation"].value == ""


def test_a_class_may_be_called_as_a_part_is(tmp_path):
    for number, name in enumerate(("train", "bus")):
        for each in range(10):
            picture(tmp_path / "traffic" / name / f"{each}.png", seed=100 * number + each)
    assert layout.look(str(tmp_path / "traffic"), NOTHING).classes == ["bus", "train"]


@pytest.mark.parametrize("above", ["", "pets", "deep/pets"])
@pytest.mark.parametrize("kind", ["zip", "tar", "gztar"])
def test_an_archive_is_described_so_that_download_finds_it(tmp_path, above, kind):
    from pipeline.sources import fetch
    from pipeline.sources.streams import Limits

    draw(tmp_path / "x" / above, 2, seed=1)
    packed = shutil.make_archive(str(tmp_path / "pets"), kind, tmp_path / "x")
    found = layout.look(packed, NOTHING)
    half = found.parts["train"].half
    assert (found.name, found.source, half["path"]) == ("pets", packed, "pets")
    fetch.fetch([packed], {"pets/": half["sha256"]}, tmp_path / "raw", Limits(10**8, 5))
    assert (tmp_path / "raw" / "pets" / "red" / "0.png").is_file()


def table(folder, rows):
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def test_a_table_with_and_without_parts(tmp_path):
    for each in range(30):
        picture(tmp_path / "pets" / "all" / f"{each}.png", seed=each)
    rows = [[f"all/{each}.png", str(each % 3 + 9)] for each in range(30)]
    table(tmp_path / "pets", [["path", "label"], *rows])
    found = layout.look(str(tmp_path / "pets"), NOTHING)
    assert found.classes == ["9", "10", "11"] and found.parts["train"].counts == {"9": 10, "10": 10, "11": 10}
    assert found.parts["train"].half["sha256"] == folders.tree_sha256(tmp_path / "pets")
    splits = ["train"] * 15 + ["val"] * 6 + ["test"] * 6 + ["unused"] * 3
    table(tmp_path / "pets", [["path", "label", "split"], *([*r, s] for r, s in zip(rows, splits, strict=True))])
    found = layout.look(str(tmp_path / "pets" / "labels.csv"), NOTHING)
    assert {part: (each.images, each.half["split"]) for part, each in found.parts.items()} == {
        "train": (15, "train"),
        "validation": (6, "val"),
        "test": (6, "test"),
    }
    assert "labels.csv: rows of split 'unused' are left out" in found.notes and found.name == "pets"


def test_what_is_suspicious_is_named(tmp_path):
    folder = tmp_path / "pets"
    for name in ("cat", "Cat", "dog"):
        for each in range(10 if name != "dog" else 3):
            picture(folder / name / f"{each}.png", size=(8, 8 + each), seed=hash(name) % 999 + each)
    shutil.copy(folder / "cat" / "0.png", folder / "dog" / "copy.png")
    (folder / "cat" / "empty.jpg").touch()
    (folder / "cat" / "cut.png").write_bytes((folder / "cat" / "1.png").read_bytes()[:-40])
    (folder / "dog" / "notes.txt").write_text("hello")
    picture(folder / "loose.png", mode="L")
    found = layout.look(str(folder), NOTHING)
    said = "\n".join(found.problems + found.notes)
    for line in (
        "pets/dog/notes.txt is no picture by its name",
        "pets/loose.png lies in no folder of a class",
        "2 pictures cannot be read:",
        "pets/cat/empty.jpg is empty",
        "pets/cat/cut.png cannot be decoded",
        "Cat and cat differ in large and small letters only",
        "class dog has 4 images only",
        "1 images are there more than once (the data checks refuse more than preprocess.checks.duplicates, and where",
        "pets/cat/0.png = pets/dog/copy.png",
        "10 sizes, 8×8 to 8×17: made 8×12",
    ):
        assert line in said, said


def test_copies_in_two_parts_and_classes_that_a_part_lacks_are_problems(tmp_path):
    draw(tmp_path / "pets" / "train", 12, seed=1)
    shutil.copytree(tmp_path / "pets" / "train", tmp_path / "pets" / "test")
    shutil.rmtree(tmp_path / "pets" / "test" / "red")
    problems = "\n".join(layout.look(str(tmp_path / "pets"), NOTHING).problems)
    assert "test has no images of class red" in problems and "24 images are in two parts:" in problems


def test_only_what_may_be_cut_off_is_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.description.survey.pictures.read", lambda *_: pytest.fail("decoded"))
    for number, suffix in enumerate((".png", ".jpg", ".gif", ".webp")):
        for each in range(3):
            picture(tmp_path / "pets" / "ab"[each % 2] / f"{each}{suffix}", seed=10 * number + each)
    assert layout.look(str(tmp_path / "pets"), NOTHING).problems == []


@pytest.mark.parametrize(
    ("sizes", "wanted", "chosen"),
    [
        ({(28, 28): 5}, NOTHING, (28, 28)),
        ({(300, 400): 5}, NOTHING, (48, 64)),
        ({(30, 30): 5, (32, 34): 1}, NOTHING, (32, 32)),
        ({(30, 30): 5, (4000, 3000): 9}, NOTHING, (64, 48)),
        ({(30, 30): 5, (4000, 3000): 9}, Wanted(size=(50, 70)), (50, 70)),
        ({(2, 900): 2}, NOTHING, (8, 64)),
    ],
)
def test_the_size_is_the_common_one_or_the_median_in_proportion(sizes, wanted, chosen):
    from collections import Counter

    found, notes = pictures.chosen_size(Counter(sizes), wanted)
    assert found == chosen and bool(notes) == (wanted == NOTHING and found not in sizes)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: None, "there is no such file or folder"),
        (lambda p: p.mkdir(), "has no folders; a folder of class folders"),
        (lambda p: picture(p / "cat" / "1.png"), "1 classes: cat; a data set has 2 to 256"),
        (lambda p: p.write_text("hello"), "should be a folder of class folders"),
        (lambda p: ((p / "a").mkdir(parents=True), (p / "b").mkdir()), "0 classes"),
        (
            lambda p: [(picture(p / c / "1.png"), (p / c / "1.png").write_bytes(b"x")) for c in "ab"],
            "none of 2 pictures",
        ),
    ],
)
def test_what_cannot_be_described_is_one_line(tmp_path, make, message):
    make(tmp_path / "pets")
    with pytest.raises(UserError, match=message) as error:
        layout.look(str(tmp_path / "pets"), NOTHING)
    assert "\n" not in str(error.value)


def test_a_folder_that_params_yaml_could_not_name_is_to_be_renamed(tmp_path):
    draw(tmp_path / "pets (1)", 2, seed=1)
    with pytest.raises(UserError, match=r"rename it: 'pets \(1\)'"):
        layout.look(str(tmp_path / "pets (1)"), NOTHING)


def test_a_damaged_archive_is_one_line(tmp_path):
    (tmp_path / "pets.zip").write_bytes(b"PK\3\4" + bytes(100))
    with pytest.raises(UserError, match=r"pets\.zip: cannot be unpacked"):
        layout.look(str(tmp_path / "pets.zip"), NOTHING)


def test_grey_pictures_have_one_channel_and_mixed_ones_three(tmp_path):
    for each in range(4):
        picture(tmp_path / "pets" / "ab"[each % 2] / f"{each}.png", seed=each, mode="L")
    assert layout.look(str(tmp_path / "pets"), NOTHING).shape == (8, 8, 1)
    picture(tmp_path / "pets" / "a" / "colour.png", seed=9)
    found = layout.look(str(tmp_path / "pets"), NOTHING)
    assert found.shape == (8, 8, 3) and "mixed: 4 grey, 1 colour" in found.notes
    assert layout.look(str(tmp_path / "pets"), Wanted(channels=4)).shape == (8, 8, 4)


def test_names_are_in_the_order_of_their_numbers():
    assert in_order(["10", "2", "b", "A", "c1", "C10", "c2"]) == ["2", "10", "A", "b", "c1", "c2", "C10"]


def test_a_label_in_letters_and_accents_is_that_in_letters_with_accents(tmp_path):
    forms = [unicodedata.normalize(form, "grün") for form in ("NFC", "NFD")]
    rows = [[f"{each}.png", "red" if each % 2 else forms[each // 2 % 2]] for each in range(12)]
    for each in range(12):
        picture(tmp_path / "pets" / f"{each}.png", seed=each)
    table(tmp_path / "pets", [["path", "label"], *rows])
    found = layout.look(str(tmp_path / "pets"), NOTHING)
    assert found.parts["train"].counts == {forms[0]: 6, "red": 6} and found.problems == []


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (["0.png"], "labels.csv:4: '' is no class, and no number from 0 to 1"),
        (["labels.csv", "a"], "labels.csv:4: 'labels.csv' is no picture by its name (.png, .jpg, .jpeg, .webp"),
        (["x" * 200_000, "a"], "labels.csv: is no CSV file in UTF-8: field larger than field limit"),
    ],
)
def test_rows_that_are_refused_later_are_problems_or_one_line(tmp_path, row, problem):
    for each in range(3):
        picture(tmp_path / "pets" / f"{each}.png", seed=each)
    table(tmp_path / "pets", [["path", "label"], ["1.png", "a"], ["2.png", "b"], row])
    try:
        said = layout.look(str(tmp_path / "pets"), NOTHING).problems
    except UserError as error:
        said = [str(error)]
    assert any(problem in line for line in said) and len(said) == 1
    table(tmp_path / "pets", [["path", "label"], [".\\1.png", "a"]])
    with pytest.raises(UserError, match=r"labels\.csv:2: there is no file"):
        layout.look(str(tmp_path / "pets"), NOTHING)
