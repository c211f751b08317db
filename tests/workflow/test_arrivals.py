import json
import os

import numpy as np
import pytest
from helpers.data import CLASSES, SIDE, make_split
from PIL import Image

from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data import arrays
from pipeline.data import profile as profiles
from pipeline.tracking import runs
from pipeline.tracking.logging import log_text
from pipeline.workflow import arrivals
from pipeline.workflow.arrivals import Arrived

TRAIN, NEW = make_split(160, 1), make_split(60, 2)
SHAPE = (SIDE, SIDE, 1)
REFERENCE = profiles.profile(*TRAIN, CLASSES)


def drifted(params, arrived: Arrived) -> list[str]:
    rows = arrivals.compare(REFERENCE, arrived, params.preprocess.checks, params.dataset.classes)
    return [row.measure for row in rows if not row.ok]


def test_what_is_like_the_reference_is_ok_and_what_is_not_has_its_cause(params):
    assert drifted(params, Arrived(*NEW)) == []
    dark = Arrived(255 - NEW.images)
    assert "mean image" in drifted(params, dark) and "class shares" not in drifted(params, dark)
    rows = arrivals.compare(REFERENCE, dark, params.preprocess.checks, params.dataset.classes)
    assert all("new looks like reference inverted" in row.cause for row in rows if not row.ok)
    assert drifted(params, Arrived(NEW.images, np.zeros(60, np.uint8))) == ["class shares"]
    assert "pixel range" in drifted(params, Arrived(NEW.images // 2))


def test_a_few_dark_pictures_have_no_range(params):
    assert "pixel range" not in drifted(params, Arrived(NEW.images[:3] // 2))


@pytest.mark.parametrize("name", ["new.npy", "new.npz", "flat.npy", "prepared", "shots"])
def test_images_are_read_from_arrays_and_folders(tmp_path, name):
    path = tmp_path / name
    if name == "shots":
        path.mkdir()
        for number, image in enumerate(NEW.images):
            Image.fromarray(image[..., 0]).save(path / f"{number:03}.png")
    elif name == "prepared":
        arrays.save(path, NEW)
    elif name == "new.npz":
        np.savez(path, images=NEW.images, labels=NEW.labels.astype(np.int64))
    else:
        np.save(path, NEW.images if name == "new.npy" else NEW.images[..., 0])
    found = arrivals.read(path, SHAPE, CLASSES)
    assert np.array_equal(found.images, NEW.images) and found.unread == ()
    has_labels = name in ("new.npz", "prepared")
    assert np.array_equal(found.labels, NEW.labels) if has_labels else found.labels is None


@pytest.mark.parametrize(
    ("name", "write", "reason"),
    [
        ("a.npy", lambda p: None, "a.npy is missing"),
        ("a.csv", lambda p: p.write_text("1"), r"should be a folder, or a file that ends in \.npy or \.npz"),
        ("a.npy", os.mkfifo, "should be a folder, or a file"),
        ("a.npy", lambda p: p.write_text("1"), "cannot be read"),
        ("a.npz", lambda p: np.savez(p, x=NEW.images), "has no array called images, only x"),
        ("a.npy", lambda p: np.save(p, NEW.images / 255), "should hold images of uint8 .*, not float64"),
        ("a.npy", lambda p: np.save(p, NEW.images[:, 1:]), r"should hold images of 8 × 8 × 1, not \(60, 7, 8, 1\)"),
        ("a.npy", lambda p: np.save(p, NEW.images[:0]), "should hold images"),
        ("a.npz", lambda p: np.savez(p, images=NEW.images, labels=NEW.labels + 9), "labels should be 60 whole numbers"),
        ("a.npz", lambda p: np.savez(p, images=NEW.images, labels=NEW.labels[1:]), "labels should be 60 whole numbers"),
        ("a", lambda p: p.mkdir(), "there is no picture to be checked"),
        ("a.npy", lambda p: np.save(p, np.array([{}]), allow_pickle=True), "cannot be read"),
    ],
)
def test_what_holds_no_such_images_is_one_line(tmp_path, name, write, reason):
    write(tmp_path / name)
    with pytest.raises(UserError, match=reason):
        arrivals.read(tmp_path / name, SHAPE, CLASSES)


def test_pictures_are_only_scaled_and_broken_ones_are_named(tmp_path):
    Image.fromarray(np.full((16, 16), 250, np.uint8)).save(tmp_path / "white.png")
    (tmp_path / "broken.png").write_text("no picture")
    found = arrivals.read(tmp_path, SHAPE, CLASSES)
    assert found.images.shape == (1, *SHAPE) and (found.images == 250).all(), "not inverted"
    assert len(found.unread) == 1 and "broken.png: is no PNG" in found.unread[0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, r"has no data/reference\.json"),
        ("{", r"cannot be used: it: Invalid JSON"),
        (json.dumps(REFERENCE.model_dump(mode="json") | {"images": 0}), "cannot be used: images: .* greater than"),
    ],
)
def test_a_run_without_a_reference_is_named(store, content, reason):
    with runs.run() as run_id:
        if content is not None:
            log_text(content, paths.REFERENCE.as_posix())
    with pytest.raises(UserError, match=reason):
        arrivals.reference(run_id)
