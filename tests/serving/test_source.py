"""Which model answers is what the store says, and only with the files that its run logged."""

import contextlib
import shutil
from pathlib import Path

import mlflow
import numpy as np
import pytest
from helpers.data import edited, make_split
from helpers.served import CLASSES, log_champion, make_model
from helpers.verifying import changed, flip
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data import arrays
from pipeline.data.appearance import Appearance
from pipeline.serving import source as sources
from pipeline.serving.classifier import Classifier, open_model
from pipeline.tracking import logging, manifest, runs

pytestmark = pytest.mark.whole

IMAGES = make_split(20, 1).images


@pytest.fixture
def champion(store, params, tmp_path, monkeypatch, source) -> str:
    """The id of the run whose model is the champion, in a folder with params.yaml and without data."""
    monkeypatch.chdir(tmp_path)
    YAML().dump(source[1], paths.PARAMS)
    return log_champion(params, tmp_path, 3, IMAGES)


def folders(run_id: str) -> tuple[Path, Path]:
    """Where the store has the model and the artifacts of a run."""
    (logged,) = mlflow.search_logged_models(filter_string=f"source_run_id = '{run_id}'", output_format="list")
    return Path(logged.artifact_location), Path(mlflow.get_run(run_id).info.artifact_uri)


def test_without_a_champion_it_is_said_how_to_get_one(store, params, tmp_path):
    with pytest.raises(UserError, match=r"quadrants has no champion yet: .*dvc repro.*promote RUN.*predict --run RUN"):
        sources.find(params.dataset, None, tmp_path)


@pytest.mark.parametrize("length", [None, 8, 32])
def test_the_champion_and_a_run_by_the_beginning_of_its_id_answer_as_they_did(champion, params, tmp_path, length):
    found = sources.find(params.dataset, length and champion[:length], tmp_path / "copy")
    assert (found.run_id, found.version) == (champion, None if length else "1")
    assert found.describe().startswith("a model of quadrants" if length else "the champion, version 1 of quadrants")
    assert (found.classes, found.appearance) == (CLASSES, Appearance("dark", None))
    classifier = Classifier(open_model(found, params.dataset), (8, 8, 1), found.appearance)
    assert np.allclose(classifier.probabilities(IMAGES), make_model(params, 3).predict(IMAGES, verbose=0), atol=1e-6)


def test_what_has_no_model_says_so_first_and_one_of_another_data_set_does_not_answer(champion, params, tmp_path):
    with runs.run(tags={"optuna.trial": "1"}) as trial:
        logging.log_start({"train": params.train.model_dump()}, {})
    with runs.run() as study:
        logging.log_model(tmp_path / "3.keras", (8, 8, 1), CLASSES, None)
    said = {
        trial: "is a trial of a sweep, whose model is not kept; `python -m pipeline adopt",
        study: "trained nothing; a study is adopted with --study NAME",
        "f" * 32: "is not in the MLflow store",
    }
    for run_id, reason in said.items():
        with pytest.raises(UserError, match=f"run {run_id} {reason}"):
            sources.find(params.dataset, run_id, tmp_path / "copy")
    with pytest.raises(UserError, match="was trained on quadrants, not on digits"):
        sources.find(params.dataset.model_copy(update={"name": "digits"}), champion, tmp_path / "copy")


@pytest.mark.parametrize("is_champion", [True, False])
def test_nothing_that_was_changed_is_loaded(champion, params, tmp_path, is_champion):
    folder, artifacts = folders(champion)
    names = ("MLmodel", "data/model.keras", "code/served_model.py")
    cases = {folder / name: f"{name} of its model was changed or lost" for name in names}
    cases[artifacts / "manifest.json"] = "manifest of its run is lost or was changed"
    name, asked = ("version 1 of quadrants", None) if is_champion else (f"run {champion}", champion)

    def refused(reason: str) -> None:
        with pytest.raises(UserError, match=f"{name}: .*{reason}.*; nothing was loaded"):
            sources.find(params.dataset, asked, tmp_path / "copy")
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
    assert sources.find(params.dataset, asked, tmp_path / "copy").run_id == champion


def test_a_champion_that_is_the_model_of_another_run_is_not_loaded(champion, params, tmp_path, store):
    log_champion(params, tmp_path, 4, IMAGES)
    version = store.create_model_version("quadrants", str(folders(champion)[0]), mlflow.search_runs().run_id[0])
    store.set_registered_model_alias("quadrants", "champion", version.version)
    with pytest.raises(UserError, match=r"version 3 of quadrants: .*names a model not of this run; nothing was"):
        sources.find(params.dataset, None, tmp_path / "copy")


def test_of_an_older_version_s_model_the_data_in_the_folder_says_what_it_does_not(champion, params, tmp_path, store):
    store.delete_tag(champion, manifest.TAG)
    (folders(champion)[1] / manifest.NAME).unlink()
    found = sources.find(params.dataset, None, tmp_path / "copy")
    assert (found.classes, found.appearance) == (params.dataset.classes, Appearance())
    arrays.save(paths.TRAIN, make_split(20, 1))
    assert sources.find(params.dataset, None, tmp_path / "copy").appearance == Appearance("dark", None)
    assert [path.name for path in (tmp_path / "copy").rglob("*") if path.is_file()] == ["model.keras"]
    with changed(folders(champion)[0] / "data/model.keras", flip), pytest.raises(UserError, match="changed or lost"):
        sources.find(params.dataset, None, tmp_path / "another")


def with_config(folder: Path, config: object) -> None:
    described = {"flavors": {"python_function": {"loader_module": "x", "config": config}}}
    YAML().dump(described, folder / "MLmodel")


def test_a_background_as_a_number_is_an_older_version_s(params, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with_config(tmp_path, {"classes": CLASSES, "background": 0})
    found = sources.described(tmp_path, params.dataset)
    assert (found.classes, found.background, found.fill) == (CLASSES, None, None)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ([1], "cannot be read"),
        ("x", "cannot be read"),
        ({"classes": [1, 2], "fill": None}, "has no classes.0 that can be used"),
        ({"classes": ["a"], "fill": None}, "has no classes that can be used"),
        ({"classes": ["a", "b\x1b[2J"], "fill": None}, "has no classes.1 that can be used"),
        ({"classes": ["a", "b"], "background": 0, "fill": None}, "has no background that can be used"),
        ({"classes": ["a", "b"], "background": "dark", "fill": 0.0}, "has no fill that can be used"),
        ({"classes": ["a", "b"], "background": "dark", "fill": float("nan")}, "has no fill that can be used"),
        ({"fill": 0.5}, "has no classes that can be used"),
    ],
)
def test_a_forged_description_is_refused_in_one_line(params, tmp_path, config, said):
    with_config(tmp_path, config)
    with pytest.raises(UserError, match=said):
        sources.described(tmp_path, params.dataset)


@pytest.fixture(scope="module")
def mlmodel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    from mlflow.models import Model

    from pipeline.tracking import flavor

    description = Model(signature=flavor.signature((8, 8, 1)))
    description.add_flavor("python_function", config=flavor.config(CLASSES, IMAGES), loader_module="served_model")
    description.save(folder / "MLmodel")
    (folder / "original").write_text((folder / "MLmodel").read_text())
    return folder


@given(data=st.data())
def test_a_torn_description_is_used_or_refused_in_one_line(mlmodel, source, data):
    from pipeline.config.schema import Params

    text = (mlmodel / "original").read_text()
    inserted = st.sampled_from(
        ["[", "{", "&a [*a]", "!!python/object/apply:os.system [ls]", "\0", "é", "[" * 5000, "- "]
    )
    (mlmodel / "MLmodel").write_text(data.draw(edited(text, st.one_of(inserted, st.text(max_size=4)))))
    with contextlib.suppress(UserError):
        said = sources.described(mlmodel, Params.model_validate(source[1]).dataset)
        assert all(isinstance(name, str) and name.strip() for name in said.classes)
