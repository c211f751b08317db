"""`python -m pipeline checks`, in this process, against a run in a real store that nobody had to train."""

import numpy as np
import pytest
from helpers.data import CLASSES, make_split
from PIL import Image
from ruamel.yaml import YAML

from pipeline.commands import checks
from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data import profile
from pipeline.tracking import runs
from pipeline.tracking.logging import log_text

NEW = make_split(60, 2)


@pytest.fixture
def here(store, tmp_path, monkeypatch, source):
    """A folder with parameters and a store, in which the process stands; the run is called first."""
    monkeypatch.chdir(tmp_path)
    YAML().dump(source[1], paths.PARAMS)
    with runs.run(run_name="first"):
        log_text(profile.as_json(profile.profile(*make_split(160, 1), CLASSES)), paths.REFERENCE.as_posix())
    return tmp_path


def run_checks(*arguments: str) -> None:
    checks.main.main(list(arguments), standalone_mode=False)


def test_data_like_the_reference_end_well(here, capsys):
    np.savez("new.npz", images=NEW.images, labels=NEW.labels)
    run_checks("new.npz", "--against", "first")
    head, titles, *rows, end = capsys.readouterr().out.splitlines()
    assert head.startswith("60 images against 160 of run ") and end == "the new data are like the reference"
    assert titles.split() == ["measure", "reference", "new", "distance", "allowed", "ok"]
    assert len(rows) == 8 and all(row.endswith("yes") for row in rows)


def test_drift_is_said_with_its_cause_and_ends_with_an_error(here, capsys):
    (here / "shots").mkdir()
    for number, image in enumerate(NEW.images):
        Image.fromarray(255 - image[..., 0]).save(here / "shots" / f"{number}.png")
    with pytest.raises(UserError, match="the new data differ in brightness, pixel levels, mean image"):
        run_checks("shots", "--against", "first")
    shown = capsys.readouterr().out
    assert "brightness: new looks like reference inverted" in shown and " NO\n" in shown


def test_a_picture_that_cannot_be_read_is_an_error_though_the_others_are_like_the_reference(here, capsys):
    (here / "shots").mkdir()
    for number, image in enumerate(NEW.images):
        Image.fromarray(image[..., 0]).save(here / "shots" / f"{number}.png")
    (here / "shots" / "x.png").write_text("no picture")
    with pytest.raises(UserError, match="1 pictures could not be read"):
        run_checks("shots", "--against", "first")
    assert "unread: shots/x.png: is no PNG" in capsys.readouterr().out


def test_a_reference_of_other_classes_is_refused(here):
    with runs.run(run_name="other"):
        log_text(profile.as_json(profile.profile(*make_split(160, 1), 7)), paths.REFERENCE.as_posix())
    with pytest.raises(UserError, match=r"knows 7 classes, and params\.yaml 4"):
        run_checks("new.npz", "--against", "other")
