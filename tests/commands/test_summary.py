import pytest

from pipeline.commands import summary
from pipeline.core.errors import UserError


def test_it_names_both_accuracies_the_figures_and_the_ui():
    train = {"best_epoch": 9, "validation": {"accuracy": 0.9176}}
    text = summary.summary(train, {"test": {"accuracy": 0.9152}}, ("3", "abc"))
    for part in (
        "0.9176",
        "epoch 9",
        "0.9152",
        "reports/figures/",
        "mlflow ui",
        "http://127.0.0.1:5000/#/experiments/3/runs/abc",
    ):
        assert part in text


def test_a_run_that_is_in_another_store_has_no_link_but_the_command_that_restores_it():
    lines = summary.run_lines(None)
    assert "http" not in str(lines) and "python -m pipeline restore" in lines[1]


def test_without_results_it_names_the_command_that_makes_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="`dvc repro` makes it"):
        summary.main()
