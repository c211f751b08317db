"""`python -m pipeline predict`: what is printed where, and with which exit code."""

import contextlib
import json

import click
import numpy as np
import pytest
from helpers.data import SHIPPED, SIDE, TEST, make_split
from helpers.project import ROOT
from PIL import Image
from ruamel.yaml import YAML

from pipeline.commands import predict
from pipeline.config.load import load
from pipeline.config.schema import leaves
from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data import arrays
from pipeline.data.appearance import Appearance
from pipeline.models import architectures, saving
from pipeline.provenance import dvc_files
from pipeline.serving.source import Source

TESTED = make_split(TEST, 2)


@pytest.fixture
def here(tmp_path, monkeypatch, source, params):
    """A folder with parameters, a model of dark pictures that is the champion, and three files to classify; no data."""
    monkeypatch.chdir(tmp_path)
    YAML().dump(source[1], paths.PARAMS)
    look = Appearance("dark", None)
    champion = Source("quadrants", "1", "0" * 32, {}, tmp_path / "model.keras", list("ABCD"), look)
    saving.save(architectures.build(params.dataset.image_shape, 4, params.train), champion.model)
    monkeypatch.setattr(predict.meanwhile, "finding", lambda *_: contextlib.nullcontext(lambda: champion))
    (tmp_path / "shots").mkdir()
    light = Image.fromarray(255 - TESTED.images[0, ..., 0])
    light.save(tmp_path / "shots" / "a.png")
    light.resize((50, 50)).convert("RGB").save(tmp_path / "shots" / "b\n\x1b[31m.jpg")
    (tmp_path / "shots" / "c.png").write_text("no picture")
    return tmp_path


def run(*arguments: str) -> None:
    predict.main.main([*arguments], standalone_mode=False)


def test_the_table_has_a_row_for_each_picture_and_the_rest_is_on_stderr(here, capsys):
    with pytest.raises(UserError, match="1 of 3 files got no answer"):
        run("shots")
    shown = capsys.readouterr()
    head, *rows = shown.out.splitlines()
    assert head.split()[:2] == ["file", "class"] and len(rows) == 2
    assert rows[0].startswith("shots/a.png") and rows[1].startswith(r"shots/b\n\x1b[31m.jpg")
    assert all("inverted: its background is light" in row for row in rows)
    said = shown.err.splitlines()
    assert "the champion, version 1 of quadrants" in said[0] and "a dark background" in said[0]
    assert said[1:] == ["error: shots/c.png: is no PNG, JPEG, WebP or NPY picture"]


def test_json_has_an_object_a_line_for_bad_files_too(here, capsys):
    with pytest.raises(UserError):
        run("shots", "none*.png", "--json")
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer["file"] for answer in answers] == [
        "shots/a.png",
        "shots/b\n\x1b[31m.jpg",
        "shots/c.png",
        "none*.png",
    ]
    assert ["error" in answer for answer in answers] == [False, False, True, True]
    first = answers[0]
    assert first["class"] == "ABCD"[first["label"]] and len(first["probabilities"]) == 4
    assert first["probability"] == max(first["probabilities"]) and abs(sum(first["probabilities"]) - 1) < 1e-5


def test_as_is_leaves_the_background(here, capsys):
    run("shots/a.png", "--as-is")
    shown = capsys.readouterr()
    assert "inverted" not in shown.out and "backgrounds are left as they are" in shown.err


def test_where_no_argument_leads_to_a_file_that_is_said_without_any_model(here, monkeypatch, capsys):
    monkeypatch.setattr(predict, "opened", None)
    with pytest.raises(UserError, match="2 of 2 files got no answer"):
        run("shirt.png", "none*.png", "shirt.png")
    assert capsys.readouterr().err.splitlines() == [
        "error: shirt.png: No such file or directory",
        "error: none*.png: is a pattern that fits no file",
    ]


def test_the_figure_is_written_whole_or_refused_before_anything_is_done(here, capsys):
    run("shots/a.png", "--figure", "answers/a.png")
    assert Image.open(here / "answers" / "a.png").width > 500
    with pytest.raises(UserError, match=r"should end in .png, .pdf, .svg, not in .docx"):
        run("shots/a.png", "--figure", "a.docx")


def test_a_reader_that_has_seen_enough_is_no_traceback(here, monkeypatch):
    def refuse(*_):
        raise BrokenPipeError

    monkeypatch.setattr(predict, "write", refuse)
    monkeypatch.setattr(predict.os, "dup2", lambda *_: None)
    monkeypatch.setattr(predict.sys.stdout, "fileno", lambda: 1)
    with pytest.raises(click.exceptions.Exit) as ended:
        predict.main.callback(("shots",), None, True, None, False)
    assert ended.value.exit_code == 1


def test_the_progress_of_many_files_is_on_stderr(monkeypatch, capsys):
    monkeypatch.setattr(predict, "WATCHED", 3)
    assert list(predict.watched(iter("abc"), 3)) == ["a", "b", "c"]
    assert "3/3" in capsys.readouterr().err
    assert list(predict.watched(iter("ab"), 2)) == ["a", "b"] and capsys.readouterr().err == ""


def test_a_colour_model_is_not_said_to_invert():
    assert predict.manner(Appearance("light"), 3) == "its training images have a light background"
    assert predict.manner(Appearance("light"), 1).endswith("pictures with another one are inverted")


@pytest.mark.e2e
def test_a_trained_run_knows_the_test_images_as_files_of_any_kind(done, tmp_path):
    project = done.copy(tmp_path / "copy")
    shots = tmp_path / "shots"
    shots.mkdir()
    for number, image in enumerate(TESTED.images[:12, ..., 0]):
        np.save(shots / f"{number:02d}.npy", image)
        large = Image.fromarray(255 - image).resize((SIDE * 20, SIDE * 20), Image.Resampling.NEAREST)
        large.save(shots / f"{number:02d}.webp", quality=95)
    run_id = (project.folder / paths.RUN_ID).read_text().strip()
    shown = project.ok("python", "-m", "pipeline", "predict", str(shots), "--json", "--run", run_id[:8])
    answers = [json.loads(line) for line in shown.splitlines() if line.startswith("{")]
    assert len(answers) == 24
    for array, large in zip(answers[::2], answers[1::2], strict=True):
        assert np.allclose(array["probabilities"], large["probabilities"], atol=0.05)
        assert "inverted" in large["note"] and not array["note"]
    right = np.mean([answer["label"] == label for answer, label in zip(answers[::2], TESTED.labels, strict=False)])
    assert right > 0.7
    few = f"python -m pipeline predict {shots} {shots} {shots} --json --run {run_id} | head -1"
    assert "Error" not in project.ok("bash", "-c", few) and "error" not in shown


@pytest.mark.e2e
def test_the_model_of_this_repository_takes_test_image_666_for_a_dress_and_is_sure(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    if not paths.MODEL.is_file() or not paths.TEST.is_dir():
        pytest.skip("no model and no test images are here; `dvc repro` makes them")
    is_noted = dvc_files.md5(paths.MODEL) == dvc_files.locked_hashes()[paths.MODEL.as_posix()]
    if not is_noted or load("dataset", "train") != load("dataset", "train", path=SHIPPED):
        pytest.skip("the model here is not the one of the shipped params.yaml and dvc.lock")
    (params,) = load("train")
    values = {name: str(value) for name, value in leaves.values(params).items()}
    images = arrays.load(paths.TEST).images
    classes, appearance = load("dataset")[0].classes, Appearance("dark", 1.0)
    trained = Source("fashion-mnist", None, "0" * 32, values, paths.MODEL, classes, appearance)
    monkeypatch.setattr(predict.meanwhile, "finding", lambda *_: contextlib.nullcontext(lambda: trained))
    Image.fromarray(images[666, ..., 0]).save(tmp_path / "666.png")
    run(str(tmp_path / "666.png"), "--json")
    answer = json.loads(capsys.readouterr().out)
    assert answer["class"] == "Dress" and answer["probability"] > 0.9
