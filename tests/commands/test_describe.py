"""The command describe, in this process: what it prints can be pasted, what it writes is valid."""

import shutil

import pytest
from helpers.data import SHIPPED
from helpers.drawn import draw
from ruamel.yaml import YAML

from pipeline.commands import describe
from pipeline.config.load import load, parse
from pipeline.core import paths
from pipeline.core.errors import UserError

TEXT = SHIPPED.read_text()


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with the shipped params.yaml, in which the process stands, beside a folder of pictures."""
    draw(tmp_path / "pets", 12, seed=1)
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    paths.PARAMS.write_text(TEXT)


def run(*arguments: str) -> None:
    describe.main.main([*arguments], standalone_mode=False)


def test_what_is_printed_can_be_pasted_and_nothing_is_written(here, capsys):
    run("../pets")
    shown = capsys.readouterr().out
    assert "red               12" in shown.replace("sky blue", "") and paths.PARAMS.read_text() == TEXT
    pasted = YAML(typ="safe", pure=True).load(shown.partition("writes it there):\n")[2])
    assert pasted["dataset"]["classes"] == ["grün", "red", "sky blue"] and pasted["download"]["sources"] == [".."]
    run("../pets", "--write")
    (dataset, tune) = load("dataset", "tune")
    assert dataset.model_dump(exclude_none=True) == pasted["dataset"]
    assert tune.space["batch_size"].choices == pasted["tune"]["space"]["batch_size"]["choices"]


def test_it_is_written_in_place_with_all_comments(here, capsys):
    run("../pets", "--write", "--name", "my pets", "--size", "12x16", "--channels", "1", "--resize", "crop")
    text = paths.PARAMS.read_text()
    params = parse(text, "")
    assert params.dataset.name == "my pets" and params.dataset.image_shape == (12, 16, 1)
    assert params.dataset.train.resize == "crop"
    changed = ("batch_size", "archetypes")
    kept = [line for line in TEXT.splitlines() if "#" in line and not any(name in line for name in changed)]
    assert all(line in text for line in kept) and text.count("\n\n") == TEXT.count("\n\n")
    assert "  # well above guessing, no more" in text
    shown = capsys.readouterr().out
    assert (
        "-  validation: 5000\n+  validation: " in shown and 'git commit -am "Describe my pets" && make repro' in shown
    )
    run("../pets", "--write", "--name", "my pets", "--size", "12x16", "--channels", "1", "--resize", "crop")
    assert "params.yaml says all this already" in capsys.readouterr().out and paths.PARAMS.read_text() == text


def test_other_data_may_follow_with_validation_images_of_its_own_and_back(here):
    shutil.move("../pets", "../parts/train")
    for seed, part in enumerate(("val", "test")):
        draw(paths.Path("../parts") / part, 12, seed=7 + seed)
    run("../parts", "--write")
    assert load("preprocess")[0].validation is None and load("dataset")[0].validation.path == "val"
    draw(paths.Path("../pets"), 15, seed=2)
    run("../pets", "--write")
    assert load("preprocess")[0].validation == 4 and load("dataset")[0].validation is None


def test_line_ends_stay(here):
    paths.PARAMS.write_bytes(TEXT.replace("\n", "\r\n").encode())
    run("../pets", "--write")
    assert paths.PARAMS.read_bytes().count(b"\n") == paths.PARAMS.read_bytes().count(b"\r\n")
    load("dataset")


@pytest.mark.parametrize(
    "text",
    ["a: [", TEXT.replace("  epochs: 10\n", "  epochs: ten\n"), "{}", TEXT + "# \udce4\n", TEXT + "\0"],
    ids=["no YAML", "a mistake", "nothing", "not in UTF-8", "a null byte"],
)
def test_a_file_that_is_wrong_elsewhere_stays_and_is_said(here, text):
    paths.PARAMS.write_text(text, errors="surrogateescape")
    with pytest.raises(UserError, match=r"params\.yaml"):
        run("../pets", "--write")
    assert paths.PARAMS.read_text(errors="surrogateescape") == text
    assert len(list(paths.Path().iterdir())) == 1


@pytest.mark.parametrize("size", ["12", "axb", "1x5", "12x"])
def test_a_size_is_two_numbers(here, size):
    import click

    with pytest.raises(click.BadParameter, match="should be the height and the width in pixels"):
        run("../pets", "--size", size)
