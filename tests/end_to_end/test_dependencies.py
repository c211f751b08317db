"""That dvc.yaml's dependencies mean what they say: which edits make DVC run a stage again, and which do not."""

import json

import pytest
from helpers.project import Project

pytestmark = pytest.mark.e2e

ONLY_TOLD_OR_RECORDED = ("core/cli.py", "tracking/logging.py", "workflow/train.py", "provenance/lineage.py")


@pytest.fixture
def copy(done, tmp_path) -> Project:
    return done.copy(tmp_path / "copy")


def edit(project: Project, *names: str) -> None:
    for name in names:
        path = project.folder / "pipeline" / name
        path.write_text(path.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")


def changed(project: Project) -> dict[str, set[str]]:
    """Stage → its dependencies that DVC finds changed; a stage with none is left out."""
    status = json.loads(project.ok("dvc", "status", "--json"))
    return {
        stage: {path for entry in entries for path in entry.get("changed deps", {})}
        for stage, entries in status.items()
    }


def test_what_only_tells_or_records_may_be_edited_without_a_training(copy):
    edit(copy, *ONLY_TOLD_OR_RECORDED)
    for room in ("data", "models", "training", "evaluation"):
        compiled = copy.folder / "pipeline" / room / "__pycache__" / "module.cpython-311.pyc"
        compiled.parent.mkdir(exist_ok=True)
        compiled.write_bytes(b"compiled")
    assert changed(copy) == {}


def test_a_layer_a_schedule_a_metric_or_a_check_runs_its_stage_again(copy):
    edit(copy, "models/cnn.py", "training/loop.py", "evaluation/metrics.py", "data/expectations.py")
    assert changed(copy) == {
        "preprocess": {"pipeline/data"},
        "train": {"pipeline/models", "pipeline/training"},
        "evaluate": {"pipeline/evaluation", "pipeline/models"},
    }
