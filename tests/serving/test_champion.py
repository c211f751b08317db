"""What is served is the champion, and only with the files that its run logged."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers.data import make_split
from helpers.served import CLASSES, log_champion, make_model
from helpers.verifying import changed, flip

from pipeline.core.errors import UserError
from pipeline.serving import champion

IMAGES = make_split(20, 1).images


def test_without_a_champion_it_is_said_what_makes_one(store, params, tmp_path):
    with pytest.raises(UserError, match="quadrants has no champion yet: `dvc repro --force"):
        champion.fetch(params.dataset, tmp_path)


def test_the_champion_answers_as_the_model_does_and_knows_its_classes(store, params, tmp_path):
    run_id = log_champion(params, tmp_path, 3, IMAGES)
    found = champion.fetch(params.dataset, tmp_path / "copy")
    assert (found.version, found.run_id, found.name) == ("1", run_id, "quadrants")
    answer = found.model.predict(IMAGES)
    expected = make_model(params, 3).predict(IMAGES, verbose=0)
    assert np.allclose([list(row.values()) for row in answer["probabilities"]], expected, atol=1e-6)
    assert list(answer["class"]) == [CLASSES[label] for label in expected.argmax(axis=1)]


def test_nothing_that_was_changed_is_loaded(store, params, tmp_path):
    run_id = log_champion(params, tmp_path, 3, IMAGES)
    (model,) = store.search_logged_models(["0"])
    folder, artifacts = Path(model.artifact_location), Path(store.get_run(run_id).info.artifact_uri)
    cases = {folder / name: "changed or lost" for name in ("MLmodel", "data/model.keras", "code/served_model.py")}
    cases[artifacts / "manifest.json"] = "manifest of its run is lost or was changed"

    def refused(reason: str) -> None:
        with pytest.raises(UserError, match=f"version 1 of quadrants: .*{reason}.*; nothing was loaded"):
            champion.fetch(params.dataset, tmp_path / "copy")
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)

    for path, reason in cases.items():
        with changed(path, flip):
            refused(reason)
        kept = path.rename(tmp_path / "kept")
        refused(reason)
        if path.parent != artifacts:
            path.symlink_to(kept)  # the same bytes, for now
            refused(reason)
            path.unlink()
        kept.rename(path)
    assert champion.fetch(params.dataset, tmp_path / "copy").version == "1"
