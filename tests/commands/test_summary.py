import json

import pytest
from helpers.data import SHIPPED

from pipeline.commands import summary
from pipeline.commands.summary import Told
from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.tracking import runs
from pipeline.tracking.logging import log_start

FOUND = {"best/epoch": 9, "best/validation_accuracy": 0.9176, "test/accuracy": 0.9152}
NOW = Told("cnn 10 epochs", "abc", 0.9152, {"filters": "64", "epochs": "10"})
BEFORE = Told("cnn 3 epochs filters=32", "def", 0.9052, {"filters": "32", "epochs": "3"})
UI = ["make ui, then", "http://127.0.0.1:5000/#/x"]


def test_it_names_both_accuracies_the_report_and_the_ui():
    lines = f"{summary.accuracies(FOUND, 10_000)}\n{summary.summary(10_000, NOW, None, UI)}".splitlines()
    assert lines == [
        "validation accuracy  0.9176  (epoch 9, the best)",
        "test accuracy        0.9152  (95 % interval 0.9096 to 0.9205, on images that nothing else has seen)",
        "report               reports/model.html",
        "data checks          reports/data_checks.html",
        "MLflow run           cnn 10 epochs  (abc)",
        "open the UI          make ui, then",
        "                     http://127.0.0.1:5000/#/x",
    ]


def test_what_changed_against_the_run_before_is_said():
    lines = summary.summary(10_000, NOW, BEFORE, UI).splitlines()
    assert lines[:3] == [
        "the run before       cnn 3 epochs filters=32  (def), the last finished one on this data",
        "  test accuracy      0.9052  (95 % interval 0.8993 to 0.9108), now +1.00 points",
        "  parameters         filters 32 → 64, epochs 3 → 10",
    ]
    assert len(lines) <= 10
    assert "  parameters         the same" in summary.summary(10_000, NOW, NOW, UI).splitlines()
    assert summary.changes({"filters": "32"}, {"depth": "2"}) == "filters 32 → none, depth none → 2"


def test_a_run_that_is_in_another_store_has_no_link_but_the_command_that_restores_it():
    lines = summary.summary(10_000, None, None, []).splitlines()
    assert lines[-1].strip() == "python -m pipeline sync" and "http" not in str(lines)


def test_the_champion_is_named_and_why_it_is_not_this_model(store):
    with runs.run() as first:
        log_start({}, {"gate": "refused by\naccuracy: 0.5, allowed at least 0.9\nflip: 1, allowed at most 0.3"})
    refused = "this model: refused by accuracy: 0.5, allowed at least 0.9; flip: 1, allowed at most 0.3"
    assert summary.champion_of("quadrants", store.get_run(first)) == f"none; {refused}"
    store.create_registered_model("quadrants")
    for run_id, expected in (
        ("f" * 32, f"another, version 1 (run ffffffff); {refused}"),
        (first, "this model, version 2"),
    ):
        version = store.create_model_version("quadrants", store.get_run(first).info.artifact_uri, run_id)
        store.set_registered_model_alias("quadrants", "champion", version.version)
        assert summary.champion_of("quadrants", store.get_run(first)) == expected
    lines = summary.summary(10_000, NOW, None, UI, "this model, version 2").splitlines()
    assert "champion             this model, version 2" in lines


def test_without_results_it_names_the_command_that_makes_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(SHIPPED.read_text())
    with pytest.raises(UserError, match="`dvc repro` makes it"):
        summary.main()


def test_test_images_that_params_yaml_does_not_count_are_those_that_the_data_checks_have_counted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"reports/data_checks\.json is missing; `dvc repro` makes it"):
        summary.tested()
    rows = [{"part": part, "count": count} for part, count in (("train", 5), ("test", 3), ("test", 4))]
    files.write_text(paths.DATA_CHECKS[0], json.dumps({"classes": rows}))
    assert summary.tested() == 7
