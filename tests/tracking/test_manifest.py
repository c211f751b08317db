"""The manifest is right at the end of a run, however often its process was killed before."""

from pathlib import Path

import mlflow
import pytest

from pipeline.core import files
from pipeline.tracking import logging, manifest, queries, runs

pytestmark = pytest.mark.usefixtures("store")


class Killed(BaseException):
    """Stands for the end of a process: what it knew is gone, and nothing was brought to an end."""


def killed(*texts: str, run_id: str | None = None) -> str:
    """Logs texts into a run, as NAME=CONTENT, and is killed; returns the run's id."""
    with pytest.raises(Killed), runs.run(run_id, killed_by=Killed) as known:
        log(*texts)
        raise Killed
    manifest._logged.clear()
    return known


def log(*texts: str) -> None:
    for text in texts:
        name, _, content = text.partition("=")
        logging.log_text(content, name)


def written(run_id: str) -> manifest.Manifest:
    """The manifest of a run, which has to be the one of its tag and to name the artifacts as they are."""
    run = queries.get_run(run_id)
    folder = Path(run.info.artifact_uri)
    found = manifest.read(run, folder)
    assert found is not None
    return found


def hashes(run_id: str) -> dict[str, str]:
    """Path → sha256 of the artifacts that are there."""
    folder = Path(queries.get_run(run_id).info.artifact_uri)
    there = [path for path in folder.rglob("*") if path.is_file() and path.name != manifest.NAME]
    return {path.relative_to(folder).as_posix(): files.sha256(path) for path in there}


def test_a_run_that_was_killed_and_resumed_names_all_of_its_files():
    run_id = killed("checkpoints/1.keras=one", "old.txt=first")
    killed("checkpoints/2.keras=two", "old.txt=second", run_id=run_id)
    with runs.run(run_id):
        log("checkpoints/3.keras=three")
    assert written(run_id).files == hashes(run_id) and len(hashes(run_id)) == 4


def test_what_goes_on_later_extends_it_and_vouches_for_nothing_that_changed_meanwhile(tmp_path):
    with runs.run() as run_id:
        log("a.txt=as it was", "b.txt=b")
        logging.log_start({"train": {"epochs": 2}}, {"processor": "Z80"})
    before, folder = hashes(run_id), Path(queries.get_run(run_id).info.artifact_uri)
    (folder / "a.txt").write_text("another")
    (folder / "b.txt").unlink()
    with runs.run(run_id):
        log("figures/c.png=c")
        logging.log_start({}, {"evaluate.mistakes": "5"})
    assert written(run_id).files == before | {"figures/c.png": hashes(run_id)["figures/c.png"]}
    assert written(run_id).tags == {"processor": "Z80", "evaluate.mistakes": "5"}
    assert written(run_id).params == {"train.epochs": "2"}
    with runs.run(run_id):
        log("a.txt=logged again")
    assert written(run_id).files["a.txt"] == hashes(run_id)["a.txt"]


@pytest.mark.parametrize("step", ["log_artifact", "set_tag"])
def test_killed_while_it_is_written_it_is_right_after_the_next_try(monkeypatch, step):
    def die(*_):
        raise Killed

    with pytest.raises(Killed), monkeypatch.context() as patch, runs.run(killed_by=Killed) as run_id:
        log("a.txt=a")
        patch.setattr(mlflow.MlflowClient, step, die)
    manifest._logged.clear()
    assert queries.get_run(run_id).info.status == "KILLED"
    with runs.run(run_id):
        log("b.txt=b")
    assert written(run_id).files == hashes(run_id) and len(hashes(run_id)) == 2


def test_a_figure_a_folder_and_a_model_are_named_with_the_bytes_that_are_there(params, tmp_path):
    from matplotlib.figure import Figure

    from pipeline.models import architectures, saving

    (tmp_path / "figures/deeper").mkdir(parents=True)
    (tmp_path / "figures/deeper/a.png").write_bytes(b"a")
    saving.save(architectures.build((8, 8, 1), 4, params.train), tmp_path / "model.keras")
    with runs.run() as run_id:
        logging.log_figure(Figure(), "data/samples.png")
        logging.log_files([tmp_path / "figures", tmp_path / "missing"])
        logging.log_model(tmp_path / "model.keras", (8, 8, 1), list("ABCD"), None)
    (model,) = queries.logged_models()[run_id]
    folder = Path(model.artifact_location)
    inside = {f"model/{path.relative_to(folder)}": files.sha256(path) for path in folder.rglob("*") if path.is_file()}
    assert written(run_id).files == hashes(run_id) | inside
    assert {"data/samples.png", "figures/deeper/a.png", "model/MLmodel"} <= written(run_id).files.keys()
