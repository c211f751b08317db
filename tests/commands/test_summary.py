import pytest
from helpers.data import SHIPPED

from pipeline.commands import summary
from pipeline.commands.summary import Told
from pipeline.core.errors import UserError

FOUND = {"best/epoch": 9, "best/validation_accuracy": 0.9176, "test/accuracy": 0.9152}
NOW = Told("cnn 10 epochs", "abc", 0.9152, {"filters": "64", "epochs": "10"})
BEFORE = Told("cnn 3 epochs filters=32", "def", 0.9052, {"filters": "32", "epochs": "3"})
UI = ["make ui, then", "http://127.0.0.1:5000/#/x"]


def test_it_names_both_accuracies_the_report_and_the_ui():
    lines = summary.summary(FOUND, 10_000, NOW, None, UI).splitlines()
    assert lines == [
        "",
        "validation accuracy  0.9176  (epoch 9, the best)",
        "test accuracy        0.9152  (95 % interval 0.9096 to 0.9205, on images that nothing else has seen)",
        "report               reports/model.html",
        "data checks          reports/data_checks.html",
        "MLflow run           cnn 10 epochs  (abc)",
        "open the UI          make ui, then",
        "                     http://127.0.0.1:5000/#/x",
    ]


def test_what_changed_against_the_run_before_is_said():
    lines = summary.summary(FOUND, 10_000, NOW, BEFORE, UI).splitlines()
    assert lines[3:6] == [
        "the run before       cnn 3 epochs filters=32  (def), the last finished one on this data",
        "  test accuracy      0.9052  (95 % interval 0.8993 to 0.9108), now +1.00 points",
        "  parameters         filters 32 → 64, epochs 3 → 10",
    ]
    assert len(lines) <= 13
    assert "  parameters         the same" in summary.summary(FOUND, 10_000, NOW, NOW, UI).splitlines()
    assert summary.changes({"filters": "32"}, {"depth": "2"}) == "filters 32 → none, depth none → 2"


def test_a_run_that_is_in_another_store_has_no_link_but_the_command_that_restores_it():
    lines = summary.summary(FOUND, 10_000, None, None, []).splitlines()
    assert lines[-1].strip() == "python -m pipeline restore" and "http" not in str(lines)


def test_without_results_it_names_the_command_that_makes_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(SHIPPED.read_text())
    with pytest.raises(UserError, match="`dvc repro` makes it"):
        summary.main()
