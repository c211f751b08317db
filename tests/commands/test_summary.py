import pytest

from pipeline.commands import summary
from pipeline.core.errors import UserError

TRAIN, TEST = {"best_epoch": 9, "validation": {"accuracy": 0.9176}}, {"test": {"accuracy": 0.9152}}


def test_it_names_both_accuracies_the_figures_and_the_ui():
    lines = summary.summary(TRAIN, TEST, "abc", ["make ui, then", "http://127.0.0.1:5000/#/x"]).splitlines()
    assert lines == [
        "",
        "validation accuracy  0.9176  (epoch 9, the best)",
        "test accuracy        0.9152  (images that nothing else has seen)",
        "figures              reports/figures/",
        "data checks          reports/data_checks.html",
        "MLflow run           abc",
        "open the UI          make ui, then",
        "                     http://127.0.0.1:5000/#/x",
    ]


def test_a_run_that_is_in_another_store_has_no_link_but_the_command_that_restores_it():
    lines = summary.summary(TRAIN, TEST, None, []).splitlines()
    assert lines[-1].strip() == "python -m pipeline restore" and "http" not in str(lines)


def test_without_results_it_names_the_command_that_makes_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="`dvc repro` makes it"):
        summary.main()
